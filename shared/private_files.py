"""Files with secrets: written completely or not at all, and readable for their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IRWXO
from typing import TypeVar

import msgspec

from shared.secret import Secret

S = TypeVar("S", bound=msgspec.Struct)


def read_private(path: Path) -> str:
    """The text of a file that not everybody may read. Raises ValueError."""
    try:
        with path.open() as file:
            if os.fstat(file.fileno()).st_mode & S_IRWXO:
                raise ValueError("every user of this machine may use the file: `chmod o-rwx` it")
            return file.read()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError("not text") from error


def write_private(path: Path, text: str) -> None:
    """Write the file with mode 600. Raises OSError."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def replacing_private(path: Path, text: str) -> Iterator[None]:
    """Write the file for the block and after it; if the block fails, restore the old content. Raises OSError."""
    before = path.read_text() if path.exists() else None
    write_private(path, text)
    try:
        yield
    except BaseException:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            write_private(path, before)
        raise


def private_text(secrets: msgspec.Struct) -> str:
    """The JSON text of a struct with its secrets, for such a file."""
    return msgspec.json.format(msgspec.json.encode(secrets, enc_hook=_reveal), indent=2).decode() + "\n"


def read_private_text(kind: type[S], text: bytes) -> S:
    """Read what `private_text` made. Raises msgspec.MsgspecError, which may repeat values that are not secret."""
    return msgspec.json.decode(text, type=kind, dec_hook=_conceal)


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a private file cannot hold {type(value).__name__}")


def _conceal(kind: type, value: object) -> Secret:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected text")
