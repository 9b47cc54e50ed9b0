"""An event as streams tell it: whose it is, by its subject; its frame, made once; and what filters ask of its body."""

from __future__ import annotations

import msgspec

from controller.streaming.frames import Place, event_frame
from shared.wire import subjects


class _Where(msgspec.Struct):
    location: str = ""
    country: str = ""


class Details(msgspec.Struct):
    """What filters ask of an event. Only a result has a status, a location and a country."""

    kind: str = ""
    status: str = ""
    result: _Where = msgspec.field(default_factory=_Where)


_DETAILS = msgspec.json.Decoder(Details)


class Told:
    """An event of EVENTS. Public ids are text, as in the subject."""

    __slots__ = ("_body_at", "_details", "customer", "event_type", "frame", "monitor", "organization", "sequence")

    def __init__(self, place: Place, subject: str, body: bytes) -> None:
        """Raises ValueError when it is no event of ours."""
        if b"\n" in body or b"\r" in body:
            body = msgspec.json.format(body, indent=-1)
        self.organization, self.customer, self.monitor, self.event_type = subjects.parts_of_event(subject)
        self.sequence = place.sequence
        self.frame = event_frame(place, self.event_type, body)
        self._body_at = self.frame.index(b"\ndata: ") + len(b"\ndata: ")
        self._details: Details | None = None

    @property
    def details(self) -> Details:
        """Decoded when it is first asked for; nothing of what cannot be decoded."""
        if self._details is None:
            try:
                self._details = _DETAILS.decode(memoryview(self.frame)[self._body_at :])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self._details = Details()
        return self._details
