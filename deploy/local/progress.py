"""What a person sees while everything starts: each step, how long it took, and how many are to go."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

_APART_SECONDS = 10.0


class Progress:
    """Writes a line for each of so many steps to `console`. On a terminal the line stands there while the step is done,
    and whoever writes other lines meanwhile writes them to `beside`.
    """

    def __init__(self, console: TextIO, log: TextIO, steps: int) -> None:
        self.beside: TextIO = _Beside(self, log)
        self._console = console
        self._steps = steps
        self._done = 0
        self._open = ""
        self._step = ""
        self._began = monotonic()
        self._detailed = self._began

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return monotonic() - self._began

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say that this is being done, and after the block how long it took; nothing more when the block fails."""
        self._done += 1
        head = self._step = f"[{self._done}/{self._steps}] {what}"
        began = monotonic()
        if self._console.isatty():
            self._write(f"{head} …")
            self._open = head
        try:
            yield
        except BaseException:
            self.end_line()
            raise
        took = f"{monotonic() - began:.1f} s"
        self._write(f"{self._again} {took}\n" if self._open else f"{head}: {took}\n")
        self._open = ""

    def detail(self, text: str) -> None:
        """Say how far the step is: in its line on a terminal, else in a line of its own every ten seconds."""
        now = monotonic()
        if self._open:
            self._write(f"{self._again} {text}")
        elif not self._console.isatty() and now - self._detailed >= _APART_SECONDS:
            self._write(f"{self._step}: {text}\n")
            self._detailed = now

    def say(self, text: str) -> None:
        """Write other lines."""
        self.end_line()
        self._write(f"{text}\n")

    def end_line(self) -> None:
        """End the line of a step that is being done, so that something else can be written below it."""
        if self._open:
            self._open = ""
            self._write("\n")

    @property
    def _again(self) -> str:
        """Returns to the beginning of the open line, writes it anew, and clears what stood after it."""
        return f"\r{self._open} …\033[K"

    def _write(self, text: str) -> None:
        self._console.write(text)
        self._console.flush()


class _Beside(io.TextIOBase, TextIO):
    """The stream of the log, whose lines begin below an open line."""

    def __init__(self, progress: Progress, log: TextIO) -> None:
        self._progress = progress
        self._log = log

    def write(self, text: str) -> int:
        self._progress.end_line()
        return self._log.write(text)

    def flush(self) -> None:
        self._log.flush()

    def isatty(self) -> bool:
        return self._log.isatty()
