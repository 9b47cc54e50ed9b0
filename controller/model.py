"""What the controller knows: frozen records, and the closed lists they use. No I/O, no clock."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class MonitorStatus(StrEnum):
    ACTIVE = "active"
    MAINTENANCE = "maintenance"  # scheduled, but nobody is told
    DISABLED = "disabled"  # not scheduled


class GapReason(StrEnum):
    """Why a check of a round has no result."""

    NO_AGENT = "no_agent"  # no agent of the location was ready when the round was due
    LATE = "late"  # the controllers were away or behind until it was too late to begin
    NO_RESULT = "no_result"  # handed to the broker, but no agent began it in time or its result never came


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a token of an organization, perhaps limited to one customer."""

    token_id: int
    organization_id: int
    customer_id: int | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    public_id: UUID
    organization_id: int
    name: str


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place checks run from. `public_key` seals logins to it (shared.sealing)."""

    id: int
    code: str
    name: str
    country_code: str
    enabled: bool
    public_key: str


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as stored. `config` is what the user sent, its secrets encrypted in place (controller.vault)."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int
    customer_name: str
    kind: str
    name: str
    hostname: str
    port: int | None
    status: MonitorStatus
    interval_seconds: int
    timeout_seconds: int
    allowed_check_country_codes: list[str] | None
    config: dict[str, Any]
    notification_email: str | None
    notification_phone_number: str | None
    last_checked_at: datetime | None
    target_changed_at: datetime
    created_at: datetime
    updated_at: datetime
