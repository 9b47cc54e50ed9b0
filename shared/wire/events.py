"""Verdict and incident events of the public stream, and the evidence that they rest on.

They are part of the wire format (shared.wire.messages has the rest), to which fields are only added.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET

from shared.wire.failures import Failure
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


class LocationEvidence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The outcome at one location."""

    location: LocationCode
    country: CountryCode
    ballot: Annotated[str, described("Its vote: passed, warned, failed or blind. A blind location does not vote.")]
    check_id: Annotated[UUID | None, described("Null when no result came in time.")] = None
    failure: Annotated[Failure | None, described("Why it failed or is blind, if there is a result.")] = None
    warning: Annotated[str, described("The first warning in words, or empty.")] = msgspec.field(default="", name="told")


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The votes of all locations in one evaluation: of the round due at that time, or of a recheck."""

    due_at: Timestamp
    purpose: Purpose
    votes: Annotated[list[LocationEvidence], described("One vote for each location of the round or recheck.")]


class VerdictEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The verdict on a monitor changed. The verdict combines all its locations, after rechecks."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When the verdict changed.")]
    verdict: Annotated[str, described("The verdict from now on: up, degraded, partial, down or unknown.")]
    previous: Annotated[str, described("The verdict before.")]
    reason: Annotated[str, described("Why, in words for people.")]
    evidence: Annotated[
        Evidence | None,
        described(
            "Null without an evaluation: the monitor was disabled, deleted or changed, or a person resolved its"
            " incident."
        ),
    ] = None
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET


class IncidentEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident changed, automatically or by a person."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When the incident changed.")]
    incident_id: Annotated[UUID, described("The same in all events of one incident.")]
    change: Annotated[
        str,
        described(
            "Automatic: opened, escalated (partial became down), eased (down became partial), flapping (held open"
            " because the outage comes and goes), resolved, or"
            " lapsed (an acknowledgement ended). By a person: acknowledged, commented or resolved."
        ),
    ]
    severity: Annotated[str, described("down, or partial: only some locations fail, and always the same ones.")]
    reason: Annotated[str, described("Why, in words for people, or the person's comment.")]
    outage_started_at: Annotated[Timestamp, described("When the first failing round was due.")]
    started_at: Annotated[Timestamp, described("When the outage was confirmed and the incident opened.")]
    resolved_at: Annotated[Timestamp | None, described("Null while the incident is open.")] = None
    flapping: Annotated[bool, described("Whether the incident is held open because the outage comes and goes.")] = False
    acknowledged_by: Annotated[
        str | None,
        described(
            "Who has it: a person's e-mail address, a token's name, or the address or channel whose message was"
            " answered. Null while nobody has it."
        ),
    ] = None
    acknowledged_until: Annotated[
        Timestamp | None, described("When that ends; null when it lasts until the incident is resolved.")
    ] = None
    evidence: Annotated[Evidence | None, described("Null when a person did it.")] = None
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET
