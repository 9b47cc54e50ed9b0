"""Folders for the data of servers that tests start."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_MEMORY = Path("/dev/shm")  # noqa: S108 - used like a temporary directory, by a folder of an unpredictable name
_ENOUGH_BYTES = 4 * 1024**3
_OURS = re.compile(r"mailprobe-tests-(\d+)-\w+")


@contextmanager
def data_folder() -> Iterator[Path]:
    """Closed to others, and removed at the end. Its path is short, for a socket's may have only 107 bytes.

    It is in memory where there is enough: a database is then copied in a fifth of the time, which is most of what a
    test of a database takes.
    """
    within = _MEMORY if _is_large_enough(_MEMORY) else None
    if within:
        _remove_dead(within)
    with TemporaryDirectory(prefix=f"mailprobe-tests-{os.getpid()}-", dir=within, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _remove_dead(within: Path) -> None:
    """Give back the memory of test runs that were killed."""
    for folder in within.iterdir():
        if (ours := _OURS.fullmatch(folder.name)) and not Path(f"/proc/{ours[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _is_large_enough(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ENOUGH_BYTES
