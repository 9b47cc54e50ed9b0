"""Recipients: notification channels with what AlertSite's API says of them, their groups, and their quiet times."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class RecipientSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What only AlertSite's API says of a channel. The defaults are those of a channel that was made elsewhere: it
    hears of every outage from its first failing round on, and of its end.

    `start_threshold` is how many failing rounds in a row come before the first message, `stop_threshold` how many
    messages about one outage there are at most (0: no limit; its end does not count).
    """

    method_id: int | None = None
    availability_alert: bool = True
    notify_on_clear: bool = True
    performance_alert: bool = False
    performance_alert_type: str | None = None
    repeat_performance_alerts: bool = False
    start_threshold: int = 1
    stop_threshold: int = 0
    attach_screen_capture: bool = False
    attach_server_response: bool = False
    remote_commands: bool = False
    username: str | None = None


class GroupMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor of a group. `step_number` is stored and returned; a mail monitor is one step."""

    id: int
    public_id: UUID
    name: str
    step_number: int = 0


class GroupRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """A notification channel of a group."""

    id: int
    public_id: UUID
    name: str


class RecipientGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Which recipients hear of which monitors. The organization's default group hears of monitors in no group."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    is_default: bool
    extras: dict[str, Any]
    monitors: list[GroupMonitor]
    recipients: list[GroupRecipient]
    created_at: datetime
    updated_at: datetime

    @property
    def error_types(self) -> list[int]:
        """The statuses of failures of which its recipients hear; none named are all."""
        return list(self.extras.get("errortypes", []))


class RecipientBlackout(msgspec.Struct, frozen=True, kw_only=True):
    """When a recipient hears nothing: the times are those of the zone's wall clock, without an offset."""

    id: int
    organization_id: int
    channel_id: int
    channel_name: str
    owner_id: int | None
    time_zone: str
    start: datetime
    end: datetime
    weekly: bool
    note: str
    made_by: str | None
    created_at: datetime
