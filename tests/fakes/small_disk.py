"""A small file system for a test, and how it is filled. It needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import requires

_FILLER = "filler"


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of its own, in memory, at this folder. Skips the test where it cannot be mounted."""
    requires(os.geteuid() == 0, "root")
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    requires(mounted.returncode == 0, "leave to mount file systems")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / _FILLER).open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass


def make_room(disk: Path) -> None:
    (disk / _FILLER).unlink()
