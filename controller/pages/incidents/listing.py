"""What the list of incidents shows, and how its address is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from controller.errors import InvalidError
from controller.kinds import label_of
from controller.model import Customer, IncidentSummary
from controller.operations.incidents.incident_list import SEVERITIES, STATES, IncidentSearch, IncidentsPage

PER_PAGE = 50
_MOST_PAGES = 10_000

STATE_WORDS = {
    "open": "open",
    "unacknowledged": "open, nobody has it",
    "acknowledged": "open, acknowledged",
    "resolved": "resolved",
}


class IncidentQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of the list's address, as it was sent; empty texts are no filter."""

    state: str = ""
    severity: str = ""
    monitor: str = ""
    customer: str = ""
    since: str = ""
    until: str = ""
    page: int = 1

    def address(self, page: int) -> str:
        """The path of another page of the same list."""
        values = {
            "state": self.state,
            "severity": self.severity,
            "monitor": self.monitor,
            "customer": self.customer,
            "from": self.since,
            "to": self.until,
            "page": str(page) if page > 1 else "",
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/incidents?{query}" if query else "/incidents"

    @property
    def filtered(self) -> bool:
        return any((self.state, self.severity, self.monitor, self.customer, self.since, self.until))


class IncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is the mark: that of the severity while it is open, `up` once it is resolved."""

    incident: IncidentSummary
    state: str
    word: str
    server: str

    @property
    def takeable(self) -> bool:
        """Whether somebody could acknowledge it."""
        return self.incident.resolved_at is None and self.incident.acknowledged_at is None


class IncidentListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list; `here` is its own path, `first` the number of its first row."""

    query: IncidentQuery
    rows: list[IncidentRow]
    total: int
    first: int
    now: datetime
    here: str
    previous: str | None
    following: str | None
    monitor_name: str | None
    customers: list[tuple[str, str]]
    states: list[tuple[str, str]]
    severities: list[tuple[str, str]]


def read_query(values: Mapping[str, str]) -> IncidentQuery:
    """Raises InvalidError for a page that is no number."""
    page = values.get("page", "1")
    if not page.isdecimal() or not 1 <= int(page[:6]) <= _MOST_PAGES:
        raise InvalidError("page", f"must be a number from 1 to {_MOST_PAGES}")
    return IncidentQuery(
        state=values.get("state", ""),
        severity=values.get("severity", ""),
        monitor=values.get("monitor", ""),
        customer=values.get("customer", ""),
        since=values.get("from", ""),
        until=values.get("to", ""),
        page=int(page[:6]),
    )


def search_of(query: IncidentQuery) -> IncidentSearch:
    """What to search for. Raises InvalidError naming what is wrong with the address."""
    return IncidentSearch(
        state=query.state or None,
        severity=query.severity or None,
        monitor=identifier(query.monitor, "monitor"),
        customer=identifier(query.customer, "customer"),
        since=_day(query.since, "from"),
        until=_day(query.until, "to", after=1),
    )


def list_view(
    query: IncidentQuery,
    found: IncidentsPage,
    customers: Sequence[Customer],
    monitor_name: str | None,
    now: datetime,
) -> IncidentListView:
    first = (query.page - 1) * PER_PAGE + 1
    return IncidentListView(
        query=query,
        rows=[row_of(one, found.servers[one.monitor_public_id]) for one in found.incidents],
        total=found.total,
        first=first,
        now=now,
        here=query.address(query.page),
        previous=query.address(query.page - 1) if query.page > 1 else None,
        following=query.address(query.page + 1) if found.total >= first + PER_PAGE else None,
        monitor_name=monitor_name,
        customers=[(str(one.public_id), one.name) for one in customers],
        states=[(state, STATE_WORDS[state]) for state in STATES],
        severities=[(severity, severity) for severity in SEVERITIES],
    )


def row_of(found: IncidentSummary, servers: Sequence[str]) -> IncidentRow:
    resolved = found.resolved_at is not None
    return IncidentRow(
        incident=found,
        state="up" if resolved else found.severity,
        word="resolved" if resolved else found.severity,
        server=server_of(found.monitor_kind, servers),
    )


def server_of(kind: str, servers: Sequence[str]) -> str:
    """For example "SMTP mail.example.com:587"."""
    return f"{label_of(kind)} {' and '.join(servers)}"


def identifier(text: str, field: str) -> UUID | None:
    """A public id of an address; None when it is not given. Raises InvalidError."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidError(field, "must be the id of one") from None


def _day(text: str, field: str, *, after: int = 0) -> datetime | None:
    """The beginning of a day, or of the one so many days after it."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=after)
    except (ValueError, OverflowError):
        raise InvalidError(field, "must be a day, as 2026-11-22") from None
