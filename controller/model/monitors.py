"""Monitors: what is checked, and how."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class MonitorStatus(StrEnum):
    ACTIVE = "active"
    MAINTENANCE = "maintenance"  # scheduled, but nobody is notified
    DISABLED = "disabled"  # not scheduled


class Mode(StrEnum):
    """How a round uses its locations, and how many of them must fail to confirm an outage (AlertSite's names)."""

    PRIMARY = "Primary"
    GLOBAL_NOTIFY = "Global Notify"
    GLOBAL_VERIFY = "Global Verify"
    ROUND_ROBIN = "Round Robin"
    SLA = "SLA"


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as stored. `config` is what the user sent, with its secrets encrypted in place (controller.vault).

    `location_ids` None is every location; `mode` None leaves the policy to the customer or organization. `ipv4` is
    connected to only without `resolve_dns`. `alertsite` holds the fields of that API that change nothing here. Until
    `evaluation_deadline_seconds` after its due moment a result is evidence; None: as its start and timeout allow.
    """

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
    evaluation_deadline_seconds: int | None
    allowed_check_country_codes: list[str] | None
    config: dict[str, Any]
    notification_email: str | None
    notification_phone_number: str | None
    ipv4: str | None
    resolve_dns: bool
    location_ids: list[int] | None
    home_location_id: int | None
    mode: Mode | None
    rotate_locations: bool
    locations_per_round: int
    retry_on_failure: bool
    notify_on_error: bool
    alertsite: dict[str, Any]
    last_checked_at: datetime | None
    target_changed_at: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def address(self) -> str | None:
        """The address to connect to instead of resolving the host name."""
        return None if self.resolve_dns else self.ipv4


class ScheduledMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to schedule and dispatch a monitor's checks, and no more: a controller holds one for each monitor.

    `allowed_check_country_codes` is the effective list: the first one set of monitor, customer, organization; None
    means every country. `config` is as stored, its secrets encrypted. `address` is connected to instead of resolving
    the host name. Which of its locations take part in a round: controller.decisions.schedule.rotation. By the policy
    that holds for it, they take part one at a time (`in_turn`), or all of them, since only the home location votes
    (`home_votes`).
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
    evaluation_deadline_seconds: int | None = None
    address: str | None = None
    location_ids: list[int] | None = None
    home_location_id: int | None = None
    in_turn: bool = False
    home_votes: bool = False
    rotate_locations: bool = False
    locations_per_round: int = 1
