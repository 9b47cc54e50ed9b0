"""Finds the hosts that accept mail for a domain, by its MX records (RFC 5321 section 5.1, RFC 7505)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import aiodns
import pycares

from controller.decisions.notification.destination_warnings import is_literal
from shared.hosts_file import HOSTS, HostsFile

LOOKUP_SECONDS = 3.0
_TRY_SECONDS = 1.0
_TRIES = 2
_MOST_HOSTS = 10
_NO_RECORD = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME})


class MxLookup:
    """Queries the system's name servers, or those given as `address:port`."""

    def __init__(self, nameservers: Sequence[str] = (), hosts: Path = HOSTS) -> None:
        self.nameservers = nameservers
        self._hosts = HostsFile(hosts)

    async def hosts_of(self, domain: str) -> frozenset[str] | None:
        """Names and addresses of the mail exchangers of a domain, and the domain itself. None when the name servers do
        not answer within LOOKUP_SECONDS, or fail.
        """
        if is_literal(domain):
            return frozenset({domain})
        resolver = aiodns.DNSResolver(
            self.nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH
        )
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                names = await _mail_hosts(resolver, domain)
                async with asyncio.TaskGroup() as tasks:
                    lookups = [tasks.create_task(self._addresses(resolver, name)) for name in names]
        except (aiodns.error.DNSError, TimeoutError):
            return None
        finally:
            await resolver.close()
        return frozenset({domain, *names, *(address for lookup in lookups for address in lookup.result())})

    async def _addresses(self, resolver: aiodns.DNSResolver, name: str) -> Sequence[str]:
        """Empty when the lookup fails; the caller then uses the name alone."""
        if own := await self._hosts.addresses(name):
            return own
        try:
            answer = await resolver.getaddrinfo(name, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError:
            return []
        nodes = [node.addr[0] for node in answer.nodes]
        return [address.decode() if isinstance(address, bytes) else address for address in nodes]


async def _mail_hosts(resolver: aiodns.DNSResolver, domain: str) -> list[str]:
    """The domain itself if it has no MX record; empty if it declares that it accepts no mail. Raises DNSError."""
    try:
        answer = await resolver.query_dns(domain, "MX")
    except aiodns.error.DNSError as error:
        if error.args[0] not in _NO_RECORD:
            raise
        return [domain]
    records = [record.data for record in answer.answer if isinstance(record.data, pycares.MXRecordData)]
    by_priority = sorted(records, key=lambda record: record.priority)
    names = [record.exchange.lower().rstrip(".") for record in by_priority[:_MOST_HOSTS]]
    return [name for name in names if name] if records else [domain]
