"""Standard output: for a person in colour, for a pipe plain, and closed quietly when its reader has gone."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence


class ReaderGoneError(Exception):
    """Whoever read standard output, as `head`, has what it wanted."""


def in_colour() -> bool:
    """Only for a person, and not for one who set NO_COLOR (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def show(lines: Sequence[str]) -> None:
    """Write lines; what the encoding does not have becomes a question mark. Raises ReaderGoneError, OSError."""
    encoding = sys.stdout.encoding or "utf-8"
    write([line.encode(encoding, "replace") for line in lines])


def write(lines: Sequence[bytes]) -> None:
    """A reader that is slow is waited for, and so is everything else here. Raises ReaderGoneError, OSError."""
    try:
        sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise _gone() from None


def require_reader() -> None:
    """While there is nothing to write. Raises ReaderGoneError when nobody would read it."""
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0)):
        raise _gone()


def _gone() -> ReaderGoneError:
    # Else Python writes again when it ends, and makes the exit status its own.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ReaderGoneError()
