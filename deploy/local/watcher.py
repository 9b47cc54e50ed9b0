"""The watcher process for machines without death signals: reads which children run, and signals them at the pipe's end.

Each line is `<pid> <signal>`: send this signal to this process when the pipe ends. Signal 0 means that it has ended.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress


def watch(lines: Iterable[str]) -> None:
    """Return after the lines have ended and every process still listed was signalled."""
    running: dict[int, int] = {}
    for line in lines:
        if not line.endswith("\n"):
            break  # the writer was killed while it wrote this line
        pid, death_signal = (int(word) for word in line.split())
        if death_signal:
            running[pid] = death_signal
        else:
            running.pop(pid, None)
    for pid, death_signal in running.items():
        with suppress(ProcessLookupError):
            os.kill(pid, death_signal)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # it ends when the pipe does, not before
    watch(sys.stdin)
