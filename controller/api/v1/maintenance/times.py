"""Times of maintenance windows as our own API reads and answers them: of a wall clock, and as instants."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from controller.decisions.maintenance.occurrences import Occurrence
from controller.decisions.maintenance.rules import MOST_COUNT, MOST_INTERVAL
from controller.errors import InvalidError
from controller.model.maintenance import Day, Frequency, Recurrence, Weekday
from controller.model.values.ruled import ruled

LOCAL_RULE = "must be a local date and time without an offset, as 2027-03-28T02:15:00"
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_DAY = re.compile(r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)")
_DAY_RULE = "must be a weekday as MO, with its number in monthly and yearly rules as 2TU or -1FR"


def local_time(text: str, *, field: str) -> datetime:
    """Raises InvalidError."""
    if _LOCAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise InvalidError(field, LOCAL_RULE)


def weekday(text: str, *, field: str) -> Day:
    """Raises InvalidError."""
    found = _DAY.fullmatch(text)
    if found is None:
        raise InvalidError(field, _DAY_RULE)
    return Day(Weekday(found[2]), int(found[1]) if found[1] else None)


LocalTime = Annotated[
    str,
    Meta(
        description="A time of the wall clock in `timeZone`, without an offset. One that the clock skips in spring is"
        " as long after the change; of one that comes twice in autumn, a start is the first and an end the second.",
        max_length=40,
        examples=["2027-03-28T02:15:00"],
        extra=ruled(local_time),
    ),
]
DayName = Annotated[
    str,
    Meta(
        description="As in RFC 5545: MO, TU, WE, TH, FR, SA or SU. Monthly and yearly rules may number it: 2TU is the"
        " second Tuesday, -1FR the last Friday.",
        max_length=5,
        examples=["2TU"],
        extra=ruled(weekday),
    ),
]


class RecurrenceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a window recurs: a part of the rules of RFC 5545 (3.3.10). What a rule leaves out is as in `start`."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"frequency": "monthly", "byDay": ["2TU"]}

    frequency: Annotated[
        Literal["daily", "weekly", "monthly", "yearly"],
        Meta(description="What `interval` counts.", examples=["weekly"]),
    ]
    interval: Annotated[int, Meta(description="Default 1: every one. 2 is every other.", ge=1, le=MOST_INTERVAL)] = 1
    by_day: Annotated[list[DayName], Meta(description="Only on these days of the week.", max_length=32)] = []
    by_month_day: Annotated[
        list[Annotated[int, Meta(ge=-1, le=31)]],
        Meta(
            description="Only on these days of the month; -1 is its last. Months without a 29th, 30th or 31st are"
            " skipped.",
            max_length=32,
            examples=[[1, 15]],
        ),
    ] = []
    by_set_pos: Annotated[
        list[Annotated[int, Meta(ge=-366, le=366)]],
        Meta(
            description="Of the days that fit in a month or year only these, counted from its beginning, or with a"
            " minus sign from its end.",
            max_length=32,
            examples=[[-1]],
        ),
    ] = []
    count: (
        Annotated[int, Meta(description="How often it takes place; null: without a limit.", ge=1, le=MOST_COUNT)] | None
    ) = None
    until: Annotated[LocalTime, Meta(description="The last start that it may have; null: without an end.")] | None = (
        None
    )


class OccurrenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when a window is, with the offsets of its zone."""

    from_: Annotated[
        str,
        Meta(description="When it begins.", extra_json_schema={"format": "date-time"}),
    ] = msgspec.field(name="from")
    to: (
        Annotated[
            str, Meta(description="When it is over; null: without an end.", extra_json_schema={"format": "date-time"})
        ]
        | None
    )
    seconds: (
        Annotated[
            int,
            Meta(
                description="How long that is, longer or shorter by the change of the clock; 0: the change leaves"
                " nothing of it, and it does not take place."
            ),
        ]
        | None
    )


def recurrence_of(body: RecurrenceBody) -> Recurrence:
    """Raises InvalidError."""
    return Recurrence(
        frequency=Frequency(body.frequency),
        interval=body.interval,
        by_day=tuple(weekday(text, field="recurrence.byDay") for text in body.by_day),
        by_month_day=tuple(body.by_month_day),
        by_set_pos=tuple(body.by_set_pos),
        count=body.count,
        until=None if body.until is None else local_time(body.until, field="recurrence.until"),
    )


def recurrence_body(rule: Recurrence) -> RecurrenceBody:
    return RecurrenceBody(
        frequency=rule.frequency.value,
        interval=rule.interval,
        by_day=[day.weekday.value if day.nth is None else f"{day.nth}{day.weekday}" for day in rule.by_day],
        by_month_day=list(rule.by_month_day),
        by_set_pos=list(rule.by_set_pos),
        count=rule.count,
        until=None if rule.until is None else rule.until.isoformat(),
    )


def occurrence_item(one: Occurrence, zone: ZoneInfo) -> OccurrenceItem:
    return OccurrenceItem(
        from_=one.from_at.astimezone(zone).isoformat(timespec="seconds"),
        to=None if one.to_at is None else one.to_at.astimezone(zone).isoformat(timespec="seconds"),
        seconds=one.seconds,
    )
