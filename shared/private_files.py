"""Files with secrets in them: written whole or not at all, and for their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from shared.wire.targets import Secret

S = TypeVar("S", bound=msgspec.Struct)


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
    """The same, for the block and after it; when the block fails, what was there before comes back. Raises OSError."""
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


def written(secrets: msgspec.Struct) -> str:
    """A struct with secrets, as the JSON text of such a file."""
    return msgspec.json.format(msgspec.json.encode(secrets, enc_hook=_reveal), indent=2).decode() + "\n"


def read_as(kind: type[S], text: bytes) -> S:
    """What `written` wrote. Raises msgspec.MsgspecError, which may repeat what is no secret."""
    return msgspec.json.decode(text, type=kind, dec_hook=_conceal)


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no place in a private file")


def _conceal(kind: type, value: object) -> Secret:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected text")
