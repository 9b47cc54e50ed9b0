"""Outages, and the channels on which people are notified of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shared.wire.events import Evidence


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed outage of a monitor; it goes on while `ended_at` is None. `type` is the category of the failure,
    `severity` partial or down.
    """

    id: int
    public_id: UUID
    type: str
    severity: str
    reason: str
    started_at: datetime
    ended_at: datetime | None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send a notification of an incident on one channel; it failed when there is an error message."""

    id: int
    incident_id: int
    channel_type: str
    channel_name: str
    sent_at: datetime
    error_message: str | None


class MonitorIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of a monitor that is known. `outage_started_at` is the due moment of its first failing round, and
    `resolved_at` None while it is open. `acknowledged_by` names who has it until `acknowledged_until` (None: until it
    is resolved): a person, a token, or the address or channel of a message; None when nobody does.
    """

    public_id: UUID
    severity: str
    reason: str
    outage_started_at: datetime
    started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    flapping: bool


class IncidentSummary(MonitorIncident, frozen=True, kw_only=True):
    """An incident in a list, with its monitor and customer."""

    customer_id: int
    customer_name: str
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    hostname: str
    port: int | None


class DeliveryTry(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a delivery; it failed when there is an error."""

    at: datetime
    error: str | None


class DeliveryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A notification of a change (`change_kind`) to one receiver; of a notice about the installation the kind is
    `notice`, and because nobody took an incident `reminder`, or `step` with the number of an escalation policy's
    `step`. `state`: waiting, held (by quiet hours), digested (told in the digest after them), sent,
    failed (for good), skipped.

    `receiver` is an address for e-mail and text messages, else the name of the channel. `next_at` is the next attempt
    while it waits. `tries` are the latest attempts, oldest first, of `attempts` in all.
    """

    change_id: int | None
    change_kind: str
    step: int | None = None
    type: str
    channel_name: str | None
    receiver: str
    state: str
    attempts: int
    next_at: datetime
    created_at: datetime
    sent_at: datetime | None
    error: str | None
    tries: list[DeliveryTry]


class ChannelDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that went to a channel, or was to. `subject` is the monitor's name. A notice that is about no
    incident has its title there, and neither incident nor monitor.
    """

    id: int
    incident_public_id: UUID | None
    monitor_public_id: UUID | None
    subject: str
    record: DeliveryRecord


class UnconfirmedRun(msgspec.Struct, frozen=True, kw_only=True):
    """Failing evaluations of a monitor, close to each other, that opened no incident.

    `reason`, `missing` (what an incident would have needed) and `evidence` are of the one in which most locations
    failed: `failing` of them. `ended_by` is scheduled or recheck, the evaluation at `ended_at` in which nothing failed
    any more, or incident; None while that is not known.
    """

    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    first_at: datetime
    last_at: datetime
    evaluations: int
    failing: int
    reason: str
    missing: str
    evidence: Evidence
    ended_at: datetime | None
    ended_by: str | None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel for notifications. It belongs to a monitor, to a customer, or to the whole organization when it names
    neither.

    `config` is as sent, with its secrets encrypted in place (controller.vault). `owner_id` is the customer it belongs
    to, directly or through its monitor, whose kind is `monitor_kind`. A channel that is `for_ops` receives notices
    about the installation, and none about incidents. `fact_changes` are the kinds of changes of servers that it is
    notified of (controller.decisions.notification.fact_subscriptions). `recipient` is what only AlertSite's API says of
    it (controller.model.notification.recipients); None has the defaults. `quiet_hours` are as in
    controller.model.notification.quiet_hours, `digest` as in controller.model.values.digest.
    """

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int | None
    customer_public_id: UUID | None
    monitor_id: int | None
    monitor_public_id: UUID | None
    monitor_kind: str | None
    owner_id: int | None
    type: str
    category: str
    name: str
    config: dict[str, Any]
    priority: int
    delay_seconds: int
    conditions: dict[str, Any] | None
    is_active: bool
    allowed_package_types: list[str] | None
    for_ops: bool
    fact_changes: list[str] = []
    recipient: dict[str, Any] | None = None
    quiet_hours: dict[str, Any] | None = None
    digest: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
