"""Events of the public stream about what surrounds checks: gaps, maintenance, deliveries and configuration.

They are part of the wire format (shared.wire.messages has the rest), to which fields are only added.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET

from shared.wire.messages import (
    CountryCode,
    EventId,
    EventSequence,
    EventType,
    LocationCode,
    Replayed,
    Timestamp,
    described,
)
from shared.wire.rounds import Purpose
from shared.wire.targets import KINDS_TEXT


class GapEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Checks of a monitor at one location that were due have no result. A result that comes later is still sent."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When the gap was recorded.")]
    location: LocationCode
    country: CountryCode
    purpose: Purpose
    reason: Annotated[str, described("Why there is no result, in one word, as no_result or late.")]
    due_from: Annotated[Timestamp, described("When the first of these checks was due.")]
    due_to: Annotated[Timestamp, described("When the last one was due; the same for a single check.")]
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET


class MaintenanceEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The maintenance of a monitor began or ended. Meanwhile nobody is notified, and it is checked unless its windows
    suspend that. Windows that touch or overlap each other are one maintenance.
    """

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When it was changed.")]
    change: Annotated[str, described("began or ended.")]
    effect: Annotated[
        str, described("silence (checks go on) or suspend (there are none); empty in events of older versions.")
    ] = ""
    since: Annotated[Timestamp | None, described("When it began. Null in events of older versions.")] = None
    until: Annotated[
        Timestamp | None,
        described("When it ends as planned, or ended; null while it has no end, and in events of older versions."),
    ] = None
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET


class DeliveryEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A notification about an incident was sent to one receiver, or an attempt to send it failed."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When the attempt ended.")]
    incident_id: Annotated[UUID, described("The incident that it is about.")]
    delivery_id: Annotated[UUID, described("The same in all attempts of one notification to one receiver.")]
    outcome: Annotated[
        str, described("sent, retrying (it failed and is tried again), failed (it is given up) or skipped.")
    ]
    channel: Annotated[str, described("The type of the channel, as email, sms, webhook or slack.")]
    name: Annotated[str, described("The name of the channel, or the address where there is none.")]
    attempt: Annotated[int, described("The number of the attempt, from 1.")]
    error: Annotated[str | None, described("Why it was not sent, in words for people; null when it was.")] = None
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET


class ChangedObject(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The object that was changed."""

    kind: Annotated[str, described("monitor, customer, organization, channel, user, token or subscriber.")]
    id: Annotated[str | None, described("Its public UUID, or the number of an object that has none.")]


class ChangedBy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who made a change."""

    kind: Annotated[str, described("person, token, command (of an operator) or message (answered by its link).")]
    id: Annotated[str | None, described("The public UUID of the person, the id of the token; null for a command.")]


class ConfigurationEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody created, changed or deleted an object. It names the fields and holds none of their values."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: Annotated[UUID | None, described("Null when the object belongs to the whole organization.")]
    monitor_id: Annotated[UUID | None, described("Null when the object is neither a monitor nor belongs to one.")]
    occurred_at: Annotated[Timestamp, described("When it was changed.")]
    action: Annotated[str, described("What was done, as monitor.created; the same word as in the audit log.")]
    object: ChangedObject
    by: ChangedBy
    fields: Annotated[list[str], described("The names of the fields that differ, as in the audit log, sorted.")]
    kind: Annotated[str, described(f"The kind of the monitor ({KINDS_TEXT}), or empty.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET
