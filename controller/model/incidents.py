"""Outages, and the channels on which people are notified of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


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


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel for notifications. It belongs to a monitor, to a customer, or to the whole organization when it names
    neither.

    `config` is as sent, with its secrets encrypted in place (controller.vault). `owner_id` is the customer it belongs
    to, directly or through its monitor, whose kind is `monitor_kind`. A channel that is `for_ops` receives notices
    about the installation, and none about incidents.
    """

    id: int
    organization_id: int
    customer_id: int | None
    monitor_id: int | None
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
    created_at: datetime
    updated_at: datetime
