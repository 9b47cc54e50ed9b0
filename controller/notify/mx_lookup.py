"""Which hosts take the mail of a domain, as its name servers say now (RFC 5321 section 5.1, RFC 7505)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import aiodns
import pycares

from controller.decisions.notification.warnings import is_literal

LOOKUP_SECONDS = 3.0
_TRY_SECONDS = 1.0
_TRIES = 2
_MOST_HOSTS = 10
_ANSWERS_NONE = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME})


class Exchangers:
    """Asks the system's name servers, or those given as `address:port`."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        self._nameservers = nameservers

    async def hosts_of(self, domain: str) -> frozenset[str] | None:
        """Names and addresses of the mail exchangers of a domain, the domain itself among them; None when the name
        servers keep silent for LOOKUP_SECONDS, or fail.
        """
        if is_literal(domain):
            return frozenset({domain})
        resolver = aiodns.DNSResolver(
            self._nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH
        )
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                names = await _exchangers(resolver, domain)
                async with asyncio.TaskGroup() as tasks:
                    lookups = [tasks.create_task(_addresses(resolver, name)) for name in names]
        except (aiodns.error.DNSError, TimeoutError):
            return None
        finally:
            await resolver.close()
        return frozenset({domain, *names, *(address for lookup in lookups for address in lookup.result())})


async def _exchangers(resolver: aiodns.DNSResolver, domain: str) -> list[str]:
    """The domain itself where it has no MX record; none where it says that it takes no mail. Raises DNSError."""
    try:
        answer = await resolver.query_dns(domain, "MX")
    except aiodns.error.DNSError as error:
        if error.args[0] not in _ANSWERS_NONE:
            raise
        return [domain]
    records = [record.data for record in answer.answer if isinstance(record.data, pycares.MXRecordData)]
    found = sorted(records, key=lambda record: record.priority)
    names = [record.exchange.lower().rstrip(".") for record in found[:_MOST_HOSTS]]
    return [name for name in names if name] if records else [domain]


async def _addresses(resolver: aiodns.DNSResolver, name: str) -> list[str]:
    """None when it cannot be told: the name alone says enough then."""
    try:
        answer = await resolver.getaddrinfo(name, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
    except aiodns.error.DNSError:
        return []
    nodes = [node.addr[0] for node in answer.nodes]
    return [address.decode() if isinstance(address, bytes) else address for address in nodes]
