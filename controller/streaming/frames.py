"""The text of an event stream (WHATWG HTML, "Server-sent events"): events, gap and end notices, comments, and ids.

An id names a position: the epoch of the stream EVENTS, and a sequence in it; or the moment that a replay has reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from shared.epoch import to_ms

RETRY_MS = range(1000, 3000)
"""How long clients wait before they connect again. Each gets a random value, so that they do not all return at once."""

_ID = re.compile(r"([0-9a-f]{1,16})-([0-9]{1,18})")
_REPLAY_ID = re.compile(r"replay-([0-9]{1,14})(?:-([0-9a-f]{1,16})-([0-9]{1,18}))?")


class StreamPosition(NamedTuple):
    """The position behind the event with this sequence, in this epoch of EVENTS."""

    epoch: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.sequence}"


class ReplayPosition(NamedTuple):
    """A replay from the database has sent everything from before this moment (epoch milliseconds). Behind it the stream
    goes on at `behind`, in EVENTS; None is the position when it is opened.
    """

    at_ms: int
    behind: StreamPosition | None = None

    @property
    def sequence(self) -> int:
        return 0

    def __str__(self) -> str:
        return f"replay-{self.at_ms}" if self.behind is None else f"replay-{self.at_ms}-{self.behind}"


AnyPosition: TypeAlias = StreamPosition | ReplayPosition


def epoch_of(created: datetime) -> str:
    """Derived from the creation time, because a recreated stream restarts its sequences and its ids must differ."""
    return f"{to_ms(created):x}"


def read_position(text: str) -> AnyPosition:
    """Raises ValueError."""
    if replay := _REPLAY_ID.fullmatch(text):
        behind = None if replay[2] is None else StreamPosition(replay[2], int(replay[3]))
        return ReplayPosition(int(replay[1]), behind)
    found = _ID.fullmatch(text)
    if not found:
        raise ValueError("must be an id from this stream, such as 19a0c3f5e80-4711")
    return StreamPosition(found[1], int(found[2]))


class StreamGapReason(StrEnum):
    EXPIRED = "expired"  # the stream does not reach back so far
    REPLACED = "replaced"  # the stream was recreated, or restored from an older copy
    LOST = "lost"  # numbers of a customer's events never came
    NOT_KEPT = "not_kept"  # a replay reaches back further than what is stored of some types


class Gap(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of `event: gap`: events between two ids may have been lost. `to` is null when the last id is unknown.
    `type` tells it from the event of a check without a result, which is a gap, too. `types` are the types of events
    that may be missing; null is every type. Numbers are those of the events of `owner`, a customer or, for events
    without one, the organization.
    """

    type: str = "lost"
    reason: StreamGapReason
    from_: str = msgspec.field(name="from")
    to: str | None
    message: str
    types: list[str] | None = None
    owner: str | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None


class EndReason(StrEnum):
    STOPPING = "stopping"  # connect again, to another controller or to this one after its restart
    REVOKED = "revoked"  # the token or session is no longer valid
    ACCESS_CHANGED = "access_changed"  # connect again to receive what the caller may see now
    SLOW_READER = "slow_reader"  # connect again, and read faster
    UNAVAILABLE = "unavailable"  # connect again when the database is available


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `event: end`, the last event of a stream that the controller ends."""

    reason: EndReason
    message: str


_ENDS = {
    EndReason.STOPPING: "The controller is stopping; connect again.",
    EndReason.REVOKED: "The token or session is no longer valid.",
    EndReason.ACCESS_CHANGED: "What you may see has changed; connect again.",
    EndReason.SLOW_READER: "The client read events too slowly; connect again.",
    EndReason.UNAVAILABLE: "The database is unavailable; connect again.",
}


def event_frame(position: AnyPosition, event_type: str, body: bytes) -> bytes:
    """`body` is JSON without line ends."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(position).encode(), event_type.encode(), body)


def retry_frame(milliseconds: int) -> bytes:
    """Sets how long the client waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def comment_frame(position: AnyPosition | None) -> bytes:
    """A line that clients ignore. With `position` it has an id without an event: a client can resume from there."""
    return b": still here\n\n" if position is None else b": still here\nid: %b\n\n" % str(position).encode()


def end_frame(reason: EndReason) -> bytes:
    return b"event: end\ndata: %b\n\n" % msgspec.json.encode(End(reason=reason, message=_ENDS[reason]))


def expired_frame(position: StreamPosition, first: int) -> bytes:
    """Reports that the events behind `position` and before the sequence `first` are no longer stored."""
    lost = StreamPosition(position.epoch, position.sequence + 1), StreamPosition(position.epoch, first - 1)
    message = f"Events from {lost[0]} to {lost[1]} are no longer stored; the next event is the oldest available."
    return _gap_frame(
        lost[1], Gap(reason=StreamGapReason.EXPIRED, from_=str(lost[0]), to=str(lost[1]), message=message)
    )


def replaced_frame(position: StreamPosition, now: StreamPosition) -> bytes:
    """Reports that `position` belongs to another epoch; the present stream begins behind `now`."""
    lost = str(StreamPosition(position.epoch, position.sequence + 1))
    message = f"The stream was recreated; events from {lost} on may be missing. The next event is the oldest available."
    return _gap_frame(now, Gap(reason=StreamGapReason.REPLACED, from_=lost, to=None, message=message))


def lost_frame(since: StreamPosition, now: StreamPosition, owner: str, first: int, last: int) -> bytes:
    """Reports that these numbers of the owner's events did not come between two positions."""
    message = f"Events {first} to {last} of {owner} did not come; they may be missing, whatever their type."
    gap = Gap(
        reason=StreamGapReason.LOST,
        from_=str(since),
        to=str(now),
        message=message,
        owner=owner,
        first_sequence=first,
        last_sequence=last,
    )
    return _gap_frame(now, gap)


def not_kept_frame(since: AnyPosition, until: AnyPosition, types: Iterable[str] | None) -> bytes:
    """Reports that a replay cannot have the events of these types, or of every type, between two positions."""
    named = None if types is None else sorted(types)
    message = f"{'Events' if named is None else ' and '.join(named) + ' events'} from then are not kept any more."
    return _gap_frame(
        until, Gap(reason=StreamGapReason.NOT_KEPT, from_=str(since), to=str(until), message=message, types=named)
    )


def _gap_frame(behind: AnyPosition, gap: Gap) -> bytes:
    return event_frame(behind, "gap", msgspec.json.encode(gap))
