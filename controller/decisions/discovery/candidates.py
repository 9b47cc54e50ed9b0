"""Which servers to try, in which order, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from controller.decisions.discovery.services import MailService, by_rank, on_port, rank_of, suggested_by
from controller.decisions.discovery.typed_address import TypedAddress, is_ip
from controller.errors import InvalidError
from controller.model.discoveries import ServerCandidate
from controller.model.values.hostname import host_of
from shared.wire.targets import TlsMode

MOST = 6
"""How many servers a discovery tries."""


class SrvRecord(NamedTuple):
    """RFC 2782. The target is the host, without the root's dot; an empty one says that there is no such service."""

    priority: int
    weight: int
    port: int
    target: str


def from_srv(
    service: MailService, domain: str, records: Iterable[SrvRecord], user: str | None
) -> list[ServerCandidate]:
    """The servers that the records of a service name, the preferred one first."""
    reason = f"the SRV record {service.srv}.{domain} says so ({service.rfc})"
    in_order = sorted(records, key=lambda one: (one.priority, -one.weight))
    return [_valid(service.kind, one.target, one.port, service.tls, user, reason) for one in in_order if one.target]


def from_mx(services: Sequence[MailService], domain: str, exchangers: Sequence[str]) -> list[ServerCandidate]:
    """The first exchanger of a domain, on the port where servers take mail for it."""
    return [
        _valid(one.kind, host, one.port, one.tls, None, f"mail for {domain} goes there: it is in its MX records")
        for host in exchangers[:1]
        for one in services
        if one.mx
    ]


def from_name(services: Sequence[MailService], host: str, user: str | None, why: str = "") -> list[ServerCandidate]:
    """What a host may serve, by its name and the usual ports. `why` says why this host."""
    return [
        _valid(one.kind, host, one.port, one.tls, user, f"{why}{_usual(one)}") for one in suggested_by(services, host)
    ]


def from_port(services: Sequence[MailService], typed: TypedAddress, port: int) -> list[ServerCandidate]:
    """What a port that was typed may serve. One that is not usual may serve anything, with or without TLS at once."""
    if typed.service is not None:
        one = typed.service
        return [_valid(one.kind, typed.host, port, one.tls, typed.user, f"the URL says {one.name}, {one.words}")]
    usual = on_port(services, port)
    if usual is not None:
        return [_valid(usual.kind, typed.host, port, usual.tls, typed.user, _usual(usual))]
    reason = f"port {port} is not a usual one, so each protocol is tried, with TLS at once and with STARTTLS"
    kinds = dict.fromkeys(one.kind for one in by_rank(services))
    return [
        _valid(kind, typed.host, port, tls, typed.user, reason)
        for tls in (TlsMode.OPPORTUNISTIC, TlsMode.IMPLICIT)
        for kind in kinds
    ]


def usual_names(services: Sequence[MailService], domain: str) -> list[str]:
    """Names that servers of a domain often have: `mail`, and those of the protocols."""
    kinds = dict.fromkeys(one.kind.rstrip("0123456789") for one in services)
    return [f"{name}.{domain}" for name in ("mail", *kinds)]


def in_order(services: Sequence[MailService], found: Iterable[ServerCandidate]) -> list[ServerCandidate]:
    """Each server once, with all reasons for it, at most MOST: services that are more usual first, and one of each
    before a second one of any.
    """
    merged: dict[tuple[str, str, int, bool], ServerCandidate] = {}
    for one in found:
        if not one.host:
            continue
        key = (one.kind, one.host, one.port, one.tls is TlsMode.IMPLICIT)
        known = merged.get(key)
        if known is None:
            merged[key] = one
        else:
            reasons = list(dict.fromkeys([*known.reasons, *one.reasons]))
            merged[key] = msgspec.structs.replace(known, reasons=reasons, user=known.user or one.user)
    return list(_turns(services, merged.values()))[:MOST]


def _turns(services: Sequence[MailService], found: Iterable[ServerCandidate]) -> Iterator[ServerCandidate]:
    """The first server of every service by rank, then the second ones."""
    ranked = [(rank_of(services, one.kind, one.port, one.tls), one) for one in found]
    left = sorted(ranked, key=lambda pair: pair[0])
    while left:
        taken: set[int] = set()
        later = []
        for rank, one in left:
            if rank in taken:
                later.append((rank, one))
            else:
                taken.add(rank)
                yield one
        left = later


def _usual(service: MailService) -> str:
    return f"port {service.port} is the usual one for {service.words}"


def _valid(kind: str, host: str, port: int, tls: TlsMode, user: str | None, reason: str) -> ServerCandidate:
    """A host that cannot be checked becomes empty, and is left out later."""
    try:
        host = host_of(host)
    except InvalidError:
        host = ""
    if not 1 <= port <= 65_535:
        host = ""
    return ServerCandidate(kind=kind, host=host, port=port, tls=tls, user=user, reasons=[reason])


def exchanger_domains(exchangers: Sequence[str], domain: str) -> list[str]:
    """The domains of whoever runs a domain's exchangers, by which Mozilla's list may know them: `google.com` for
    `aspmx.l.google.com`. Names of countries with a second level (`co.uk`) have one label more.
    """
    found = []
    for host in exchangers[:1]:
        labels = host.split(".")
        if is_ip(host) or len(labels) < 2:
            continue
        short_second = len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2
        found.append(".".join(labels[-3:] if short_second else labels[-2:]))
    return [one for one in dict.fromkeys(found) if one != domain]
