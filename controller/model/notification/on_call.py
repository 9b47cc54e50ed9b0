"""Who is told when nobody takes an incident: reminders, escalation policies, and rotas of people on call."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.model.maintenance import Recurrence


class Reminders(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Whether receivers are reminded of what nobody has taken: first after `first_minutes`, then after pauses that
    double until they are `max_minutes`. What is None is as the owner above says, or has its default.
    """

    enabled: bool | None = None
    first_minutes: int | None = None
    max_minutes: int | None = None


class NamedChannel(NamedTuple):
    id: int
    public_id: UUID
    name: str
    type: str


class NamedRota(NamedTuple):
    id: int
    public_id: UUID
    name: str


class EscalationStep(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told after so many minutes in which nobody took the incidents: channels, and who is on call in a rota."""

    minutes: int
    channels: tuple[NamedChannel, ...] = ()
    rota: NamedRota | None = None


class EscalationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy of an organization or, in place of that, of a customer. `severity` is down, or partial for both."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int | None
    customer_public_id: UUID | None
    customer_name: str | None
    name: str
    severity: str
    enabled: bool
    steps: tuple[EscalationStep, ...]
    created_at: datetime
    updated_at: datetime


class RotaEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shift of the calendar, on the wall clock of its zone. `emails` are those of its attendees. `without` are starts
    at which the rule has no shift, because the calendar moved or removed it.
    """

    uid: str
    summary: str
    time_zone: str
    start: datetime
    end: datetime
    recurrence: Recurrence | None = None
    emails: tuple[str, ...] = ()
    without: tuple[datetime, ...] = ()


class SkippedEntry(NamedTuple):
    """An entry of the calendar that is not taken, and why."""

    name: str
    reason: str


class OnCallPerson(NamedTuple):
    """`customer_ids` are the customers that the person is limited to; None is no limit."""

    id: int
    public_id: UUID
    email: str
    customer_ids: frozenset[int] | None = None


class RotaOverride(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is on call from one moment until another: a person or a channel."""

    id: int
    public_id: UUID
    from_at: datetime
    to_at: datetime
    person: OnCallPerson | None = None
    channel: NamedChannel | None = None


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """A rota with its shifts. Its URL, which is a secret, is only said to be at `host`."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    host: str | None
    events: tuple[RotaEvent, ...]
    skipped: tuple[SkippedEntry, ...]
    fetched_at: datetime | None
    failing_since: datetime | None
    problem: str | None
    created_at: datetime
    updated_at: datetime
