"""How tests are spread over the processes of pytest-xdist."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

PROCESSES_PER_CORE, PROCESSES_AT_MOST = 2, 8
"""Most tests wait for most of their time; each process has a PostgreSQL and a NATS of its own."""

_LONGEST_FIRST = (
    "tests/system/test_regions",
    "tests/system/test_deploy_readme",
    "tests/system",
    "tests/browser",
    "tests/integration/api/test_openapi_fuzz",
    "tests/integration",
    "tests/probes",
    "tests/unit",
)
_ONE_STACK = ("tests/system/incidents", "tests/system/one_product")
"""Folders whose tests share what takes seconds to start and goes on working until it is stopped."""

_EACH_ALONE = ("tests/system/test_drills.py",)
"""Files whose tests take a minute each and share nothing."""


def processes() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(PROCESSES_PER_CORE * cores, PROCESSES_AT_MOST)


def sort(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((place for place, path in enumerate(_LONGEST_FIRST) if nodeid.startswith(path)), 0)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file are run by one process, in their order, but for some files; those of some folders too."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in _EACH_ALONE:
            return nodeid
        folder = file.rpartition("/")[0]
        return folder if folder in _ONE_STACK else file
