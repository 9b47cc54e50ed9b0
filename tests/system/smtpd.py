"""An aiosmtpd as a separate process, which may be stopped and started again on its port.

python -m tests.system.smtpd PORT ADDRESS...
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from tests.fakes.certificates import ADDRESS
from tests.fakes.ports import free_port
from tests.system.product import REPOSITORY, eventually


class MailServer(Protocol):
    """A mail server that may be stopped and started again; `port` stays the same."""

    port: int

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Smtpd:
    """A MailServer, not started."""

    def __init__(self, addresses: Sequence[str] = (ADDRESS,)) -> None:
        self.port = free_port()
        self._addresses = addresses
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.system.smtpd", str(self.port), *self._addresses]
        self._process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        eventually(lambda: all(map(self._greets, self._addresses)), "a greeting")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _greets(self, address: str) -> bool:
        try:
            with socket.create_connection((address, self.port), timeout=1) as connection:
                return connection.recv(4) == b"220 "
        except OSError:
            return False


def main(port: int, addresses: Sequence[str]) -> None:
    """Serve until standard input ends."""
    for address in addresses:
        Controller(Sink(), hostname=address, port=port).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
