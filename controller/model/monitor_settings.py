"""What is set for a monitor, each field once: as it is stored, and as a change of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

Notes = Annotated[str, Meta(description="Free text for people; line breaks are kept.", max_length=2000)]


class MonitorStatus(StrEnum):
    ACTIVE = "active"
    MAINTENANCE = "maintenance"  # scheduled, but nobody is notified: a maintenance window without an end
    DISABLED = "disabled"  # not scheduled


class Mode(StrEnum):
    """How a round uses its locations, and how many of them must fail to confirm an outage (AlertSite's names)."""

    PRIMARY = "Primary"
    GLOBAL_NOTIFY = "Global Notify"
    GLOBAL_VERIFY = "Global Verify"
    ROUND_ROBIN = "Round Robin"
    SLA = "SLA"


class MonitorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All that is stored of a monitor but its ids and timestamps; each field is a column of the table, but for
    the status (controller.store.monitors.statements). `config` is what
    the user sent, with its secrets encrypted in place (controller.vault).

    `location_ids` None is every location; `mode` None leaves the policy to the customer or organization. `ipv4` is
    connected to only without `resolve_dns`. `alertsite` holds the fields of that API that change nothing here. Until
    `evaluation_deadline_seconds` after its due moment a result is evidence; None: as its start and timeout allow. A
    program that manages the monitor knows it by `external_key`, unique within its `project`; both are set, or none.
    """

    kind: str
    name: str = ""
    hostname: str = ""
    port: int | None = None
    status: MonitorStatus = msgspec.field(default=MonitorStatus.ACTIVE, name="set_status")
    interval_seconds: int
    timeout_seconds: int
    evaluation_deadline_seconds: int | None = None
    allowed_check_country_codes: list[str] | None = None
    config: dict[str, Any] = {}
    notification_email: str | None = None
    notification_phone_number: str | None = None
    notes: Notes | None = None
    labels: dict[str, str] = {}
    project: str | None = None
    external_key: str | None = None
    ipv4: str | None = None
    resolve_dns: bool = True
    location_ids: list[int] | None = None
    home_location_id: int | None = None
    mode: Mode | None = None
    rotate_locations: bool = False
    locations_per_round: int = 1
    retry_on_failure: bool = False
    notify_on_error: bool = True
    alertsite: dict[str, Any] = {}

    @property
    def address(self) -> str | None:
        """The address to connect to instead of resolving the host name."""
        return None if self.resolve_dns else self.ipv4


class MonitorChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values of a monitor's settings; a field that is unset keeps its value. `config` is in clear, with masks for
    secrets to keep. The other settings follow from these; without `kind` it is what the config says.
    """

    kind: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    hostname: str | UnsetType = UNSET
    port: int | UnsetType | None = UNSET
    status: MonitorStatus | UnsetType = UNSET
    interval_seconds: int | UnsetType = UNSET
    timeout_seconds: int | UnsetType = UNSET
    allowed_check_country_codes: list[str] | UnsetType | None = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    notification_email: str | UnsetType | None = UNSET
    notification_phone_number: str | UnsetType | None = UNSET
    notes: Notes | UnsetType | None = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    project: str | UnsetType | None = UNSET
    external_key: str | UnsetType | None = UNSET
    ipv4: str | UnsetType | None = UNSET
    resolve_dns: bool | UnsetType = UNSET
    location_ids: list[int] | UnsetType | None = UNSET
    home_location_id: int | UnsetType | None = UNSET
    mode: Mode | UnsetType | None = UNSET
    rotate_locations: bool | UnsetType = UNSET
    locations_per_round: int | UnsetType = UNSET
    retry_on_failure: bool | UnsetType = UNSET
    notify_on_error: bool | UnsetType = UNSET
    alertsite: dict[str, Any] | UnsetType = UNSET

    def values(self) -> dict[str, Any]:
        """The values that are set, by the names of their fields."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}
