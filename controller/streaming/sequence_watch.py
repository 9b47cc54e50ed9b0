"""Finds out which events of a customer never came, by the holes in their numbers. Pure.

Controllers publish at the same time, so numbers come nearly in order: a hole that stays is a loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from controller.streaming.frames import StreamPosition
from controller.streaming.stream_event import StreamEvent
from shared.wire import subjects

HOLE_SECONDS = 30.0
"""How long a number may be late. A controller that cannot reach the broker for longer still publishes what it holds."""

_MOST_HOLES = 50


class Hole(NamedTuple):
    """Numbers from `first` to `last` that had not come at `since`."""

    organization: str
    owner: str
    first: int
    last: int
    since: StreamPosition
    noticed: float


class SequenceWatch:
    """`monotonic` is a clock in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._next: dict[str, int] = {}
        self._holes: dict[str, list[Hole]] = {}

    def notice(self, event: StreamEvent, before: StreamPosition) -> None:
        """An event that came; `before` is the position before it."""
        number = event.number
        if number is None:
            return
        owner = event.customer if event.customer != subjects.NOBODY else event.organization
        expected = self._next.get(owner, number)
        if number == expected:
            self._next[owner] = number + 1
        elif number > expected:
            self._next[owner] = number + 1
            hole = Hole(event.organization, owner, expected, number - 1, before, self._monotonic())
            self._holes.setdefault(owner, []).append(hole)
        elif owner in self._holes:
            self._fill(owner, number)

    def lost(self) -> list[Hole]:
        """The holes that stayed for too long, or that are too many; each is returned once."""
        if not self._holes:
            return []
        found: list[Hole] = []
        now = self._monotonic()
        for owner, holes in list(self._holes.items()):
            late = [hole for hole in holes if now - hole.noticed >= HOLE_SECONDS]
            late = max(late, holes[: max(0, len(holes) - _MOST_HOLES)], key=len)
            found += late
            self._keep(owner, holes[len(late) :])
        return found

    def clear(self) -> None:
        """Begin anew, after a loss that was reported."""
        self._next.clear()
        self._holes.clear()

    def _fill(self, owner: str, number: int) -> None:
        kept: list[Hole] = []
        for hole in self._holes[owner]:
            if hole.first <= number <= hole.last:
                parts = (hole._replace(last=number - 1), hole._replace(first=number + 1))
                kept += [part for part in parts if part.first <= part.last]
            else:
                kept.append(hole)
        self._keep(owner, kept)

    def _keep(self, owner: str, holes: list[Hole]) -> None:
        if holes:
            self._holes[owner] = holes
        else:
            self._holes.pop(owner, None)
