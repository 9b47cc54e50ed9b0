"""What is told of verdicts and incidents: the evidence they rest on, and their events on the public stream.

Part of the wire (shared.messages has the rest): it only grows.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from shared.failures import Failure
from shared.messages import EventType
from shared.rounds import Purpose


class Testimony(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one location says. `ballot` is passed, warned, failed or blind; a blind one has no check when its result did
    not come in time. `told` is the first warning in words.
    """

    location: str
    country: str
    ballot: str
    check_id: UUID | None = None
    failure: Failure | None = None
    told: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all voters of one look said: of the round due at that moment, or of a recheck."""

    due_at: datetime
    purpose: Purpose
    votes: list[Testimony]


class VerdictEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor's verdict changed. `verdict` and `previous` are up, degraded, partial, down or unknown. There is no
    evidence when the monitor was disabled, deleted or changed.

    `event_id` is the same however often the event is published.
    """

    event_id: UUID
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: datetime
    verdict: str
    previous: str
    reason: str
    evidence: Evidence | None = None


class IncidentEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something happened to an incident. `change` is opened, escalated, eased, flapping or resolved, or what a person
    did: acknowledged, commented or resolved. `severity` is partial or down. `outage_started_at` is the first failing
    round, `started_at` the confirmation.

    `event_id` is the same however often the event is published.
    """

    event_id: UUID
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: datetime
    incident_id: UUID
    change: str
    severity: str
    reason: str
    outage_started_at: datetime
    started_at: datetime
    resolved_at: datetime | None = None
    flapping: bool = False
    evidence: Evidence | None = None
