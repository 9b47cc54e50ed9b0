"""The shapes of facts and of their changes."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.http.timestamps import Timestamp, timestamp
from controller.operations.facts.facts import FactAt, FactChanges, MonitorFacts, StoredFactChange
from shared.wire.targets import KINDS

_FACT = Meta(
    description="certificate, certificateTrusted, starttls, tlsVersion, greeting, capabilities and loginMechanisms"
    " (these with InClear when they were listed without TLS), or a fact of the monitor's kind."
)


class FactValue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value that a fact had, or has."""

    name: Annotated[str, _FACT]
    value: Annotated[str, Meta(description="In words, or as it is on the wire.")]
    holds: Annotated[bool, Meta(description="Whether it is the present value: the last three rounds showed no other.")]
    address: Annotated[str | None, Meta(description="The address at which it was seen; null: not known.")]
    first_seen_at: Annotated[Timestamp, Meta(description="The round that showed it first.")]
    last_seen_at: Annotated[Timestamp, Meta(description="The round that showed it last.")]


class LocationFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one location sees."""

    location: Annotated[str, Meta(description="The code of the location.")]
    name: Annotated[str, Meta(description="The name of the location.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    facts: Annotated[list[FactValue], Meta(description="By name, the present value first.")]


class FactsOfMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the locations see of a monitor's server."""

    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    kind: Annotated[str, Meta(description="The monitor's.")]
    locations: Annotated[list[LocationFacts], Meta(description="By country; without those that saw nothing yet.")]


class FactChangeItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact that changed, or a finding that began or ended."""

    id: Annotated[UUID, Meta(description="The same as `eventId` of its event.")]
    at: Annotated[Timestamp, Meta(description="When the round that decided it was due.")]
    change: Annotated[str, Meta(description="changed (a fact), began or ended (a finding).")]
    fact: Annotated[str | None, Meta(description="The fact that changed, as certificate; null for a finding.")]
    finding: Annotated[
        str | None,
        Meta(description="starttls_stripped, downgrade_suspected or interception_suspected; null for a fact."),
    ]
    before: Annotated[str | None, Meta(description="The value before; null for a finding.")]
    after: Annotated[str | None, Meta(description="The value from then on, or what a finding rests on.")]
    locations: Annotated[list[str], Meta(description="The codes of the locations that see it.")]
    countries: Annotated[list[str], Meta(description="Their countries, in the same order.")]
    words: Annotated[str, Meta(description="The change in a sentence for people.")]
    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    monitor_name: Annotated[str, Meta(description="The monitor's.")]
    kind: Annotated[str, Meta(description="The monitor's.")]
    customer_id: Annotated[UUID, Meta(description="The customer's.")]


class FactChangePage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Newest first."""

    items: Annotated[list[FactChangeItem], Meta(description="Some changes.")]
    next_cursor: Annotated[str | None, Meta(description="Where the next page begins; null at the end.")]


def facts_answer(found: MonitorFacts) -> FactsOfMonitor:
    places: dict[str, list[FactAt]] = {}
    for one in found.facts:
        places.setdefault(one.location, []).append(one)
    return FactsOfMonitor(
        monitor_id=found.monitor.public_id,
        kind=found.monitor.kind,
        locations=[
            LocationFacts(
                location=code, name=own[0].location_name, country=own[0].country, facts=[_value(one) for one in own]
            )
            for code, own in places.items()
        ],
    )


def _value(one: FactAt) -> FactValue:
    return FactValue(
        name=one.name,
        value=one.value,
        holds=one.holds,
        address=one.address,
        first_seen_at=timestamp(one.first_at),
        last_seen_at=timestamp(one.last_at),
    )


def changes_answer(found: FactChanges) -> FactChangePage:
    return FactChangePage(items=[_change(one) for one in found.changes], next_cursor=found.next_cursor)


def _change(one: StoredFactChange) -> FactChangeItem:
    return FactChangeItem(
        id=one.public_id,
        at=timestamp(one.at),
        change=one.change,
        fact=one.fact,
        finding=one.finding,
        before=one.before,
        after=one.after,
        locations=one.locations,
        countries=one.countries,
        words=one.words,
        monitor_id=one.monitor_public_id,
        monitor_name=one.monitor_name,
        kind=one.monitor_kind,
        customer_id=one.customer_public_id,
    )


_MONITOR = "33333333-3333-4333-8333-333333333333"

FACTS_EXAMPLE: dict[str, Any] = {
    "monitorId": _MONITOR,
    "kind": KINDS[0],
    "locations": [
        {
            "location": "de-nbg",
            "name": "Nuremberg",
            "country": "DE",
            "facts": [
                {
                    "name": "starttls",
                    "value": "offered",
                    "holds": True,
                    "address": "192.0.2.1",
                    "firstSeenAt": "2026-01-01T12:00:00.000Z",
                    "lastSeenAt": "2026-01-02T12:00:00.000Z",
                }
            ],
        }
    ],
}
CHANGES_EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "id": "77777777-7777-4777-8777-777777777777",
            "at": "2026-01-01T12:03:00.000Z",
            "change": "changed",
            "fact": "tlsVersion",
            "finding": None,
            "before": "TLSv1.2",
            "after": "TLSv1.3",
            "locations": ["de-nbg", "fi-hel"],
            "countries": ["DE", "FI"],
            "words": "The TLS version changed from TLSv1.2 to TLSv1.3 in DE, FI",
            "monitorId": _MONITOR,
            "monitorName": "MX of example.com",
            "kind": KINDS[0],
            "customerId": "22222222-2222-4222-8222-222222222222",
        }
    ],
    "nextCursor": None,
}
