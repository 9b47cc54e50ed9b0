"""Resolves names without threads (c-ares), and distinguishes unknown names, DNS errors and silence.

It reads `/etc/hosts` and accepts literals, as getaddrinfo does. It uses no search domains, because a monitor names its
host in full. An unknown name is the target's fault unless a control name cannot be resolved either.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from ipaddress import ip_address
from typing import Self

import aiodns
import pycares

from agent.errors import CheckError
from agent.net.address_cache import KnownAddresses
from shared.wire.failures import FailureKind
from shared.wire.targets import IpFamily

CONTROL_SECONDS = 3.0
"""How long resolving the control name may take."""

_REMEMBER_SECONDS = 5.0
_TRY_SECONDS = 2.0
_TRIES = 3

_FAMILIES = {
    IpFamily.ANY: socket.AF_UNSPEC,
    IpFamily.IPV4: socket.AF_INET,
    IpFamily.IPV6: socket.AF_INET6,
}
_MISSING = {IpFamily.ANY: "no address", IpFamily.IPV4: "no IPv4 address", IpFamily.IPV6: "no IPv6 address"}

# RFC 8020 and RFC 2308: "no such name" and "a name without addresses" are answers; all others mean there is none.
_KINDS = {
    aiodns.error.ARES_ENOTFOUND: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_ENODATA: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_EBADNAME: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_ETIMEOUT: FailureKind.TIMEOUT,
}


class Resolver:
    """Queries the system's name servers, or those given as `address:port`. Made by `Resolver.open`.

    Answers are cached for the TTL of their records, as in any other client.
    """

    def __init__(self, resolver: aiodns.DNSResolver, control_name: str, nameservers: Sequence[str]) -> None:
        self._resolver = resolver
        self._control_name = control_name
        self._nameservers = nameservers
        self._known = KnownAddresses()
        self._control: asyncio.Task[bool] | None = None
        self._control_started_at = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, control_name: str, nameservers: Sequence[str] = ()) -> AsyncIterator[Self]:
        channel = _channel(nameservers)
        resolver = cls(channel, control_name, nameservers)
        try:
            yield resolver
        finally:
            if resolver._control:
                resolver._control.cancel()
                await asyncio.wait([resolver._control])
            await channel.close()

    async def addresses(self, host: str, family: IpFamily = IpFamily.ANY) -> Sequence[str]:
        """The addresses of `host` in `family` as text, best first (RFC 6724), each only once.

        Raises CheckError: `dns_not_found`, `dns_error`, or `timeout` if the name servers do not answer.
        """
        literal = _literal(host)
        if literal is None:
            if known := self._known.of(host, family):
                return known
            found, seconds = await _query(self._resolver, host, family)
            self._known.found(host, family, found, seconds)
            return found
        if family is not IpFamily.ANY and (family is IpFamily.IPV6) is not (":" in literal):
            raise CheckError(FailureKind.DNS_NOT_FOUND, f"{host}: {_MISSING[family]}")
        return [literal]

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
        channel = _channel(self._nameservers)
        try:
            async with asyncio.timeout(CONTROL_SECONDS):
                await _query(channel, self._control_name, IpFamily.ANY)
        except (CheckError, TimeoutError):
            return False
        finally:
            await channel.close()
        return True


@lru_cache(maxsize=4096)
def _literal(host: str) -> str | None:
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _channel(nameservers: Sequence[str]) -> aiodns.DNSResolver:
    return aiodns.DNSResolver(nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH)


async def _query(channel: aiodns.DNSResolver, host: str, family: IpFamily) -> tuple[list[str], float]:
    """The addresses, and for how many seconds they are valid."""
    try:
        answer = await channel.getaddrinfo(host, family=_FAMILIES[family], type=socket.SOCK_STREAM)
    except aiodns.error.DNSError as error:
        code, text = error.args
        kind = _KINDS.get(code, FailureKind.DNS_ERROR)
        if code == aiodns.error.ARES_ENODATA:
            text = _MISSING[family]
        raise CheckError(kind, f"{host}: {text}") from error
    nodes = [node for node in answer.nodes if node.family in (socket.AF_INET, socket.AF_INET6)]
    if not nodes:
        raise CheckError(FailureKind.DNS_NOT_FOUND, f"{host}: {_MISSING[family]}")
    seconds = min([node.ttl for node in nodes] + [alias.ttl for alias in answer.cnames])
    return list(dict.fromkeys(_text(node.addr[0]) for node in nodes)), seconds


def _text(address: bytes | str) -> str:
    return address.decode() if isinstance(address, bytes) else address
