"""Restricts notifications to public addresses and to networks that the operator allows. The caller connects to the
very address that was checked, so a name cannot change its address between check and connection.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import aiodns
import pycares

from controller.notify.errors import DeliveryError, Fault
from shared.addresses import Network, may_reach
from shared.hosts_file import HOSTS, HostsFile

RESOLVE_SECONDS = 5.0
_TRY_SECONDS = 2.0
_TRIES = 2
_UNKNOWN = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME})

_ONE_FAMILY_SECONDS = 600.0
"""For how long a host is asked for addresses of one family only, after the name servers kept silent about the other:
otherwise each delivery would wait for it.
"""
_MOST_HOSTS = 10_000


class Destinations:
    """Uses the system's name servers, or those given as `address:port`."""

    def __init__(self, allowed: tuple[Network, ...] = (), hosts: Path = HOSTS, nameservers: Sequence[str] = ()) -> None:
        self.allowed = allowed
        self._hosts = HostsFile(hosts)
        self._nameservers = nameservers
        self._one_family: dict[str, tuple[socket.AddressFamily, float]] = {}

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
        if own := await self._hosts.addresses(host):
            return list(own)
        resolver = aiodns.DNSResolver(
            self._nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH
        )
        began = time.monotonic()
        family = self._family(host, began)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                answer = await resolver.getaddrinfo(host, family=family, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            self._one_family.pop(host, None)
            reason = "no such host" if error.args[0] in _UNKNOWN else "the name servers failed"
            message = f"cannot resolve {host}: {reason}"
            raise DeliveryError(message, permanent=False, fault=Fault.CHANNEL) from error
        except TimeoutError as error:
            self._one_family.pop(host, None)
            message = f"cannot resolve {host}: the name servers did not answer in time"
            raise DeliveryError(message, permanent=False, fault=Fault.CHANNEL) from error
        finally:
            await resolver.close()
        families = {node.family for node in answer.nodes}
        if family == socket.AF_UNSPEC and len(families) == 1 and time.monotonic() - began > _TRY_SECONDS / 2:
            self._remember(host, socket.AddressFamily(families.pop()))
        addresses = [node.addr[0] for node in answer.nodes if node.family in (socket.AF_INET, socket.AF_INET6)]
        texts = [address.decode() if isinstance(address, bytes) else address for address in addresses]
        return list(dict.fromkeys(str(ip_address(text.partition("%")[0])) for text in texts))

    def _family(self, host: str, now: float) -> socket.AddressFamily:
        """The family of addresses to ask for."""
        family, until = self._one_family.get(host, (socket.AF_UNSPEC, now))
        return family if now < until else socket.AF_UNSPEC

    def _remember(self, host: str, family: socket.AddressFamily) -> None:
        self._one_family.pop(host, None)
        self._one_family[host] = family, time.monotonic() + _ONE_FAMILY_SECONDS
        while len(self._one_family) > _MOST_HOSTS:
            del self._one_family[next(iter(self._one_family))]
