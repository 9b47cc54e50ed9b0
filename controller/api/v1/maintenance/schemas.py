"""Maintenance windows as our own API reads and answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.maintenance.times import (
    LocalTime,
    OccurrenceItem,
    RecurrenceBody,
    local_time,
    occurrence_item,
    recurrence_body,
    recurrence_of,
)
from controller.decisions.maintenance.expansion import coming, timetable
from controller.decisions.maintenance.rules import LONGEST_DESCRIPTION, MOST_WINDOWS
from controller.decisions.maintenance.time_zones import check_time_zone
from controller.decisions.monitors.monitors import check_name
from controller.http.documents.patch_structs import patch_of
from controller.http.timestamps import Timestamp, timestamp
from controller.model.maintenance import Effect, LabelTarget, MaintenanceWindow
from controller.model.values.ruled import ruled
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange

MOST_TARGETS = 10_000
NEXT = 5
KEPT_NULL = frozenset({"end", "recurrence", "description", "value"})
"""Members that null is a value of, also in a patch."""

WindowName = Annotated[
    str,
    Meta(
        description="1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        examples=["Upgrade of the mail servers"],
        extra=ruled(check_name),
    ),
]
WindowEffect = Annotated[
    Literal["silence", "suspend"],
    Meta(
        description="Default silence: checks go on and nobody is notified. suspend: there are no checks. Where both"
        " hold, there are none.",
    ),
]
WindowZone = Annotated[
    str,
    Meta(
        description="The name of an IANA time zone; in a new window the organization's by default.",
        max_length=64,
        examples=["Europe/Berlin"],
        extra=ruled(check_time_zone),
    ),
]


class LabelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Monitors with this label, as they have it at the moment of a check."""

    key: Annotated[str, Meta(description="The key of the label.", min_length=1, max_length=50, examples=["team"])]
    value: Annotated[str, Meta(description="Its value; null: any.", max_length=100, examples=["mail"])] | None = None


class TargetsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a window is for: all of these together."""

    monitors: Annotated[list[UUID], Meta(description="Ids of monitors.", max_length=MOST_TARGETS)] = []
    labels: Annotated[list[LabelBody], Meta(description="Labels of monitors.", max_length=MOST_TARGETS)] = []
    customers: Annotated[
        list[UUID], Meta(description="Ids of customers: all their monitors.", max_length=MOST_TARGETS)
    ] = []
    locations: Annotated[
        list[Annotated[str, Meta(max_length=100)]],
        Meta(
            description="Codes of locations. They go on checking, but their results are not counted, and their silence"
            " is reported to nobody.",
            max_length=MOST_TARGETS,
        ),
    ] = []
    organization: Annotated[bool, Meta(description="Default false. True: all monitors of the organization.")] = False


class WindowBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A whole maintenance window. What is left out has its default."""

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"id", "next", "activeNow", "monitorStatus", "madeBy", "createdAt", "updatedAt", "warnings"}
    )
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Upgrade of the mail servers",
        "timeZone": "Europe/Berlin",
        "start": "2027-03-28T01:00:00",
        "end": "2027-03-28T04:00:00",
        "recurrence": {"frequency": "monthly", "byDay": ["-1SU"]},
        "targets": {"labels": [{"key": "team", "value": "mail"}]},
        "effect": "silence",
    }

    name: WindowName
    description: Annotated[str, Meta(description="For people; null: none.", max_length=LONGEST_DESCRIPTION)] | None = (
        None
    )
    time_zone: WindowZone | UnsetType = UNSET
    start: Annotated[LocalTime, Meta(description="The first start, on the wall clock of `timeZone`.")]
    end: (
        Annotated[
            LocalTime,
            Meta(
                description="The end of the first occurrence, at most 31 days after its start; null: the window lasts"
                " until somebody ends it."
            ),
        ]
        | None
    )
    recurrence: Annotated[RecurrenceBody, Meta(description="How it recurs; null: it takes place once.")] | None = None
    targets: Annotated[TargetsBody, Meta(description="What it is for.")]
    effect: WindowEffect = "silence"
    enabled: Annotated[bool, Meta(description="Default true. A disabled window never takes place.")] = True


