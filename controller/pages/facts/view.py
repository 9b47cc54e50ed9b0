"""What the feed of changes shows, and how its address is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from controller.decisions.comparison.change_words import FACT_NAMES, FINDINGS
from controller.decisions.comparison.signs import SignKind
from controller.errors import InvalidError
from controller.kinds import BY_NAME
from controller.model import Customer
from controller.operations.facts.facts import FINDING_NAMES, ChangeFilter, FactChanges, StoredFactChange

PER_PAGE = 50

_ENDED, _CHANGED = "up", "unknown"
_STATES = {
    SignKind.STARTTLS_STRIPPED.value: "degraded",
    SignKind.DOWNGRADE_SUSPECTED.value: "degraded",
    SignKind.INTERCEPTION_SUSPECTED.value: "partial",
}


class ChangesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of the feed's address, as it was sent; empty texts are no filter. `what` is a fact or a finding."""

    what: str = ""
    monitor: str = ""
    customer: str = ""
    country: str = ""
    location: str = ""
    since: str = ""
    until: str = ""
    cursor: str = ""

    def address(self, cursor: str | None = None) -> str:
        """The path of another page of the same feed."""
        values = {
            "what": self.what,
            "monitor": self.monitor,
            "customer": self.customer,
            "country": self.country,
            "location": self.location,
            "from": self.since,
            "to": self.until,
            "cursor": cursor or "",
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/changes?{query}" if query else "/changes"

    @property
    def filtered(self) -> bool:
        return any((self.what, self.monitor, self.customer, self.country, self.location, self.since, self.until))


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is the mark with its `word`; None for a fact, which is neither good nor bad. `meaning` explains a finding
    that began.
    """

    at: datetime
    words: str
    state: str | None
    word: str
    meaning: str
    monitor: UUID
    monitor_name: str
    customer_name: str
    locations: list[str]


class ChangesView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the feed."""

    query: ChangesQuery
    rows: list[ChangeRow]
    older: str | None
    monitor_name: str | None
    customers: list[tuple[str, str]]
    findings: list[tuple[str, str]]
    facts: list[tuple[str, str]]


def read_changes_query(values: Mapping[str, str]) -> ChangesQuery:
    return ChangesQuery(
        what=values.get("what", ""),
        monitor=values.get("monitor", ""),
        customer=values.get("customer", ""),
        country=values.get("country", "").strip(),
        location=values.get("location", "").strip(),
        since=values.get("from", ""),
        until=values.get("to", ""),
        cursor=values.get("cursor", ""),
    )


def changes_filter(query: ChangesQuery) -> ChangeFilter:
    """Raises InvalidError naming what is wrong with the address."""
    finding = query.what if query.what in FINDING_NAMES else None
    return ChangeFilter(
        monitor=_identifier(query.monitor, "monitor"),
        customer=_identifier(query.customer, "customer"),
        country=query.country.upper() or None,
        location=query.location.lower() or None,
        finding=finding,
        fact=None if finding else query.what or None,
        since=_day(query.since, "from"),
        until=_day(query.until, "to", after=1),
    )


def changes_view(
    query: ChangesQuery, found: FactChanges, customers: Sequence[Customer], monitor_name: str | None
) -> ChangesView:
    return ChangesView(
        query=query,
        rows=[change_row(one) for one in found.changes],
        older=query.address(found.next_cursor) if found.next_cursor else None,
        monitor_name=monitor_name,
        customers=[(str(one.public_id), one.name) for one in customers],
        findings=[(name, FINDINGS[SignKind(name)].name) for name in FINDING_NAMES],
        facts=_fact_choices(),
    )


def change_row(one: StoredFactChange) -> ChangeRow:
    state, word, meaning = None, "changed", ""
    if one.finding is not None:
        known = FINDINGS.get(SignKind(one.finding)) if one.finding in set(SignKind) else None
        began = one.change == "began"
        state = _STATES.get(one.finding, _CHANGED) if began else _ENDED
        word = (known.name if known else one.finding.replace("_", " ")) if began else "over"
        meaning = known.meaning if known and began else ""
    return ChangeRow(
        at=one.at,
        words=one.words,
        state=state,
        word=word,
        meaning=meaning,
        monitor=one.monitor_public_id,
        monitor_name=one.monitor_name,
        customer_name=one.customer_name,
        locations=one.locations,
    )


def _fact_choices() -> list[tuple[str, str]]:
    own = {name: words for kind in BY_NAME.values() for name, words in kind.words.facts.items()}
    return list({**FACT_NAMES, **own}.items())


def _identifier(text: str, field: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidError(field, "must be a UUID") from None


def _day(text: str, field: str, *, after: int = 0) -> datetime | None:
    """The beginning of a day, or of the one so many days after it."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=after) if text else None
    except (ValueError, OverflowError):
        raise InvalidError(field, "must be a day such as 2026-01-31") from None
