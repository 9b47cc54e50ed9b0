"""A separate network, joined to this machine by a cable. A process there has an address of its own, and what it sends
to one of our addresses can be dropped on the way. Needs Linux, root and iproute2.

    with Abroad() as abroad: abroad.here ... abroad.process([...]) ... abroad.lose(address)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from types import TracebackType
from typing import Self

_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_NOBODY = "02:00:00:00:00:01"


def missing_for_abroad() -> str | None:
    """What is missing here for such a network, in words; None when nothing is."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "Linux and root, for a network namespace"
    if shutil.which("ip", path=_PATH) is None:
        return "iproute2"
    name = f"mp-try-{os.getpid()}"
    tried = subprocess.run([_ip(), "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"the right to make a network namespace ({tried.stderr.strip()})"
    subprocess.run([_ip(), "netns", "delete", name], check=True)
    return None


class Abroad:
    """`here` holds addresses of this machine that are reached from there; `there` is the address of clients from there.

    All are of 198.18.0.0/15, which is for tests between networks (RFC 2544) and routed nowhere else.
    """

    def __init__(self, addresses: int = 3) -> None:
        number = os.getpid() % 250 + 1
        self.network = f"198.18.{number}.0/24"
        self.here = [f"198.18.{number}.{host}" for host in range(1, addresses + 1)]
        self.there = f"198.18.{number}.100"
        self._name = f"mp-{os.getpid()}"
        self._cable, self._end = f"mp{os.getpid()}a", f"mp{os.getpid()}b"

    def __enter__(self) -> Self:
        self._run("netns", "add", self._name)
        try:
            self._run("link", "add", self._cable, "type", "veth", "peer", "name", self._end, "netns", self._name)
            for address in self.here:
                self._run("address", "add", f"{address}/24", "dev", self._cable)
            self._run("link", "set", self._cable, "up")
            self._run("-n", self._name, "link", "set", "lo", "up")
            self._run("-n", self._name, "address", "add", f"{self.there}/24", "dev", self._end)
            self._run("-n", self._name, "link", "set", self._end, "up")
            self._run("-n", self._name, "route", "add", "default", "via", self.here[0])
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._remove()

    def lose(self, address: str) -> None:
        """From now on every packet from there to this address is lost: it is sent to an unused hardware address."""
        link = ("lladdr", _NOBODY, "nud", "permanent", "dev", self._end)
        self._run("-n", self._name, "neighbour", "replace", address, *link)

    def deliver(self, address: str) -> None:
        """Packets to this address arrive again."""
        self._run("-n", self._name, "neighbour", "delete", address, "dev", self._end)

    def command(self, words: list[str]) -> list[str]:
        """The same command, run there. The process started keeps its process id."""
        return [_ip(), "netns", "exec", self._name, *words]

    def _remove(self) -> None:
        subprocess.run([_ip(), "link", "delete", self._cable], capture_output=True, check=False)
        subprocess.run([_ip(), "netns", "delete", self._name], capture_output=True, check=False)

    def _run(self, *words: str) -> None:
        done = subprocess.run([_ip(), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def _ip() -> str:
    return shutil.which("ip", path=_PATH) or "ip"
