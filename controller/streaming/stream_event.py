"""An event of the stream: its owner, from its subject; its frame, made once; its number; and what filters need."""

from __future__ import annotations

import msgspec
import structlog

from controller.broker.replay import Stored
from controller.streaming.frames import ReplayPosition, StreamPosition, event_frame
from shared.wire import subjects


class _Origin(msgspec.Struct):
    location: str = ""
    country: str = ""


class EventDetails(msgspec.Struct):
    """The fields that filters check. Only a result has a status, a location and a country."""

    kind: str = ""
    status: str = ""
    result: _Origin = msgspec.field(default_factory=_Origin)


log = structlog.get_logger()

_DETAILS = msgspec.json.Decoder(EventDetails)
_NUMBER = b'"sequence":'
_NUMBER_BYTES = 32
"""How far from the end of a body its number can begin."""


class StreamEvent:
    """An event of EVENTS. Public ids are text, as in the subject. `sequence` is its place in EVENTS, `number` the one
    among those of its customer, None when it has none.
    """

    __slots__ = (
        "_body_at",
        "_details",
        "customer",
        "event_type",
        "frame",
        "monitor",
        "number",
        "organization",
        "sequence",
    )

    def __init__(self, position: StreamPosition | ReplayPosition, subject: str, body: bytes) -> None:
        """Raises ValueError when the subject is not that of an event, or the body cannot be put on one line."""
        if b"\n" in body or b"\r" in body:
            body = _on_one_line(body)
        self.organization, self.customer, self.monitor, self.event_type = subjects.parts_of_event(subject)
        self.sequence = position.sequence
        self.frame = event_frame(position, self.event_type, body)
        self._body_at = self.frame.index(b"\ndata: ") + len(b"\ndata: ")
        self._details: EventDetails | None = None
        at = body.rfind(_NUMBER, -_NUMBER_BYTES)
        digits = body[at + len(_NUMBER) : -1] if at >= 0 else b""
        self.number = int(digits) if digits.isdigit() else None

    @property
    def details(self) -> EventDetails:
        """Decoded at first use. A body that cannot be decoded has empty details."""
        if self._details is None:
            try:
                self._details = _DETAILS.decode(memoryview(self.frame)[self._body_at :])
            except (ValueError, RecursionError):
                self._details = EventDetails()
        return self._details


def event_of(epoch: str, stored: Stored) -> StreamEvent | None:
    """The event that a message of EVENTS is. None, and a line in the log, when it is not an event of Mailprobe."""
    try:
        return StreamEvent(StreamPosition(epoch, stored.sequence), stored.subject, stored.body)
    except ValueError as error:
        log.warning("event_unreadable", sequence=stored.sequence, error=str(error))
        return None


def _on_one_line(body: bytes) -> bytes:
    """JSON without line ends. Raises ValueError."""
    try:
        return msgspec.json.format(body, indent=-1)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
