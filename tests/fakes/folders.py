"""Folders for the data of servers that tests start."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_MEMORY = Path("/dev/shm")  # noqa: S108 - tests create a folder with an unpredictable name in it
_ENOUGH_BYTES = 4 * 1024**3
_OURS = re.compile(r"mailprobe-tests-(\d+)-\w+")


@contextmanager
def data_folder() -> Iterator[Path]:
    """A private folder, removed at the end. Its path is short, because a socket's path may have only 107 bytes.

    It is in memory where there is enough of it: a database is then copied in a fifth of the time, and copying takes
    most of the time of a test that uses a database.
    """
    parent = _MEMORY if _is_large_enough(_MEMORY) else None
    if parent:
        _remove_dead(parent)
    with TemporaryDirectory(prefix=f"mailprobe-tests-{os.getpid()}-", dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _remove_dead(parent: Path) -> None:
    """Remove the folders of test runs that were killed, to free the memory."""
    for folder in parent.iterdir():
        if (ours := _OURS.fullmatch(folder.name)) and not Path(f"/proc/{ours[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _is_large_enough(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ENOUGH_BYTES
