"""One receiver of one group of incidents, notified by the pure decisions as the product does it by rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from controller.decisions.notification.group_messages import (
    GroupReceiver,
    Waiting,
    Way,
    next_message_at,
    partial_end_at,
    wait_until,
    way,
)
from controller.decisions.notification.grouping import GroupingSettings, GroupKind


class Message(NamedTuple):
    """The incidents whose beginning and whose end a message tells; `still_open` of which the receiver was notified."""

    at: datetime
    opened: tuple[int, ...]
    ended: tuple[int, ...]
    still_open: int


class OneReceiver:
    """`dropped` are incidents that ended before a message told of them."""

    def __init__(self, kind: GroupKind, settings: GroupingSettings, now: datetime) -> None:
        self.messages: list[Message] = []
        self.dropped: list[int] = []
        self.incidents = 0
        self.still_open: list[int] = []
        self._kind = kind
        self._settings = settings
        self._now = now
        self._known: list[int] = []
        self._thread = 0
        self._worse: list[int] = []
        self._ended: dict[int, datetime] = {}
        self._due_at: datetime | None = None

    def open(self) -> None:
        number, self.incidents = self.incidents, self.incidents + 1
        known = self._state()
        how = way("opened", number, self._kind, known)
        if not self._known:
            self._thread = number
        self._known.append(number)
        self.still_open.append(number)
        if how is Way.AT_ONCE:
            self._send((number,), ())
            return
        self._worse.append(number)
        self._due(next_message_at(known, self._settings, self._now))
        self._make()

    def resolve(self, which: int) -> None:
        """End the open incident at this place, counted around."""
        number = self.still_open[which % len(self.still_open)]
        waits = number in self._worse
        known = self._state()
        how = way("resolved", number, self._kind, known, is_waiting=waits)
        self.still_open.remove(number)
        if waits:
            self._worse.remove(number)
            self._known.remove(number)
            self.dropped.append(number)
        elif how is Way.AT_ONCE:
            self._send((), (number,))
        else:
            self._ended[number] = self._now
        if how is not Way.AT_ONCE:
            self._due(partial_end_at(known, self._settings, self._now) if self.still_open else self._now)
        self._make()

    def pass_time(self, duration: timedelta) -> None:
        until = self._now + duration
        while self._due_at is not None and self._due_at <= until:
            self._now = max(self._now, self._due_at)
            self._make()
        self._now = until

    def _make(self) -> None:
        if self._due_at is None or self._due_at > self._now:
            return
        waiting = Waiting(len(self._worse), len(self._ended), min(self._ended.values(), default=None), None)
        self._due_at = wait_until(waiting, len(self.still_open), self._now)
        if self._due_at is None and (self._worse or self._ended):
            opened, ended = tuple(self._worse), tuple(self._ended)
            self._worse.clear()
            self._ended.clear()
            self._send(opened, ended)

    def _send(self, opened: tuple[int, ...], ended: tuple[int, ...]) -> None:
        self.messages.append(Message(self._now, opened, ended, len(self.still_open)))

    def _due(self, at: datetime) -> None:
        self._due_at = at if self._due_at is None else min(self._due_at, at)

    def _state(self) -> GroupReceiver | None:
        if not self.incidents or not (self._known or self.messages):
            return None
        told = self.messages[-1].at if self.messages else self._now
        alone = self._thread if len(self._known) == 1 else None
        return GroupReceiver(len(self._known), len(self.still_open), len(self.messages), told, alone)
