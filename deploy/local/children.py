"""Starts programs so that they never outlive this process, even when it is killed.

Linux sends a death signal to the child. Elsewhere one watcher process holds a pipe to this process and stops the
children when the pipe ends. Every child has its own session, so that Ctrl-C in a terminal reaches only this process and
the stop keeps its order.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from signal import Signals

_STILL_OURS = '[ "$PPID" = "$0" ] || exit 1; exec "$@"'  # our process may have ended before the death signal was set


@functools.cache
def has_death_signal() -> bool:
    """Whether `setpriv --pdeathsig` works here (not on macOS, nor with busybox's setpriv)."""
    return sys.platform == "linux" and works("setpriv", "--pdeathsig", "TERM", "true")


def with_death_signal(command: Sequence[str], death_signal: Signals) -> list[str]:
    """The command that runs `command` under the same pid and sends it `death_signal` when our main thread ends."""
    if not has_death_signal():
        return list(command)
    name = death_signal.name.removeprefix("SIG")
    return ["setpriv", "--pdeathsig", name, "sh", "-c", _STILL_OURS, str(os.getpid()), *command]


def works(*command: str) -> bool:
    """Whether a command is there and exits with 0 within 5 s."""
    if not shutil.which(command[0]):
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


class Watcher:
    """The replacement for death signals: reports children to `deploy.local.watcher`, which stops them after our end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def started(self, pid: int, death_signal: Signals) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.watcher"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._report(f"{pid} {death_signal.value}")

    def ended(self, pid: int) -> None:
        self._report(f"{pid} 0")

    def close(self) -> None:
        """End the watcher; call it when no child runs any more."""
        process, self._process = self._process, None
        if process and process.stdin:
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _report(self, line: str) -> None:
        if self._process and self._process.stdin:
            with suppress(OSError):
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
