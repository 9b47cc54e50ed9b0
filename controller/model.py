"""What the controller knows: frozen records, and the closed lists they use. No I/O, no clock."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from controller.errors import OrganizationRequiredError
from shared.failures import CheckWarning, Failure
from shared.messages import PhaseTiming, ResultStatus, TranscriptLine, Unfitness
from shared.rounds import Purpose


class MonitorStatus(StrEnum):
    ACTIVE = "active"
    MAINTENANCE = "maintenance"  # scheduled, but nobody is told
    DISABLED = "disabled"  # not scheduled


class Mode(StrEnum):
    """How a round asks its locations, and what they must say together to be believed (AlertSite's names)."""

    PRIMARY = "Primary"
    GLOBAL_NOTIFY = "Global Notify"
    GLOBAL_VERIFY = "Global Verify"
    ROUND_ROBIN = "Round Robin"
    SLA = "SLA"


class GapReason(StrEnum):
    """Why a check of a round has no result."""

    NO_AGENT = "no_agent"  # no agent of the location was ready when the round was due
    UNFIT = "unfit"  # every agent of the location that was ready told that it cannot do such a check
    LATE = "late"  # the controllers were away or behind until it was too late to begin
    NO_RESULT = "no_result"  # handed to the broker, but no agent began it in time or its result never came


class Role(StrEnum):
    """What an account, or the token of an organization or a customer, stands for (decisions.access)."""

    ADMIN = "admin"
    USER = "user"
    EDITOR = "editor"
    READONLY = "readonly"
    GLOBAL_SUPPORTER = "global_supporter"
    GLOBAL_ADMIN = "global_admin"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: an API token (`token_id`) or a person (`account_id`).

    `works_in` is the organization this request is about: their own, or the one a global role named; None for a global
    admin who named none. `customer_ids` are the customers it is limited to; None is no limit.
    """

    works_in: int | None
    role: Role
    customer_ids: frozenset[int] | None = None
    token_id: int | None = None
    account_id: int | None = None

    @property
    def organization_id(self) -> int:
        """Raises OrganizationRequiredError when it is not known which organization is meant."""
        if self.works_in is None:
            raise OrganizationRequiredError
        return self.works_in


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever owns customers, people and monitors. The default notification channels and targets are as sent; times are
    told in `time_zone` (an IANA name).
    """

    id: int
    public_id: UUID
    name: str
    company_name: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    vat_id: str | None = None
    billing_email: str | None = None
    allowed_check_country_codes: list[str] | None = None
    default_notification_channels: dict[str, Any] | None = None
    default_notification_targets: dict[str, Any] | None = None
    time_zone: str = "UTC"
    created_at: datetime
    updated_at: datetime


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Whom monitors belong to. `status` is active or marked_for_cancellation; `package_type` is kept as sent."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    email: str | None = None
    status: str = "active"
    package_type: str | None = None
    notification_email: str | None = None
    notification_phone_number: str | None = None
    allowed_check_country_codes: list[str] | None = None
    alert_location_threshold_count: int | None = None
    monthly_reports_enabled: bool = False
    custom_fields: dict[str, Any] | None = None
    cancelled_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person who can log in. `customer_ids` are the customers it is limited to; None is no limit."""

    id: int
    public_id: UUID
    organization_id: int
    email: str
    first_name: str | None
    last_name: str | None
    role: Role
    customer_ids: list[int] | None
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without the token itself; `hint` is its beginning. Without a customer it is the organization's."""

    id: int
    organization_id: int
    customer_id: int | None
    customer_name: str | None
    name: str
    hint: str
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place checks run from. `public_key` seals logins to it (shared.sealing), and so do `older_keys` as long as its
    agents may have an enrolment file with one of them. `nats_url` is what was given for those files.
    """

    id: int
    code: str
    name: str
    country_code: str
    enabled: bool
    public_key: str
    older_keys: tuple[str, ...] = ()
    nats_url: str | None = None
    removed: bool = False


class AgentSighting(msgspec.Struct, frozen=True, kw_only=True):
    """The latest heartbeat of one agent of a location (shared.messages.Heartbeat); `last_seen_at` is by the database's
    clock.
    """

    name: str
    kinds: list[str]
    version: str
    started_at: datetime
    last_seen_at: datetime
    running: int = 0
    waiting: int = 0
    capacity: int = 0
    loop_lag_ms: float = 0.0
    unfit: list[Unfitness] = []
    clock_offset_ms: float | None = None


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as stored. `config` is what the user sent, its secrets encrypted in place (controller.vault).

    `location_ids` None is every location; `mode` None leaves it to the rules of the customer. `ipv4` is connected to
    only without `resolve_dns`. `alertsite` holds the fields of that API that change nothing here.
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
        """What is connected to instead of looking the host name up."""
        return None if self.resolve_dns else self.ipv4


class ScheduledMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """What scheduling and dispatching a monitor's checks takes, and no more: a controller holds one for each monitor.

    `allowed_check_country_codes` is the effective list: the first there is of monitor, customer, organization; None
    means every country. `config` is as stored, its secrets encrypted. `address` is connected to instead of looking the
    host name up. Which of its locations a round asks: controller.decisions.rotation; by the policy that holds for it,
    one in turn (`in_turn`), or all, since only the home location votes (`home_votes`).
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
    address: str | None = None
    location_ids: list[int] | None = None
    home_location_id: int | None = None
    in_turn: bool = False
    home_votes: bool = False
    rotate_locations: bool = False
    locations_per_round: int = 1


class LatestCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The latest finished check of a monitor at one location; `checked_at` is that of the latest that was not blind."""

    monitor_id: int
    location_id: int
    due_at: datetime
    status: ResultStatus
    failure_kind: str | None
    checked_at: datetime | None


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored result of one check, with the location it came from. Durations are milliseconds; `loop_lag_ms` is None
    in results of before it was stored.
    """

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
    transcript: list[TranscriptLine]
    loop_lag_ms: float | None
    kernel_rtt_ms: float | None
    login_withheld: bool


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
    """One attempt to tell of an incident on one channel; it failed when there is an error message."""

    id: int
    incident_id: int
    channel_type: str
    channel_name: str
    sent_at: datetime
    error_message: str | None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are told. Of a monitor, of a customer, or of the whole organization when it names neither.

    `config` is as sent, its secrets encrypted in place (controller.vault). `owner_id` is the customer it belongs to,
    itself or by its monitor, whose kind is `monitor_kind`. One that is `for_ops` hears what concerns the installation,
    and of no incident.
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
