"""Rotas, their overrides, and who is on call, as our own API reads and answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.monitors import check_name
from controller.decisions.on_call.rota import OnCall
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model.notification.on_call import NamedChannel, Rota, RotaOverride
from controller.model.values.ruled import ruled
from controller.operations.on_call.rotas import LONGEST_URL, RotaChange

RotaName = Annotated[
    str,
    Meta(
        description="1 to 255 printable characters, different from the names of other rotas.",
        min_length=1,
        max_length=255,
        examples=["First line"],
        extra=ruled(check_name),
    ),
]
CalendarUrl = Annotated[
    str,
    Meta(
        description="The subscription address of a calendar (RFC 5545), by http, https or webcal; no answer shows it."
        " An event is a shift of the people whose e-mail addresses its ATTENDEE or SUMMARY names, else of the channel"
        " whose name is its SUMMARY.",
        min_length=1,
        max_length=LONGEST_URL,
    ),
]


class RotaBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A rota to make. Without `url` overrides alone say who is on call."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"id", "createdAt", "updatedAt"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "First line", "url": "https://calendar.example.com/rota.ics"}

    name: RotaName
    url: CalendarUrl | None = None


class RotaPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is; a `url` of null removes the calendar."""

    IGNORED: ClassVar[frozenset[str]] = RotaBody.IGNORED
    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Second line"}

    name: RotaName | UnsetType = UNSET
    url: CalendarUrl | UnsetType | None = UNSET


class SkippedItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An entry of the calendar that is no shift, and why."""

    name: str
    reason: str


class RotaItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rota. What its calendar says changes by itself and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"fetched_at", "failing_since", "problem", "events", "skipped"})

    id: UUID
    name: RotaName
    has_url: Annotated[bool, Meta(description="Whether a calendar is read.")]
    host: Annotated[str | None, Meta(description="The host of the calendar's address; null without a calendar.")]
    events: Annotated[int, Meta(description="How many events of the calendar are shifts.")]
    skipped: Annotated[
        list[SkippedItem], Meta(description="The first 20 calendar entries that are no shifts, and why.")
    ]
    fetched_at: Annotated[Timestamp | None, Meta(description="When it was read last.")]
    failing_since: Annotated[
        Timestamp | None, Meta(description="Since when it cannot be read; until it can be, the shifts read last stay.")
    ]
    problem: Annotated[str | None, Meta(description="Why it cannot be read.")]
    created_at: Timestamp
    updated_at: Timestamp


class RotaPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All rotas, by name. `nextCursor` is always null."""

    items: list[RotaItem]
    next_cursor: str | None


class OverrideBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who is on call instead: a person, or a channel. The override that was made last wins over others."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "from": "2027-03-28T18:00:00.000Z",
        "to": "2027-03-29T06:00:00.000Z",
        "person": "ann@example.com",
    }

    from_: Annotated[datetime, Meta(description="A moment with an offset.", tz=True)] = msgspec.field(name="from")
    to: Annotated[datetime, Meta(description="At most 31 days later, and to come.", tz=True)]
    person: (
        Annotated[str, Meta(description="The e-mail address of somebody in the organization.", max_length=254)] | None
    ) = None
    channel_id: Annotated[UUID, Meta(description="An active channel of the organization.")] | None = None


class OnCallPersonItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A person, who is told by e-mail."""

    id: UUID
    email: str


class OnCallChannelItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A channel that stands for somebody."""

    id: UUID
    name: str


class OverrideItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An override: of a person or a channel."""

    id: UUID
    from_: Timestamp = msgspec.field(name="from")
    to: Timestamp
    person: OnCallPersonItem | None
    channel: OnCallChannelItem | None


class OverridePage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The overrides that are not over, by their beginnings. `nextCursor` is always null."""

    items: list[OverrideItem]
    next_cursor: str | None


class OnCallAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is on call at a moment."""

    at: Annotated[Timestamp, Meta(description="The moment that was asked for.")]
    until: Annotated[
        Timestamp | None,
        Meta(description="When the next shift or override begins or ends; null: not within a month."),
    ]
    source: Annotated[
        Literal["override", "calendar", "nobody"],
        Meta(description="What says so. With nobody the channels of a step are told alone."),
    ]
    people: list[OnCallPersonItem]
    channels: list[OnCallChannelItem]
    unknown: Annotated[list[str], Meta(description="Shifts of then that name nobody of the organization.")]


BODIES = (
    RotaBody,
    RotaPatch,
    SkippedItem,
    RotaItem,
    RotaPage,
    OverrideBody,
    OnCallPersonItem,
    OnCallChannelItem,
    OverrideItem,
    OverridePage,
    OnCallAnswer,
)
_ANN = {"id": "46464646-4646-4646-8646-464646464646", "email": "ann@example.com"}
EXAMPLE: dict[str, Any] = {
    "id": "45454545-4545-4545-8545-454545454545",
    "name": "First line",
    "hasUrl": True,
    "host": "calendar.example.com",
    "events": 12,
    "skipped": [{"name": "Team lunch", "reason": "is cancelled"}],
    "fetchedAt": "2026-01-01T12:00:00.000Z",
    "failingSince": None,
    "problem": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
OVERRIDE_EXAMPLE: dict[str, Any] = {
    "id": "47474747-4747-4747-8747-474747474747",
    "from": "2027-03-28T18:00:00.000Z",
    "to": "2027-03-29T06:00:00.000Z",
    "person": _ANN,
    "channel": None,
}
CALENDAR_EXAMPLE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Mailprobe//On call//EN
BEGIN:VEVENT
SUMMARY:ann@example.com
DTSTART:20270328T180000Z
DTEND:20270329T060000Z
UID:45454545-4545-4545-8545-454545454545-20270328T180000Z
DESCRIPTION:On call in First line\\, by an override.
END:VEVENT
END:VCALENDAR
"""
ON_CALL_EXAMPLE: dict[str, Any] = {
    "at": "2027-03-28T20:00:00.000Z",
    "until": "2027-03-29T06:00:00.000Z",
    "source": "override",
    "people": [_ANN],
    "channels": [],
    "unknown": [],
}


def rota_change(body: RotaBody | RotaPatch) -> RotaChange:
    return RotaChange(name=body.name, url=body.url)


def rota_item(found: Rota) -> RotaItem:
    return RotaItem(
        id=found.public_id,
        name=found.name,
        has_url=found.host is not None,
        host=found.host,
        events=len(found.events),
        skipped=[SkippedItem(name=one.name, reason=one.reason) for one in found.skipped],
        fetched_at=timestamp_or_none(found.fetched_at),
        failing_since=timestamp_or_none(found.failing_since),
        problem=found.problem,
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
    )


def override_item(one: RotaOverride) -> OverrideItem:
    return OverrideItem(
        id=one.public_id,
        from_=timestamp(one.from_at),
        to=timestamp(one.to_at),
        person=OnCallPersonItem(id=one.person.public_id, email=one.person.email) if one.person else None,
        channel=_channel(one.channel) if one.channel else None,
    )


def on_call_answer(found: OnCall, at: datetime) -> OnCallAnswer:
    return OnCallAnswer(
        at=timestamp(at),
        until=timestamp_or_none(found.until),
        source=found.source.value,
        people=[OnCallPersonItem(id=one.public_id, email=one.email) for one in found.people],
        channels=[_channel(one) for one in found.channels],
        unknown=list(found.unknown),
    )


def _channel(one: NamedChannel) -> OnCallChannelItem:
    return OnCallChannelItem(id=one.public_id, name=one.name)
