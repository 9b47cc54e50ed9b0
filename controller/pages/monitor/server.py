"""What checks found out about the server: its certificate, and its facts compared between countries. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from controller.kinds import phases_of, words_of
from controller.operations.monitors.situation import LatestAt, ServerFacts
from shared.wire.failures import Phase

_ComparedFact: TypeAlias = tuple[str, bool, Callable[[ServerFacts], str]]

_STARTTLS = frozenset({"STARTTLS", "STLS"})
_LOGINS = ("AUTH=", "AUTH ", "SASL ")
_SHORT = 16
NOTHING = "–"
_NO_FACTS = "no facts"


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `words` rate the days left; `problem` is what is wrong with it, as the agent says."""

    subject: str
    names: list[str]
    issuer: str
    since: datetime | None
    until: datetime | None
    state: str
    words: str
    serial: str
    sha256: str
    chain: str
    named: str
    problem: str | None
    locations: list[str]


class FactCell(msgspec.Struct, frozen=True):
    """A fact at one location. `deviates` from the majority; None when there is nothing to compare."""

    value: str
    deviates: bool | None


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """`mild`: that this fact differs may be meant so."""

    name: str
    mild: bool
    cells: list[FactCell]


class CompareView(msgspec.Struct, frozen=True, kw_only=True):
    """`columns` are location and country with the moment of the check that the facts are of, None without facts."""

    columns: list[tuple[str, str, datetime | None]]
    rows: list[FactRow]
    deviating: int


def certificates(latest: Sequence[LatestAt], warning_days: int, now: datetime) -> list[CertificateView]:
    """Each certificate that some location got last, most often one."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for one in latest:
        facts = one.facts.facts if one.facts else {}
        if facts.get("certificateSubject") or facts.get("certificateSha256"):
            found.setdefault(str(facts.get("certificateSha256", "")), []).append((one.check.location, facts))
    return [
        _certificate(group[0][1], [location for location, _ in group], warning_days, now) for group in found.values()
    ]


def _certificate(facts: dict[str, Any], locations: list[str], warning_days: int, now: datetime) -> CertificateView:
    until = _moment(facts.get("certificateNotAfter"))
    state, words = _days(until, warning_days, now)
    trusted, named = facts.get("certificateChainValid"), facts.get("certificateNameValid")
    return CertificateView(
        subject=str(facts.get("certificateSubject") or ""),
        names=[str(name) for name in facts.get("certificateNames") or ()],
        issuer=str(facts.get("certificateIssuer") or ""),
        since=_moment(facts.get("certificateNotBefore")),
        until=until,
        state=state,
        words=words,
        serial=str(facts.get("certificateSerial") or ""),
        sha256=str(facts.get("certificateSha256") or ""),
        chain="trusted" if trusted else "not trusted" if trusted is False else "not known",
        named="names the host" if named else "does not name the host" if named is False else "not known",
        problem=facts.get("certificateProblem"),
        locations=locations,
    )


def _days(until: datetime | None, warning_days: int, now: datetime) -> tuple[str, str]:
    if until is None:
        return "unknown", "end not known"
    days = (until - now).days
    if until <= now:
        return "down", f"expired {-days} {'day' if days == -1 else 'days'} ago"
    left = f"{days} {'day' if days == 1 else 'days'} left"
    return ("degraded", f"{left}, renew it") if days < warning_days else ("up", left)


def compare(latest: Sequence[LatestAt], kind: str) -> CompareView | None:
    """None when no location found out anything about the server."""
    if not any(one.facts for one in latest):
        return None
    rows = [
        _row(name, mild, [read(one.facts) if one.facts else None for one in latest])
        for name, mild, read in _facts_of(kind)
    ]
    rows = [row for row in rows if any(cell.value not in (NOTHING, _NO_FACTS) for cell in row.cells)]
    if not rows:
        return None
    return CompareView(
        columns=[(one.check.location, one.check.country, one.facts.due_at if one.facts else None) for one in latest],
        rows=rows,
        deviating=sum(bool(cell.deviates) for row in rows if not row.mild for cell in row.cells),
    )


def _facts_of(kind: str) -> Iterator[_ComparedFact]:
    """A kind without the phase of STARTTLS has no such fact; its own facts come last."""
    for name, mild, read in _FACTS:
        if read is not _starttls or Phase.STARTTLS in phases_of(kind):
            yield name, mild, read
    for key, name in words_of(kind).facts.items():
        yield name, False, _fact(key)


def _row(name: str, mild: bool, values: Sequence[str | None]) -> FactRow:
    known = [value for value in values if value is not None]
    (most, often), *others = Counter(known).most_common()
    tie = bool(others) and others[0][1] == often
    return FactRow(
        name=name,
        mild=mild,
        cells=[
            FactCell(_NO_FACTS, None)
            if value is None
            else FactCell(value, None if len(known) < 2 else bool(others) and (tie or value != most))
            for value in values
        ],
    )


def _capabilities(known: ServerFacts) -> list[str]:
    return [str(one) for one in known.facts.get("capabilities") or ()]


def _starttls(known: ServerFacts) -> str:
    if any(timing.phase is Phase.STARTTLS for timing in known.phases):
        return "used" if known.facts.get("tlsVersion") else "offered, but it failed"
    if known.facts.get("tlsVersion"):
        return "not needed: TLS from the first byte"
    return "offered, not used" if _STARTTLS & {*_capabilities(known)} else "not offered"


def _logins(known: ServerFacts) -> str:
    """Mechanisms in order: servers and RFCs do not give their order a meaning."""
    words = {str(one).upper() for one in known.facts.get("loginMechanisms") or ()}
    for one in _capabilities(known):
        for beginning in _LOGINS:
            if one.upper().startswith(beginning):
                words |= set(one[len(beginning) :].upper().split())
    return " ".join(sorted(words)) or NOTHING


def _certificate_id(known: ServerFacts) -> str:
    sha256, serial = known.facts.get("certificateSha256"), known.facts.get("certificateSerial")
    return f"{str(sha256)[:_SHORT]}… serial {serial}" if sha256 else NOTHING


def _fact(name: str) -> Callable[[ServerFacts], str]:
    return lambda known: str(known.facts.get(name) or NOTHING)


_FACTS: tuple[_ComparedFact, ...] = (
    ("Address", True, lambda known: known.address or NOTHING),
    ("Greeting", True, _fact("greeting")),
    ("STARTTLS", False, _starttls),
    ("TLS version", False, _fact("tlsVersion")),
    ("TLS cipher", False, _fact("tlsCipher")),
    ("Certificate", False, _certificate_id),
    ("Certificate until", False, _fact("certificateNotAfter")),
    ("Login mechanisms", False, _logins),
    ("Login used", False, _fact("loginMechanism")),
)
"""Names of rows, whether a difference is mild (a greeting may hold a name or the time), and how to read them."""


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
