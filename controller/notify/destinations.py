"""Restricts notifications to public addresses and to networks that the operator allows. The caller connects to the
very address that was checked, so a name cannot change its address between check and connection.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import aiodns
import pycares

from controller.notify.errors import DeliveryError
from shared.addresses import Network, may_reach

RESOLVE_SECONDS = 5.0
_TRY_SECONDS = 2.0
_TRIES = 2
_UNKNOWN = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME})


class Destinations:
    def __init__(self, allowed: tuple[Network, ...] = ()) -> None:
        self.allowed = allowed

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a host that may be connected to, best first.

        Raises DeliveryError: permanent when all are private, temporary when the name cannot be resolved.
        """
        addresses = await self._resolve(host)
        permitted = [address for address in addresses if may_reach(ip_address(address), self.allowed)]
        if not permitted:
            raise DeliveryError(f"{host} has no public address, and private ones are not allowed here", permanent=True)
        return permitted

    async def _resolve(self, host: str) -> list[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        resolver = aiodns.DNSResolver(timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                answer = await resolver.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            reason = "no such host" if error.args[0] in _UNKNOWN else "the name servers failed"
            raise DeliveryError(f"cannot resolve {host}: {reason}", permanent=False) from error
        except TimeoutError as error:
            raise DeliveryError(
                f"cannot resolve {host}: the name servers did not answer in time", permanent=False
            ) from error
        finally:
            await resolver.close()
        addresses = [node.addr[0] for node in answer.nodes if node.family in (socket.AF_INET, socket.AF_INET6)]
        texts = [address.decode() if isinstance(address, bytes) else address for address in addresses]
        return list(dict.fromkeys(str(ip_address(text.partition("%")[0])) for text in texts))
