"""The text of an event stream (WHATWG HTML, "Server-sent events"): events of ours, what we say besides, and ids.

An id names a place: which life of the stream EVENTS, and a sequence in it.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from shared.wire.rounds import to_ms

RETRY_MS = range(1000, 3000)
"""How long clients wait before they connect again; each is told another of these, or all would come back at once."""

_ID = re.compile(r"([0-9a-f]{1,16})-([0-9]{1,18})")


class Place(NamedTuple):
    """Behind the event of this sequence, in that life of the stream."""

    life: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.life}-{self.sequence}"


def life_of(created: datetime) -> str:
    """A stream that was deleted and made again counts anew, so its ids must not be taken for those of the first."""
    return f"{to_ms(created):x}"


def read_place(text: str) -> Place:
    """Raises ValueError."""
    found = _ID.fullmatch(text)
    if not found:
        raise ValueError("must be an id that this stream gave, as 19a0c3f5e80-4711")
    return Place(found[1], int(found[2]))


class GapReason(StrEnum):
    EXPIRED = "expired"  # the stream does not reach back so far
    REPLACED = "replaced"  # the stream was made anew, or an older copy of it was put back


class Gap(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of `event: gap`: events between two ids may have been lost, `to` null where nobody knows the last."""

    reason: GapReason
    from_: str = msgspec.field(name="from")
    to: str | None
    message: str


class EndReason(StrEnum):
    STOPPING = "stopping"  # connect again: to another controller, or to this one when it is back
    REVOKED = "revoked"  # the token or session is over
    ACCESS_CHANGED = "access_changed"  # connect again, to be told what may be seen now
    SLOW_READER = "slow_reader"  # connect again, and read faster
    UNAVAILABLE = "unavailable"  # connect again, when the database is back


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `event: end`, the last one of a stream that we end."""

    reason: EndReason
    message: str


_ENDS = {
    EndReason.STOPPING: "The controller stops; connect again.",
    EndReason.REVOKED: "The token or session is not valid any more.",
    EndReason.ACCESS_CHANGED: "What you may see has changed; connect again.",
    EndReason.SLOW_READER: "Events were not read as fast as they came; connect again.",
    EndReason.UNAVAILABLE: "The database is away; connect again.",
}


def event_frame(place: Place, event_type: str, body: bytes) -> bytes:
    """`body` is JSON without line ends."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(place).encode(), event_type.encode(), body)


def retry_frame(milliseconds: int) -> bytes:
    """How long a client waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def comment_frame(place: Place | None) -> bytes:
    """A line that clients ignore; and an id without an event: where to resume, however long ago the last event was."""
    return b": still here\n\n" if place is None else b": still here\nid: %b\n\n" % str(place).encode()


def end_frame(reason: EndReason) -> bytes:
    return b"event: end\ndata: %b\n\n" % msgspec.json.encode(End(reason=reason, message=_ENDS[reason]))


def expired_frame(place: Place, first: int) -> bytes:
    """What came behind `place` is gone up to the message before `first`."""
    lost = Place(place.life, place.sequence + 1), Place(place.life, first - 1)
    message = f"Events from {lost[0]} to {lost[1]} are not kept any more; the next is the oldest there is."
    return _gap_frame(lost[1], Gap(reason=GapReason.EXPIRED, from_=str(lost[0]), to=str(lost[1]), message=message))


def replaced_frame(place: Place, now: Place) -> bytes:
    """`place` is not of this stream, which begins behind `now`."""
    lost = str(Place(place.life, place.sequence + 1))
    message = f"The stream was made anew; events from {lost} on may be missing. The next is the oldest there is."
    return _gap_frame(now, Gap(reason=GapReason.REPLACED, from_=lost, to=None, message=message))


def _gap_frame(behind: Place, gap: Gap) -> bytes:
    return event_frame(behind, "gap", msgspec.json.encode(gap))
