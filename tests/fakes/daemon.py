"""Starting and stopping real mail servers: child processes with private files, on free ports of the loopback."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.fakes.certificates import ADDRESS

_SECONDS = 40.0


class DaemonError(Exception):
    """A server did not start or stop; the message ends with the server's own output."""


def spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start the command in its own process group; on Linux it ends with the test run, however that ends."""
    end_with_parent = ["setpriv", "--pdeathsig", "TERM"] if sys.platform == "linux" else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*end_with_parent, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(),
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children; Dovecot's helpers outlive their master by a while."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_SECONDS)


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], logs: Path) -> None:
    """Return when `ready()` is true. Raises DaemonError with the ends of the files in `logs`."""
    deadline = time.monotonic() + _SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            output = [path.read_text()[-2000:] for path in sorted(logs.iterdir())]
            raise DaemonError("\n".join(["did not start", *output]))
        time.sleep(0.02)


def wait_until_closed(*ports: int) -> None:
    """Return when nobody listens on any of the ports. Raises DaemonError."""
    deadline = time.monotonic() + _SECONDS
    while any(_listens(port) for port in ports):
        if time.monotonic() > deadline:
            raise DaemonError("did not stop")
        time.sleep(0.02)


def greets(port: int, greeting: bytes) -> bool:
    """Whether a server on that port begins with these bytes."""
    try:
        with socket.create_connection((ADDRESS, port), timeout=2) as connection:
            connection.settimeout(2)
            return connection.recv(len(greeting)) == greeting
    except OSError:
        return False


def environment() -> dict[str, str]:
    return os.environ | {"PATH": search_path()}


def search_path() -> str:
    """Where servers are found; they are not on every user's PATH."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        connection.settimeout(2)
        return connection.connect_ex((ADDRESS, port)) != errno.ECONNREFUSED
