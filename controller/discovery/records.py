"""The records of a domain that name mail servers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiodns
import pycares

from controller.decisions.discovery.candidates import SrvRecord

SECONDS = 3.0
_TRY_SECONDS = 1.2
_TRIES = 2
_MOST = 10
_NO_RECORD = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME})


class UnansweredError(Exception):
    """The name servers failed, or did not answer in time."""


class MailRecords:
    """Queries the system's name servers, or those given as `address:port`. Every lookup ends within SECONDS, and raises
    UnansweredError when nothing is known then.
    """

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        self._nameservers = nameservers

    async def srv(self, name: str) -> list[SrvRecord]:
        """RFC 2782; empty without any."""
        data = [one for one in await self._query(name, "SRV") if isinstance(one, pycares.SRVRecordData)]
        return [SrvRecord(one.priority, one.weight, one.port, _host(one.target)) for one in data]

    async def exchangers(self, domain: str) -> list[str]:
        """The hosts of the MX records, the preferred one first; one that is empty says that the domain takes no mail
        (RFC 7505).
        """
        data = [one for one in await self._query(domain, "MX") if isinstance(one, pycares.MXRecordData)]
        return [_host(one.exchange) for one in sorted(data, key=lambda record: record.priority)]

    async def exists(self, host: str) -> bool:
        """Whether a host has an address."""
        async with self._resolving() as resolver:
            try:
                answer = await resolver.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
            except aiodns.error.DNSError as error:
                if error.args[0] in _NO_RECORD:
                    return False
                raise
        return bool(answer.nodes)

    async def _query(self, name: str, kind: str) -> list[object]:
        async with self._resolving() as resolver:
            try:
                answer = await resolver.query_dns(name, kind)
            except aiodns.error.DNSError as error:
                if error.args[0] in _NO_RECORD:
                    return []
                raise
        return [record.data for record in answer.answer[:_MOST]]

    @asynccontextmanager
    async def _resolving(self) -> AsyncIterator[aiodns.DNSResolver]:
        resolver = aiodns.DNSResolver(
            self._nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH
        )
        try:
            async with asyncio.timeout(SECONDS):
                yield resolver
        except (aiodns.error.DNSError, TimeoutError) as error:
            raise UnansweredError from error
        finally:
            await resolver.close()


def _host(name: str) -> str:
    return name.lower().rstrip(".")
