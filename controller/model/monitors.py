"""Monitors: what is checked, and how."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.model.maintenance import InMaintenance
from controller.model.monitor_settings import MonitorSettings


class Monitor(MonitorSettings, frozen=True, kw_only=True):
    """A monitor as stored. `maintenance`: whether it is in maintenance by any window, also by its status."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int
    customer_name: str
    last_checked_at: datetime | None
    target_changed_at: datetime
    created_at: datetime
    updated_at: datetime
    maintenance: InMaintenance | None = None


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
