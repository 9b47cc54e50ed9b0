"""Queries name servers for the IPv4 and IPv6 addresses of a name (c-ares, no threads), each family for itself.

A name server that answers about one family and keeps silent about the other must not delay every check. Records are
queried, not `getaddrinfo`, which reads `/etc/hosts` too and gives a name the addresses of others there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import aiodns
import pycares

from agent.errors import CheckError
from shared.wire.failures import FailureKind
from shared.wire.targets import IpFamily

PATIENCE_SECONDS = 2.0
"""How long one family is waited for after the other has answered."""

_RESOLUTION_DELAY_SECONDS = 0.05
"""The same for a family that kept silent when this name was last resolved (RFC 8305 section 3)."""

_MOST_SECONDS = 10.0
_TRY_SECONDS = 2.0
_TRIES = 6
"""c-ares waits five times as long as the name server usually takes, then twice as long with each try: with fewer tries
it gives up on a name that takes a second where others take a millisecond.
"""

_MOST_SILENT = 10_000
_NO_DATA: int = aiodns.error.ARES_ENODATA
_NO_ANSWER: int = aiodns.error.ARES_ETIMEOUT
_ADDRESS = (pycares.ARecordData, pycares.AAAARecordData)

_Record: TypeAlias = Literal["A", "AAAA"]
_Question: TypeAlias = tuple[str, _Record]
_Query: TypeAlias = "asyncio.Future[pycares.DNSResult]"

_RECORDS: dict[IpFamily, tuple[_Record, ...]] = {
    IpFamily.ANY: ("AAAA", "A"),
    IpFamily.IPV4: ("A",),
    IpFamily.IPV6: ("AAAA",),
}
MISSING = {IpFamily.ANY: "no address", IpFamily.IPV4: "no IPv4 address", IpFamily.IPV6: "no IPv6 address"}

_NO_SUCH_NAME = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_EBADNAME})
"""Answers about the name itself, whatever the family (RFC 8020)."""

# RFC 8020 and RFC 2308: "no such name" and "a name without addresses" are answers; all others mean there is none.
_KINDS = {
    aiodns.error.ARES_ENOTFOUND: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_ENODATA: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_EBADNAME: FailureKind.DNS_NOT_FOUND,
    aiodns.error.ARES_ETIMEOUT: FailureKind.TIMEOUT,
}


class FoundAddresses(NamedTuple):
    """The addresses of a name, and for how many seconds they are valid."""

    addresses: Sequence[str]
    seconds: float


class Lookup:
    """Queries the system's name servers, or those given as `address:port`. `close()` ends it.

    It sends one query for a name and a family at a time, however many callers ask.
    """

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        self._channel = aiodns.DNSResolver(
            nameservers or None, timeout=_TRY_SECONDS, tries=_TRIES, flags=pycares.ARES_FLAG_NOSEARCH
        )
        self._running: dict[_Question, _Query] = {}
        self._silent: dict[_Question, None] = {}  # the oldest first

    async def addresses(self, host: str, family: IpFamily, patience: float = PATIENCE_SECONDS) -> FoundAddresses:
        """The addresses of `host` in `family`, each once, IPv6 before IPv4.

        Raises CheckError: `dns_not_found`, `dns_error`, or `timeout` if the name servers do not answer.
        """
        queries = {each: self._query(host, each) for each in _RECORDS[family]}
        deadline = asyncio.get_running_loop().time() + _MOST_SECONDS
        _, waiting = await asyncio.wait(queries.values(), timeout=_MOST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if waiting:
            try:
                await self._wait_for_other(host, queries, patience, deadline)
            finally:  # also when the check is over meanwhile: the next one must not wait as long
                self._remember_silence(host, queries)
        return _merged(host, family, queries.values())

    async def close(self) -> None:
        await self._channel.close()

    async def _wait_for_other(
        self, host: str, queries: Mapping[_Record, _Query], patience: float, deadline: float
    ) -> None:
        """Wait for the families that have not answered: not for long if the name's addresses or absence are known."""
        waiting = {record: query for record, query in queries.items() if not query.done()}
        seconds = deadline - asyncio.get_running_loop().time()
        if _tells_enough(queries.values()):
            silent = all((host, record) in self._silent for record in waiting)
            seconds = min(seconds, _RESOLUTION_DELAY_SECONDS if silent else patience)
        if waiting:
            await asyncio.wait(waiting.values(), timeout=seconds)

    def _query(self, host: str, record: _Record) -> _Query:
        """The query for one record: the one that is running, or a new one."""
        question = host, record
        query = self._running.get(question)
        if query is None or query.done():  # its callbacks may not have run yet
            query = self._running[question] = self._channel.query_dns(host, record)
            query.add_done_callback(lambda done: self._ended(question, done))
        return query

    def _ended(self, question: _Question, query: _Query) -> None:
        if self._running.get(question) is query:
            del self._running[question]
        if not query.cancelled() and _code(query) not in (_NO_ANSWER, aiodns.error.ARES_ECANCELLED):
            self._silent.pop(question, None)

    def _remember_silence(self, host: str, queries: Mapping[_Record, _Query]) -> None:
        for record, query in queries.items():
            if not query.done():
                self._silent.pop((host, record), None)
                self._silent[host, record] = None
        while len(self._silent) > _MOST_SILENT:
            del self._silent[next(iter(self._silent))]


def _addresses(query: _Query) -> list[str]:
    return [record.data.addr for record in query.result().answer if isinstance(record.data, _ADDRESS)]


def _code(query: _Query) -> int | None:
    """The error of a query; None if it has found addresses. An alias with nothing after it is no address."""
    if not query.done():
        return _NO_ANSWER
    error = query.exception()
    if error is None:
        return None if _addresses(query) else _NO_DATA
    if not isinstance(error, aiodns.error.DNSError):
        raise error
    return int(error.args[0])


def _tells_enough(queries: Collection[_Query]) -> bool:
    codes = {_code(query) for query in queries if query.done()}
    return None in codes or not _NO_SUCH_NAME.isdisjoint(codes)


def _merged(host: str, family: IpFamily, queries: Collection[_Query]) -> FoundAddresses:
    records = [record for query in queries if _code(query) is None for record in query.result().answer]
    if records:
        addresses = dict.fromkeys(address for query in queries if _code(query) is None for address in _addresses(query))
        return FoundAddresses(list(addresses), min(record.ttl for record in records))
    failed = [code for query in queries if (code := _code(query)) is not None]
    worst = next(
        (code for code in failed if code in _NO_SUCH_NAME),
        next((code for code in failed if code != _NO_DATA), _NO_DATA),
    )
    text = _missing(family, queries) if worst == _NO_DATA else str(pycares.errno.strerror(worst))
    raise CheckError(_KINDS.get(worst, FailureKind.DNS_ERROR), f"{host}: {text}")


def _missing(family: IpFamily, queries: Collection[_Query]) -> str:
    answered = [record for query in queries if query.exception() is None for record in query.result().answer]
    aliases = [record.data.cname for record in answered if isinstance(record.data, pycares.CNAMERecordData)]
    return f"its alias {aliases[-1]} has {MISSING[family]}" if aliases else MISSING[family]
