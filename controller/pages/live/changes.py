"""Which monitors events were about since somebody took note of them. Pure."""

from __future__ import annotations

from controller.streaming.stream_event import StreamEvent
from shared.wire.messages import EventType


class Changes:
    """Public ids of monitors, by the type of what happened to them. `lost`: there may be events that are not here."""

    __slots__ = ("incidents", "lost", "results", "verdicts")

    def __init__(self, *, lost: bool = False) -> None:
        self.results: set[str] = set()
        self.verdicts: set[str] = set()
        self.incidents: set[str] = set()
        self.lost = lost

    def add(self, event: StreamEvent) -> None:
        if event.event_type == EventType.RESULT:
            self.results.add(event.monitor)
        elif event.event_type == EventType.VERDICT:
            self.verdicts.add(event.monitor)
        else:
            self.incidents.add(event.monitor)

    def merge(self, other: Changes) -> None:
        self.results |= other.results
        self.verdicts |= other.verdicts
        self.incidents |= other.incidents
        self.lost = self.lost or other.lost

    @property
    def judged(self) -> bool:
        """Whether more than results came: what stands above lists, and what is counted, may have changed."""
        return bool(self.verdicts or self.incidents)

    def about(self, monitor: str) -> bool:
        """Whether anything happened to this monitor."""
        return monitor in self.results or monitor in self.verdicts or monitor in self.incidents

    def monitors(self) -> set[str]:
        return self.results | self.verdicts | self.incidents
