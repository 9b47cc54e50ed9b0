"""Resolves names: literals, `/etc/hosts`, then the name servers. Distinguishes unknown names, DNS errors and silence.

It uses no search domains, because a monitor names its host in full. An unknown name is the target's fault unless a
control name cannot be resolved either.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from agent.errors import CheckError
from agent.net.address_cache import KnownAddresses
from agent.net.lookup import MISSING, PATIENCE_SECONDS, Lookup
from agent.net.route import has_route
from shared.hosts_file import HOSTS, HostsFile
from shared.wire.failures import FailureKind
from shared.wire.targets import IpFamily

CONTROL_SECONDS = 3.0
"""How long resolving the control name may take."""

_REMEMBER_SECONDS = 5.0
_ANY_PORT = 25


class Resolver:
    """Queries the system's name servers, or those given as `address:port`. Made by `Resolver.open`.

    Answers are cached for the TTL of their records, as in any other client.
    """

    def __init__(self, lookup: Lookup, control_name: str, nameservers: Sequence[str], hosts: HostsFile) -> None:
        self._lookup = lookup
        self._control_name = control_name
        self._nameservers = nameservers
        self._hosts = hosts
        self._known = KnownAddresses()
        self._control: asyncio.Task[bool] | None = None
        self._control_started_at = 0.0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, control_name: str, nameservers: Sequence[str] = (), *, hosts: Path = HOSTS
    ) -> AsyncIterator[Self]:
        lookup = Lookup(nameservers)
        resolver = cls(lookup, control_name, nameservers, HostsFile(hosts))
        try:
            yield resolver
        finally:
            if resolver._control:
                resolver._control.cancel()
                await asyncio.wait([resolver._control])
            await lookup.close()

    async def addresses(
        self, host: str, family: IpFamily = IpFamily.ANY, *, patience: float = PATIENCE_SECONDS
    ) -> Sequence[str]:
        """The addresses of `host` in `family` as text, each only once: those of a family with a route from here first,
        then IPv6 (as RFC 6724 section 6 ranks them). When a name server answers about one family only, the other one is
        waited for up to `patience` seconds, once for each name.

        Raises CheckError: `dns_not_found`, `dns_error`, or `timeout` if the name servers do not answer.
        """
        literal = _literal(host)
        if literal is not None:
            if not _of_family(literal, family):
                raise CheckError(FailureKind.DNS_NOT_FOUND, f"{host}: {MISSING[family]}")
            return [literal]
        own = await self._in_hosts_file(host, family)
        if own:
            return own
        known = self._known.of(host, family)
        if not known:
            found = await self._lookup.addresses(host, family, patience)
            known = _best_first(found.addresses)
            self._known.found(host, family, known, found.seconds)
        return known

    async def answers(self) -> bool:
        """Whether the control name resolves now; it is queried at most every five seconds, however many callers ask."""
        loop = asyncio.get_running_loop()
        if self._control is None or (
            self._control.done() and loop.time() - self._control_started_at > _REMEMBER_SECONDS
        ):
            self._control_started_at = loop.time()
            self._control = asyncio.create_task(self._query_control_name(), name="resolve-control")
        return await asyncio.shield(self._control)

    async def _query_control_name(self) -> bool:
        """Use a new channel without a cache: a cached answer would say nothing about the name servers."""
        if await self._in_hosts_file(self._control_name, IpFamily.ANY):
            return True
        lookup = Lookup(self._nameservers)
        try:
            async with asyncio.timeout(CONTROL_SECONDS):
                await lookup.addresses(self._control_name, IpFamily.ANY)
        except (CheckError, TimeoutError):
            return False
        finally:
            await lookup.close()
        return True

    async def _in_hosts_file(self, host: str, family: IpFamily) -> list[str]:
        found = await self._hosts.addresses(host)
        return _best_first([address for address in found if _of_family(address, family)])


@lru_cache(maxsize=4096)
def _literal(host: str) -> str | None:
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _of_family(address: str, family: IpFamily) -> bool:
    return family is IpFamily.ANY or (family is IpFamily.IPV6) is (":" in address)


def _best_first(addresses: Sequence[str]) -> list[str]:
    six = [address for address in addresses if ":" in address]
    four = [address for address in addresses if ":" not in address]
    if six and four and not has_route(six[0], _ANY_PORT):
        return four + six
    return six + four
