"""Maintenance windows as Uptimeify's clients send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.http.identifiers import INVALID_CUSTOMER
from controller.http.timestamps import Timestamp
from controller.kinds import check_types

TYPES = check_types()
"""The types of monitor, as this API writes them."""

Id = Annotated[int | str, Meta(description="The number or the public UUID.", examples=[200])]
Moment = Annotated[
    str,
    Meta(
        description="ISO 8601, in UTC without an offset. Whole seconds count.",
        examples=["2026-01-01T22:00:00.000Z"],
    ),
]
LastDay = Annotated[
    str | None,
    Meta(
        description="No occurrence begins after this moment, or after this day.",
        examples=["2026-12-31"],
    ),
]
Name = Annotated[str, Meta(description="1 to 255 printable characters.", examples=["Move to the new rack"])]
Description = Annotated[str | None, Meta(description="At most 2,000 characters; an empty text is null.")]
Customer = Annotated[
    int | str | None, Meta(description="Only monitors of this customer are meant, by number or public UUID.")
]
TagIds = Annotated[list[int] | None, Meta(description="The numbers of tags, whose monitors are meant.", examples=[[1]])]
NotHere = Annotated[int | str | None, Meta(description="Null: there are no monitors of this type here.")]
Older = Annotated[int | str | None, Meta(description="Instead of targets: the only monitor, by number or public UUID.")]


class UptimeifyTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that a window is for."""

    type: Annotated[str, Meta(description="The type of the monitor.", extra_json_schema={"enum": list(TYPES)})]
    id: Id


class RecurrencePattern(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a window recurs, on the clock of the organization's time zone.

    `daysOfWeek` are numbers from 0 (Sunday) to 6 or English names, in daily and weekly patterns; `dayOfMonth` belongs
    to monthly ones, and months that do not have the day are skipped. Without them the days are those of the start.
    """

    frequency: Annotated[
        str,
        Meta(
            description="daily, weekly, monthly or yearly.",
            extra_json_schema={"enum": ["daily", "weekly", "monthly", "yearly"]},
        ),
    ]
    interval: Annotated[int | None, Meta(description="Every so many days, weeks, months or years: 1 to 1000.")] = 1
    days_of_week: Annotated[list[int | str] | None, Meta(description="0 is Sunday.", examples=[[1, 3]])] = None
    day_of_month: Annotated[int | None, Meta(description="1 to 31.", examples=[15])] = None
    end_recurrence_date: LastDay = None


class WindowFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that create and update share."""

    REFUSALS: ClassVar[dict[str, str]] = {"customerId": INVALID_CUSTOMER}

    targets: list[UptimeifyTarget] | UnsetType | None = UNSET
    tag_ids: TagIds | UnsetType = UNSET
    customer_id: Customer | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    is_recurring: bool | UnsetType = UNSET
    recurrence_pattern: RecurrencePattern | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    smtp_monitor_id: Older | UnsetType = UNSET
    imap_pop_monitor_id: Older | UnsetType = UNSET
    website_id: NotHere | UnsetType = UNSET
    icmp_monitor_id: NotHere | UnsetType = UNSET
    ssh_monitor_id: NotHere | UnsetType = UNSET
    ftp_monitor_id: NotHere | UnsetType = UNSET
    dns_monitor_id: NotHere | UnsetType = UNSET
    customer_ip_id: NotHere | UnsetType = UNSET
    customer_domain_id: NotHere | UnsetType = UNSET


class NewWindowBody(WindowFields, frozen=True, kw_only=True, rename="camel"):
    """A window to make, for at least one monitor or tag."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Patch night",
        "startTime": "2026-01-05T22:00:00.000Z",
        "endTime": "2026-01-05T23:30:00.000Z",
        "targets": [{"type": "smtp", "id": 200}],
        "isRecurring": True,
        "recurrencePattern": {"frequency": "weekly", "interval": 1, "daysOfWeek": [1]},
    }

    name: Name
    start_time: Moment
    end_time: Moment


class WindowUpdate(WindowFields, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value. `targets` and `tagIds` replace the whole selection."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Patch night, later", "isActive": True}

    name: Name | UnsetType = UNSET
    start_time: Moment | UnsetType = UNSET
    end_time: Moment | UnsetType = UNSET


class ShownTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that a window is for, by its number."""

    type: str
    id: int


class ShownPattern(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a window recurs; of a rule made elsewhere that a pattern cannot express, what is nearest."""

    frequency: str
    interval: int
    days_of_week: list[int] | None
    day_of_month: int | None
    end_recurrence_date: Timestamp | None


class ShownTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that a window is for."""

    id: int
    name: str
    color: str


class WindowAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`startTime` and `endTime` are those of the first occurrence, or of the only one as it really was; `endTime` is
    null for a window that lasts until somebody ends it. The single ids repeat `targets` where that is one monitor.
    """

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int | None
    name: str
    description: str | None
    start_time: Timestamp
    end_time: Timestamp | None
    is_recurring: bool
    recurrence_pattern: ShownPattern | None
    is_active: bool
    targets: list[ShownTarget]
    tags: list[ShownTag]
    website_id: None = None
    icmp_monitor_id: None = None
    smtp_monitor_id: int | None
    ssh_monitor_id: None = None
    ftp_monitor_id: None = None
    imap_pop_monitor_id: int | None
    dns_monitor_id: None = None
    customer_ip_id: None = None
    customer_domain_id: None = None
    created_at: Timestamp
    updated_at: Timestamp


WINDOW: dict[str, Any] = {
    "id": 7,
    "publicId": "77777777-7777-4777-8777-777777777777",
    "organizationId": 1,
    "customerId": 10,
    "name": "Patch night",
    "description": None,
    "startTime": "2026-01-05T22:00:00.000Z",
    "endTime": "2026-01-05T23:30:00.000Z",
    "isRecurring": True,
    "recurrencePattern": {
        "frequency": "weekly",
        "interval": 1,
        "daysOfWeek": [1],
        "dayOfMonth": None,
        "endRecurrenceDate": None,
    },
    "isActive": True,
    "targets": [{"type": "smtp", "id": 200}],
    "tags": [],
    "websiteId": None,
    "icmpMonitorId": None,
    "smtpMonitorId": 200,
    "sshMonitorId": None,
    "ftpMonitorId": None,
    "imapPopMonitorId": None,
    "dnsMonitorId": None,
    "customerIpId": None,
    "customerDomainId": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}

BODIES = (NewWindowBody, WindowUpdate, WindowAnswer)