class WindowPatch(msgspec.Struct, frozen=True, kw_only=True):
    """New values (RFC 7396): what is left out stays as it is. `end: null` is a window without an end, and
    `recurrence: null` one that does not recur.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"description": "Postponed by the provider", "enabled": False}


PATCH_BODY = patch_of(WindowPatch, WindowBody)


class WindowItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A maintenance window."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"next", "active_now"})

    id: UUID
    name: WindowName
    description: Annotated[str, Meta(description="For people; null: none.")] | None
    time_zone: WindowZone
    start: LocalTime
    end: LocalTime | None
    recurrence: Annotated[RecurrenceBody, Meta(description="How it recurs; null: it takes place once.")] | None
    targets: Annotated[TargetsBody, Meta(description="What it is for.")]
    effect: WindowEffect
    enabled: Annotated[bool, Meta(description="False: it does not take place.")]
    monitor_status: (
        Annotated[
            UUID,
            Meta(
                description="The monitor of which the window is the status maintenance (`inMaintenance`): it lasts"
                " until that is false. Null for all other windows."
            ),
        ]
        | None
    )
    next: Annotated[
        list[OccurrenceItem],
        Meta(description=f"The next {NEXT} occurrences at most, with one under way as the first."),
    ]
    active_now: Annotated[bool, Meta(description="Whether the window is under way.")]
    made_by: Annotated[str, Meta(description="Who made it, if that account is still there.")] | None
    created_at: Timestamp
    updated_at: Timestamp


class OneWindow(WindowItem, frozen=True, kw_only=True):
    """A window by itself, with what may be wrong with it."""

    UNTAGGED: ClassVar[frozenset[str]] = WindowItem.UNTAGGED | {"warnings"}

    warnings: Annotated[
        list[str], Meta(description="In words for people, as that it takes much of a week. Lists leave them out.")
    ]


class WindowPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some maintenance windows."""

    items: list[WindowItem]
    next_cursor: str | None


def window_item(window: MaintenanceWindow, now: datetime) -> WindowItem:
    """A window as lists have it. `now` is a moment with its offset."""
    zone = ZoneInfo(window.time_zone)
    following = coming(window.stored, timetable(window), now, NEXT) if window.enabled else []
    targets = window.targets
    return WindowItem(
        id=window.public_id,
        name=window.name,
        description=window.description,
        time_zone=window.time_zone,
        start=window.start.isoformat(),
        end=None if window.end is None else window.end.isoformat(),
        recurrence=None if window.recurrence is None else recurrence_body(window.recurrence),
        targets=TargetsBody(
            monitors=[one.public_id for one in targets.monitors],
            labels=[LabelBody(key=one.key, value=one.value) for one in targets.labels],
            customers=[one.public_id for one in targets.customers],
            locations=[one.code for one in targets.locations],
            organization=targets.organization,
        ),
        effect=window.effect.value,
        enabled=window.enabled,
        monitor_status=targets.monitors[0].public_id if window.of_status is not None and targets.monitors else None,
        next=[occurrence_item(one, zone) for one in following],
        active_now=any(one.holds(now) for one in window.stored),
        made_by=window.made_by,
        created_at=timestamp(window.created_at),
        updated_at=timestamp(window.updated_at),
    )


def one_window(window: MaintenanceWindow, warnings: list[str], now: datetime) -> OneWindow:
    return OneWindow(**msgspec.structs.asdict(window_item(window, now)), warnings=warnings)


def window_change(body: WindowBody) -> WindowChange:
    """Raises InvalidError."""
    return WindowChange(
        name=body.name,
        description=body.description,
        time_zone=body.time_zone,
        start=local_time(body.start, field="start"),
        end=None if body.end is None else local_time(body.end, field="end"),
        recurrence=None if body.recurrence is None else recurrence_of(body.recurrence),
        effect=Effect(body.effect),
        enabled=body.enabled,
        targets=targets_change(body.targets),
    )


def targets_change(body: TargetsBody) -> WindowTargetsChange:
    return WindowTargetsChange(
        monitors=body.monitors,
        customers=body.customers,
        locations=body.locations,
        labels=[LabelTarget(one.key, one.value) for one in body.labels],
        organization=body.organization,
    )


EXAMPLE: dict[str, Any] = {
    "id": "88888888-8888-4888-8888-888888888888",
    "name": "Upgrade of the mail servers",
    "description": None,
    "timeZone": "Europe/Berlin",
    "start": "2027-03-28T01:00:00",
    "end": "2027-03-28T04:00:00",
    "recurrence": None,
    "targets": {
        "monitors": [],
        "labels": [{"key": "team", "value": "mail"}],
        "customers": [],
        "locations": [],
        "organization": False,
    },
    "effect": "silence",
    "enabled": True,
    "monitorStatus": None,
    "next": [{"from": "2027-03-28T01:00:00+01:00", "to": "2027-03-28T04:00:00+02:00", "seconds": 7200}],
    "activeNow": False,
    "madeBy": "ops@example.com",
    "createdAt": "2027-01-01T12:00:00.000Z",
    "updatedAt": "2027-01-01T12:00:00.000Z",
}
EXAMPLE_ONE: dict[str, Any] = {**EXAMPLE, "warnings": []}
WINDOWS_RULE = f"organization must have at most {MOST_WINDOWS} maintenance windows"
