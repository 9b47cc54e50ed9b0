"""Rows in the database and files with their secrets: both or neither.

The files are put in place before the rows are committed, so a crash in between leaves files that are of no use, and
never rows whose secret is lost. A file that would be of use even so, such as a login to the broker, is announced to the
store first (controller.store.locations.keys).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from shared.private_files import replacing_private, write_private
from shared.secret import Secret


class FileError(Exception):
    """A file cannot be written; the message names it."""


@contextmanager
def removed_on_failure() -> Iterator[list[Path]]:
    """Yield a list for the files that were written. They are removed when the block, or the commit at its end,
    fails.
    """
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def require_new(path: Path) -> None:
    """Raises FileError when the file exists."""
    if path.exists():
        raise FileError(f"{path} exists already, and the secret in it would stay valid")


def require_writable(path: Path) -> None:
    """Raises FileError when no file can be made in its folder."""
    with named(path), NamedTemporaryFile(dir=path.parent):
        pass


def write_secret(path: Path, secret: Secret) -> None:
    """Write the file whole or not at all, readable for its owner only. Raises FileError."""
    with named(path):
        write_private(path, secret.reveal() + "\n")


@contextmanager
def replacing_secret(path: Path, secret: Secret) -> Iterator[None]:
    """Write the file for the block and after it; if the block fails, restore what it held. Raises FileError."""
    with ExitStack() as stack:
        with named(path):
            try:
                stack.enter_context(replacing_private(path, secret.reveal() + "\n"))
            except UnicodeDecodeError:
                raise FileError(f"{path}: holds something else than text") from None
        yield


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn an OSError of a file into FileError, because the store takes an OSError for a database that cannot be
    reached.
    """
    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
