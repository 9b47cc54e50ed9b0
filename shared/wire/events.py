"""What is told of verdicts and incidents: the evidence they rest on, and their events on the public stream.

Part of the wire (shared.messages has the rest): it only grows.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from shared.wire.failures import Failure
from shared.wire.messages import CountryCode, EventId, EventType, LocationCode, Moment, described
from shared.wire.rounds import Purpose


class Testimony(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one location says."""

    location: LocationCode
    country: CountryCode
    ballot: Annotated[str, described("Its vote: passed, warned, failed or blind. A blind location does not vote.")]
    check_id: Annotated[UUID | None, described("Null when no result came in time.")] = None
    failure: Annotated[Failure | None, described("Why it is failed or blind, as far as there is a result.")] = None
    told: Annotated[str, described("The first warning in words, or empty.")] = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all voters of one look said: of the round due at that moment, or of a recheck."""

    due_at: Moment
    purpose: Purpose
    votes: Annotated[list[Testimony], described("Of each location that was asked.")]


class VerdictEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The verdict on a monitor changed: what all its locations say together, after rechecks."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Moment, described("When it was decided.")]
    verdict: Annotated[str, described("What holds from now on: up, degraded, partial, down or unknown.")]
    previous: Annotated[str, described("What held before.")]
    reason: Annotated[str, described("Why, in words for people.")]
    evidence: Annotated[
        Evidence | None,
        described(
            "Null when nobody looked: the monitor was disabled, deleted or changed, or a person resolved its incident."
        ),
    ] = None
    kind: Annotated[str, described("The kind of the monitor: smtp, imap or pop3.")] = ""


class IncidentEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something happened to an incident, by itself or by a person."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Moment, described("When it happened.")]
    incident_id: Annotated[UUID, described("The same in all events of one incident.")]
    change: Annotated[
        str,
        described(
            "By itself: opened, escalated (partial became down), eased (down became partial), flapping (held open,"
            " because it comes and goes) or resolved. By a person: acknowledged, commented or resolved."
        ),
    ]
    severity: Annotated[str, described("down, or partial: only some locations, but always the same, fail.")]
    reason: Annotated[str, described("Why, in words for people; or the comment of the person.")]
    outage_started_at: Annotated[Moment, described("The due moment of the first failing round.")]
    started_at: Annotated[Moment, described("When the outage was confirmed and the incident opened.")]
    resolved_at: Annotated[Moment | None, described("Null while the incident is open.")] = None
    flapping: Annotated[bool, described("Whether it is held open because it comes and goes.")] = False
    evidence: Annotated[Evidence | None, described("Null when a person did it.")] = None
    kind: Annotated[str, described("The kind of the monitor: smtp, imap or pop3.")] = ""
