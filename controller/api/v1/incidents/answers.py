"""Incidents as lists of our own API show them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.operations.incidents.incident_pages import PagedIncident
from shared.wire.targets import KINDS

State = Annotated[
    Literal["unacknowledged", "acknowledged", "resolved"],
    Meta(description="An open incident is acknowledged when somebody takes care of it."),
]
Severity = Annotated[
    Literal["down", "partial"], Meta(description="partial: only some locations fail, and always the same ones.")
]
_KIND = Meta(description="The kind of the monitor.", extra_json_schema={"enum": list(KINDS)})


class IncidentEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A confirmed outage. The names of monitor and customer are the present ones."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"last_notified_at", "monitor_name"})

    id: Annotated[UUID, Meta(description="The same in all its events.")]
    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    monitor_name: Annotated[str, Meta(description="The monitor's.")]
    kind: Annotated[str, _KIND]
    customer_id: Annotated[UUID, Meta(description="The customer that owned the monitor when the incident was opened.")]
    state: State
    severity: Severity
    reason: Annotated[str, Meta(description="Why, in words for people: that of its opening.")]
    flapping: Annotated[bool, Meta(description="Whether it is held open because the outage comes and goes.")]
    outage_started_at: Annotated[Timestamp, Meta(description="When the first failing round was due.")]
    started_at: Annotated[Timestamp, Meta(description="When the outage was confirmed, which opened the incident.")]
    acknowledged_at: Annotated[
        Timestamp | None, Meta(description="Null while nobody has it: nobody acknowledged it, or the time is over.")
    ]
    acknowledged_by: Annotated[
        str | None,
        Meta(description="The person's e-mail address, the token's name, or the receiver of the message answered."),
    ]
    acknowledged_until: Annotated[
        Timestamp | None, Meta(description="When that ends; null when it lasts until the incident is resolved.")
    ]
    resolved_at: Annotated[Timestamp | None, Meta(description="Null while it is open.")]
    last_notified_at: Annotated[Timestamp | None, Meta(description="When somebody was notified of it last.")]
    created_at: Annotated[Timestamp, Meta(description="The same as startedAt.")]
    updated_at: Annotated[Timestamp, Meta(description="When its timeline changed last.")]


class IncidentEntries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some incidents. `nextCursor` is null at the end."""

    items: list[IncidentEntry]
    next_cursor: Annotated[str | None, Meta(description="The `cursor` of the next page; null at the end.")]


def incident_entry(found: PagedIncident) -> IncidentEntry:
    return IncidentEntry(
        id=found.public_id,
        monitor_id=found.monitor_public_id,
        monitor_name=found.monitor_name,
        kind=found.monitor_kind,
        customer_id=found.customer_public_id,
        state=state_of(resolved=found.resolved_at is not None, acknowledged=found.acknowledged_at is not None),
        severity="down" if found.severity == "down" else "partial",
        reason=found.reason,
        flapping=found.flapping,
        outage_started_at=timestamp(found.outage_started_at),
        started_at=timestamp(found.started_at),
        acknowledged_at=timestamp_or_none(found.acknowledged_at),
        acknowledged_by=found.acknowledged_by,
        acknowledged_until=timestamp_or_none(found.acknowledged_until),
        resolved_at=timestamp_or_none(found.resolved_at),
        last_notified_at=timestamp_or_none(found.last_notified_at),
        created_at=timestamp(found.started_at),
        updated_at=timestamp(found.updated_at),
    )


def state_of(*, resolved: bool, acknowledged: bool) -> Literal["unacknowledged", "acknowledged", "resolved"]:
    if resolved:
        return "resolved"
    return "acknowledged" if acknowledged else "unacknowledged"


ENTRY: dict[str, Any] = {
    "id": "66666666-6666-4666-8666-666666666666",
    "monitorId": "33333333-3333-4333-8333-333333333333",
    "monitorName": "MX of example.com",
    "kind": KINDS[0],
    "customerId": "11111111-1111-4111-8111-111111111111",
    "state": "acknowledged",
    "severity": "down",
    "reason": "2 of 2 countries cannot connect: refused",
    "flapping": False,
    "outageStartedAt": "2026-01-01T12:00:00.000Z",
    "startedAt": "2026-01-01T12:00:10.050Z",
    "acknowledgedAt": "2026-01-01T12:03:00.000Z",
    "acknowledgedBy": "admin@example.com",
    "acknowledgedUntil": "2026-01-01T14:03:00.000Z",
    "resolvedAt": None,
    "lastNotifiedAt": "2026-01-01T12:00:11.000Z",
    "createdAt": "2026-01-01T12:00:10.050Z",
    "updatedAt": "2026-01-01T12:03:00.000Z",
}
EXAMPLE: dict[str, Any] = {"items": [ENTRY], "nextCursor": None}
