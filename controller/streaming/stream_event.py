"""An event of the stream: its owner, from its subject; its frame, made once; and the details that filters need."""

from __future__ import annotations

import msgspec
import structlog

from controller.broker.replay import Stored
from controller.streaming.frames import StreamPosition, event_frame
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


class StreamEvent:
    """An event of EVENTS. Public ids are text, as in the subject."""

    __slots__ = ("_body_at", "_details", "customer", "event_type", "frame", "monitor", "organization", "sequence")

    def __init__(self, position: StreamPosition, subject: str, body: bytes) -> None:
        """Raises ValueError when the subject is not that of an event, or the body cannot be put on one line."""
        if b"\n" in body or b"\r" in body:
            body = _on_one_line(body)
        self.organization, self.customer, self.monitor, self.event_type = subjects.parts_of_event(subject)
        self.sequence = position.sequence
        self.frame = event_frame(position, self.event_type, body)
        self._body_at = self.frame.index(b"\ndata: ") + len(b"\ndata: ")
        self._details: EventDetails | None = None

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
