"""What the controller knows: frozen records, and the closed lists they use. No I/O, no clock."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from shared.failures import CheckWarning, Failure
from shared.messages import PhaseTiming, ResultStatus
from shared.rounds import Purpose


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


class AgentSighting(msgspec.Struct, frozen=True, kw_only=True):
    """The latest heartbeat of one agent of a location; `last_seen_at` is by the database's clock."""

    name: str
    kinds: list[str]
    version: str
    started_at: datetime
    last_seen_at: datetime


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


class ScheduledMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """What scheduling and dispatching a monitor's checks takes, and no more: a controller holds one for each monitor.

    `allowed_check_country_codes` is the effective list: the first there is of monitor, customer, organization; None
    means every country. `config` is as stored, its secrets encrypted.
    """

    id: int
    public_id: UUID
    kind: str
    hostname: str
    port: int | None
    config: dict[str, Any]
    interval_seconds: int
    timeout_seconds: int
    allowed_check_country_codes: list[str] | None
    target_changed_at: datetime
    updated_at: datetime


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored result of one check, with the location it came from. Durations are milliseconds."""

    check_id: UUID
    location_id: int
    location_code: str
    location_name: str
    country_code: str
    purpose: Purpose
    status: ResultStatus
    due_at: datetime
    started_at: datetime
    duration_ms: float
    agent: str
    address: str | None
    failure: Failure | None
    phases: list[PhaseTiming]
    warnings: list[CheckWarning]
    facts: dict[str, Any]
