"""The feed of changes: facts of servers that changed, and findings that began or ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from controller.decisions.comparison.change_words import words_of_change
from controller.store.events import outbox
from controller.store.events.outbox import NewEvent
from controller.store.events.owners import EventOwner
from controller.store.platform.pool import Connection, Database
from shared.wire import json_times, subjects
from shared.wire.fact_events import FactEvent
from shared.wire.messages import EventType

KEPT_DAYS = 400


class NewChange(NamedTuple):
    """A fact that `changed` from one value to another, or a finding that `began` or `ended`, with the codes and
    countries of its locations. `before` and `after` of a finding say what the location sees and why it ended.
    """

    monitor_id: int
    organization_id: int
    customer_id: int
    owner: EventOwner
    at: datetime
    change: str
    fact: str | None
    finding: str | None
    before: str | None
    after: str | None
    locations: tuple[str, ...]
    countries: tuple[str, ...]

    @property
    def words(self) -> str:
        return words_of_change(self.change, self.fact, self.finding, self.before, self.after, self.countries)


async def insert(connection: Connection, changes: Sequence[NewChange]) -> list[UUID]:
    """Add these changes, and queue an event of each."""
    if not changes:
        return []
    numbers = [uuid4() for _ in changes]
    await connection.executemany(
        """
        INSERT INTO fact_change (public_id, monitor_id, organization_id, customer_id, at, change, fact, finding, before,
          after, locations, countries)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        [
            (
                number,
                one.monitor_id,
                one.organization_id,
                one.customer_id,
                one.at,
                one.change,
                one.fact,
                one.finding,
                one.before,
                one.after,
                list(one.locations),
                list(one.countries),
            )
            for number, one in zip(numbers, changes, strict=True)
        ],
    )
    await outbox.insert(connection, [_event(number, one) for number, one in zip(numbers, changes, strict=True)])
    return numbers


def _event(number: UUID, one: NewChange) -> NewEvent:
    owner = one.owner
    event = FactEvent(
        event_id=number,
        type=EventType.FACT,
        organization_id=owner.organization,
        customer_id=owner.customer,
        monitor_id=owner.monitor,
        occurred_at=one.at,
        change=one.change,
        fact=one.fact,
        finding=one.finding,
        before=one.before,
        after=one.after,
        locations=list(one.locations),
        countries=list(one.countries),
        words=one.words,
        kind=owner.kind,
    )
    subject = subjects.event(owner.organization, owner.customer, owner.monitor, EventType.FACT)
    return NewEvent(number, subject, json_times.encode(event))


class ChangeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes to list; None is any."""

    monitor: UUID | None = None
    customer: UUID | None = None
    location: str | None = None
    country: str | None = None
    fact: str | None = None
    finding: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class StoredFactChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the feed, with its monitor and customer."""

    id: int
    public_id: UUID
    at: datetime
    change: str
    fact: str | None
    finding: str | None
    before: str | None
    after: str | None
    locations: list[str]
    countries: list[str]
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    customer_public_id: UUID
    customer_name: str

    @property
    def words(self) -> str:
        return words_of_change(self.change, self.fact, self.finding, self.before, self.after, self.countries)


_LIST = """
SELECT change.id, change.public_id, change.at, change.change, change.fact, change.finding, change.before, change.after,
  change.locations, change.countries, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
  monitor.kind AS monitor_kind, customer.public_id AS customer_public_id, customer.name AS customer_name
FROM fact_change AS change JOIN monitor ON monitor.id = change.monitor_id
JOIN customer ON customer.id = change.customer_id
WHERE monitor.deleted_at IS NULL
  AND ($1::bigint IS NULL OR change.organization_id = $1) AND ($2::bigint[] IS NULL OR change.customer_id = ANY ($2))
  AND ($3::uuid IS NULL OR monitor.public_id = $3) AND ($4::uuid IS NULL OR customer.public_id = $4)
  AND ($5::text IS NULL OR $5 = ANY (change.locations)) AND ($6::text IS NULL OR $6 = ANY (change.countries))
  AND ($7::text IS NULL OR change.fact = $7) AND ($8::text IS NULL OR change.finding = $8)
  AND ($9::timestamptz IS NULL OR change.at >= $9) AND ($10::timestamptz IS NULL OR change.at < $10)
  AND ($11::bigint IS NULL OR change.id < $11)
ORDER BY change.id DESC LIMIT $12
"""


async def listed(
    connection: Connection,
    organization_id: int | None,
    customer_ids: Collection[int] | None,
    filters: ChangeFilter,
    *,
    before: int | None,
    limit: int,
) -> list[StoredFactChange]:
    """The newest first, of this organization and these customers (None: any); only those before that number."""
    rows = await connection.fetch(
        _LIST,
        organization_id,
        None if customer_ids is None else sorted(customer_ids),
        filters.monitor,
        filters.customer,
        filters.location,
        filters.country,
        filters.fact,
        filters.finding,
        filters.since,
        filters.until,
        before,
        limit,
    )
    return [StoredFactChange(**row) for row in rows]


async def forget_old(db: Database) -> None:
    """Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute("DELETE FROM fact_change WHERE at < now() - make_interval(days => $1)", KEPT_DAYS)
