"""Gathers candidates for what somebody typed: all lookups at once, and a second round when the domain says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from controller.decisions.discovery import autoconfig, candidates
from controller.decisions.discovery.services import MailService
from controller.decisions.discovery.typed_address import TypedAddress
from controller.discovery.autoconfig_files import AutoconfigFiles, NoFileError
from controller.discovery.records import MailRecords, UnansweredError
from controller.model.discoveries import DiscoveryStep, ServerCandidate

_UNANSWERED = "the name servers did not answer"
_LIST = "Mozilla's list of mail providers"


class FoundServers(NamedTuple):
    """In the order in which they are worth a try, and what each source said."""

    candidates: list[ServerCandidate]
    steps: list[DiscoveryStep]


@dataclass
class _Search:
    """What one discovery has found so far."""

    typed: TypedAddress
    domain: str
    found: list[ServerCandidate] = field(default_factory=list)
    steps: list[DiscoveryStep] = field(default_factory=list)

    def note(self, source: str, outcome: str, found: Sequence[ServerCandidate] = ()) -> None:
        self.found += found
        self.steps.append(DiscoveryStep(source=source, outcome=outcome, found=bool(found)))


class ServerFinder:
    """`services` are all that may be found."""

    def __init__(self, services: Sequence[MailService], records: MailRecords, files: AutoconfigFiles) -> None:
        self.services = services
        self._records = records
        self._files = files

    async def find(self, typed: TypedAddress) -> FoundServers:
        """Ends within eight seconds: two rounds of lookups, each with its deadline."""
        if typed.domain is None:
            found = self._fixed(typed)
            return FoundServers(candidates.in_order(self.services, found), [])
        search = _Search(typed, typed.domain)
        exchangers = await self._first_round(search)
        if not search.found:
            await self._second_round(search, exchangers)
        if not search.found and typed.mail is None:
            await self._by_own_name(search)
        search.found += candidates.from_mx(self.services, search.domain, exchangers)
        return FoundServers(candidates.in_order(self.services, search.found), search.steps)

    def _fixed(self, typed: TypedAddress) -> list[ServerCandidate]:
        if typed.port is not None:
            return candidates.from_port(self.services, typed, typed.port)
        return candidates.from_name(self.services, typed.host, typed.user)

    async def _first_round(self, search: _Search) -> list[str]:
        """What the domain itself says; returns its mail exchangers."""
        async with asyncio.TaskGroup() as tasks:
            records = [tasks.create_task(self._srv(one, search)) for one in self.services if one.rfc]
            exchangers = tasks.create_task(self._exchangers(search))
            files = [
                tasks.create_task(self._file(url, search))
                for url in autoconfig.own_urls(search.domain, search.typed.mail)
            ]
        self._note_srv(search, [one.result() for one in records])
        found, outcomes = [], []
        for servers, outcome in (one.result() for one in files):
            found += servers
            outcomes.append(outcome)
        outcome = "names servers" if found else "; ".join(outcomes)
        search.note(f"Autoconfig of {search.domain}, as Thunderbird reads it", outcome, found)
        hosts, outcome = exchangers.result()
        search.steps.append(DiscoveryStep(source=f"MX records of {search.domain}", outcome=outcome, found=bool(hosts)))
        return hosts

    def _note_srv(self, search: _Search, answers: Sequence[list[ServerCandidate] | str]) -> None:
        found = list(chain.from_iterable(one for one in answers if not isinstance(one, str)))
        said = [one for one in answers if isinstance(one, str)]
        names = ", ".join(one.srv for one in self.services if one.rfc)
        outcome = "name servers" if found else next((one for one in said if one), "there are none")
        search.note(f"SRV records of {search.domain} ({names})", outcome, found)

    async def _srv(self, service: MailService, search: _Search) -> list[ServerCandidate] | str:
        try:
            records = await self._records.srv(f"{service.srv}.{search.domain}")
        except UnansweredError:
            return _UNANSWERED
        if records and not any(one.target for one in records):
            return "they say that there is no such service"
        return candidates.from_srv(service, search.domain, records, search.typed.mail)

    async def _exchangers(self, search: _Search) -> tuple[list[str], str]:
        try:
            hosts = await self._records.exchangers(search.domain)
        except UnansweredError:
            return [], _UNANSWERED
        if hosts and not any(hosts):
            return [], "they say that the domain takes no mail (RFC 7505)"
        named = [host for host in hosts if host]
        return named, ", ".join(named) or "there are none"

    async def _file(self, url: str, search: _Search, reason: str = "") -> tuple[list[ServerCandidate], str]:
        place = url.partition("?")[0]
        try:
            document = await self._files.get(url)
            servers = autoconfig.servers_of(document, search.domain, search.typed.mail)
        except NoFileError as error:
            return [], f"{place}: {error}"
        except ValueError as error:
            return [], f"{place}: no autoconfig file, because {error}"
        reason = reason or f"the autoconfig of {search.domain} says so"
        found = autoconfig.from_autoconfig(self.services, servers, reason, search.typed.mail)
        return found, f"{place}: names {'servers' if found else 'no server that can be checked'}"

    async def _second_round(self, search: _Search, exchangers: Sequence[str]) -> None:
        """What others say of the domain, and names that servers often have."""
        listed = [search.domain, *candidates.exchanger_domains(exchangers, search.domain)]
        names = candidates.usual_names(self.services, search.domain)
        async with asyncio.TaskGroup() as tasks:
            files = [
                tasks.create_task(self._file(autoconfig.list_url(one), search, f"{_LIST} has it for {one}"))
                for one in listed
            ]
            hosts = [tasks.create_task(self._exists(one)) for one in names]
        found, outcomes = [], []
        for servers, outcome in (one.result() for one in files):
            found += servers
            outcomes.append(outcome)
        search.note(f"{_LIST}, which learns only {' and '.join(listed)}", "; ".join(outcomes), found)
        there = [name for name, host in zip(names, hosts, strict=True) if host.result()]
        guesses = [
            guess
            for name in there
            for guess in candidates.from_name(
                self.services, name, search.typed.mail, f"{name} exists, as it does for many domains, and "
            )
        ]
        outcome = f"{', '.join(there)} {'has' if len(there) == 1 else 'have'} an address" if there else "none exists"
        search.note(f"Usual names of servers ({', '.join(names)})", outcome, [] if found else guesses)

    async def _by_own_name(self, search: _Search) -> None:
        """A name without an @ may be that of a server itself."""
        if await self._exists(search.typed.host):
            guesses = candidates.from_name(self.services, search.typed.host, search.typed.user)
            search.note(f"The name {search.typed.host} itself", "has an address", guesses)
        else:
            search.note(f"The name {search.typed.host} itself", "has no address")

    async def _exists(self, host: str) -> bool:
        try:
            return await self._records.exists(host)
        except UnansweredError:
            return False
