"""Standard output: coloured for a terminal, plain for a pipe, and closed without an error when its reader has gone."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence


class ReaderGoneError(Exception):
    """The program that read standard output, such as `head`, has closed it."""


def in_colour() -> bool:
    """Only on a terminal, and not when NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def show(lines: Sequence[str]) -> None:
    """Write lines; a character that the encoding lacks becomes a question mark. Raises ReaderGoneError, OSError."""
    encoding = sys.stdout.encoding or "utf-8"
    write([line.encode(encoding, "replace") for line in lines])


def write(lines: Sequence[bytes]) -> None:
    """Blocks the whole process while the reader is slow. Raises ReaderGoneError, OSError."""
    try:
        sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise _gone() from None


def require_reader() -> None:
    """To be called while there is nothing to write. Raises ReaderGoneError when the reader has gone."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
        raise _gone()


def _gone() -> ReaderGoneError:
    # Without this, Python writes again at its exit, fails, and changes the exit status.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ReaderGoneError()
