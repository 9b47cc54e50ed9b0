"""Names to addresses without a thread (c-ares), with unknown, broken and silent told apart.

`/etc/hosts` is honoured and literals pass, as with getaddrinfo; search domains are not used, because a monitor names
its host in full. An unknown name is the target's trouble unless a control name cannot be resolved either.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Self

import aiodns
import pycares

from agent.errors import CheckError
from shared.failures import FailureKind

CONTROL_SECONDS = 3.0
"""How long a control name may take."""

_REMEMBER_SECONDS = 5.0
_TRY_SECONDS = 2.0
_TRIES = 3

# RFC 8020 and RFC 2308: no such name, and a name without addresses, are answers; all else is the lack of one.
_KINDS = {
    aiodns.error.ARES_ENOTFOUND: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_ENODATA: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_EBADNAME: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_ETIMEOUT: FailureKind.TIMEOUT,
}


class Resolver:
    """Asks the system's name servers, or those given as `address:port`. Made by `Resolver.open`."""

    def __init__(self, resolver: aiodns.DNSResolver, control_name: str) -> None:
        self._resolver = resolver
        self._control_name = control_name
        self._control: asyncio.Task[bool] | None = None
        self._asked_at = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, control_name: str, nameservers: Sequence[str] = ()) -> AsyncIterator[Self]:
        channel = aiodns.DNSResolver(
            nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH
        )
        resolver = cls(channel, control_name)
        try:
            yield resolver
        finally:
            if resolver._control:
                resolver._control.cancel()
                await asyncio.wait([resolver._control])
            await channel.close()

    async def addresses(self, host: str) -> list[str]:
        """The IPv6 and IPv4 addresses of `host` as text, best first (RFC 6724), each once.

        Raises CheckError: `dns_not_found`, `dns_error`, or `timeout` when the name servers keep silent.
        """
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        try:
            answer = await self._resolver.getaddrinfo(host, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            code, words = error.args
            raise CheckError(_KINDS.get(code, FailureKind.DNS_ERROR), f"{host}: {words}") from error
        found = [_text(node.addr[0]) for node in answer.nodes if node.family in (socket.AF_INET, socket.AF_INET6)]
        if not found:
            raise CheckError(FailureKind.DNS_NOT_FOUND, f"{host}: no address")
        return list(dict.fromkeys(found))

    async def answers(self) -> bool:
        """Whether the control name resolves now; asked at most every five seconds, whoever wants to know."""
        loop = asyncio.get_running_loop()
        if self._control is None or (self._control.done() and loop.time() - self._asked_at > _REMEMBER_SECONDS):
            self._asked_at = loop.time()
            self._control = asyncio.create_task(self._ask_control(), name="resolve-control")
        return await asyncio.shield(self._control)

    async def _ask_control(self) -> bool:
        try:
            async with asyncio.timeout(CONTROL_SECONDS):
                await self.addresses(self._control_name)
        except (CheckError, TimeoutError):
            return False
        return True


def _text(address: bytes | str) -> str:
    return address.decode() if isinstance(address, bytes) else address
