"""Rows in the database and files with their secrets: both or neither.

The files are put in place before the rows are committed, so a crash in between leaves files of no use, and never rows
whose secret nobody has. What would be of use even so, a login to the broker, is announced to the store before
(controller.store.location_keys).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from shared.private_files import write_private
from shared.wire.targets import Secret


class FileError(Exception):
    """A file cannot be written; the message names it."""


@contextmanager
def removed_on_failure() -> Iterator[list[Path]]:
    """Yield a list for the files that were written: they go when the block fails, the commit at its end included."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def require_new(path: Path) -> None:
    """Raises FileError when something is there."""
    if path.exists():
        raise FileError(f"{path} is there already: what is in it would go on working")


def require_writable(path: Path) -> None:
    """Raises FileError when no file can be made beside it."""
    with named(path), NamedTemporaryFile(dir=path.parent):
        pass


def write_secret(path: Path, secret: Secret) -> None:
    """For its owner only, whole or not at all. Raises FileError."""
    with named(path):
        write_private(path, secret.reveal() + "\n")


@contextmanager
def named(path: Path) -> Iterator[None]:
    """The store takes an OSError for a database that is away, so a file's has a name of its own: FileError."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
