"""The addresses that `/etc/hosts` gives a name: its own only.

c-ares 1.34 gives a name the addresses of every other name that shares one with it: a check would reach another server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

HOSTS = Path("/etc/hosts")

_EXAMINE_SECONDS = 1.0
"""How long the file is taken to be unchanged."""

_LOOPBACK = ("::1", "127.0.0.1")

_Version = tuple[int, int, int] | None


class HostsFile:
    """Reads the file again when it has changed, in a thread, because such files may have 100,000 lines. A file that
    cannot be read has no names. `clock` returns seconds.
    """

    def __init__(self, path: Path = HOSTS, clock: Callable[[], float] = monotonic) -> None:
        self._path = path
        self._clock = clock
        self._known: Mapping[str, Sequence[str]] = {}
        self._version: _Version = None
        self._examine_at = -1.0
        self._reading = asyncio.Lock()

    async def addresses(self, host: str) -> Sequence[str]:
        """The addresses of `host` in the order of the file, each once; empty if it is not in the file.

        A name that ends in `localhost` always has addresses, and name servers are never asked about it (RFC 6761
        section 6.3).
        """
        name = host.lower().removesuffix(".")
        if self._clock() >= self._examine_at:
            async with self._reading:
                await self._examine()
        found = self._known.get(name, ())
        if not found and (name == "localhost" or name.endswith(".localhost")):
            return self._known.get("localhost", _LOOPBACK)
        return found

    async def _examine(self) -> None:
        if self._clock() < self._examine_at:
            return  # another caller has just done it
        version = _version(self._path)
        if version != self._version:
            self._known = await asyncio.to_thread(_read, self._path)
            self._version = version
        self._examine_at = self._clock() + _EXAMINE_SECONDS


def _version(path: Path) -> _Version:
    """What differs when the file has changed; None if it cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path) -> dict[str, list[str]]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return {}
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or ("",)
        try:
            address = str(ip_address(address.partition("%")[0]))
        except ValueError:
            continue
        for name in names:
            addresses = found.setdefault(name.lower().removesuffix("."), [])
            if address not in addresses:
                addresses.append(address)
    return found
