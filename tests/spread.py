"""How tests are distributed over the processes of pytest-xdist."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

PROCESSES_PER_CORE, PROCESSES_AT_MOST = 2, 8
"""Most tests spend most of their time waiting; each process runs its own PostgreSQL and NATS."""

_LONGEST_FIRST = (
    "tests/system/regions",
    "tests/system/test_operations_page",
    "tests/system",
    "tests/browser",
    "tests/integration/api/system/test_openapi_fuzz",
    "tests/integration",
    "tests/probes",
    "tests/unit",
)
_ONE_STACK = ("tests/system/incidents", "tests/system/new_kinds", "tests/system/one_product")
"""Folders whose tests share processes that take seconds to start and keep working until they are stopped."""

_EACH_ALONE = ("tests/system/drills/test_drills.py", "tests/fuzz/test_engines.py")
"""Files whose tests take a minute each and share nothing, so that each test can run in another process."""


def processes() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(PROCESSES_PER_CORE * cores, PROCESSES_AT_MOST)


def sort(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that no process is still busy with one after the others have finished."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((rank for rank, path in enumerate(_LONGEST_FIRST) if nodeid.startswith(path)), 0)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """One process runs all tests of a file, in their order; of `_ONE_STACK` all tests of a folder.

    The tests of the files in `_EACH_ALONE` are distributed one by one.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in _EACH_ALONE:
            return nodeid
        folder = file.rpartition("/")[0]
        return folder if folder in _ONE_STACK else file
