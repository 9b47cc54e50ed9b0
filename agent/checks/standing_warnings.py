"""Remembers the last warnings of each monitor: a warning that stands needs its transcript only now and then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from shared.wire.failures import CheckWarning


class _Shown(NamedTuple):
    """The hash of the warnings that were shown with a transcript, and when, in seconds."""

    warnings: int
    at: float


class StandingWarnings:
    """Keeps at most `most` monitors with warnings; the least recently used one is dropped. `clock` returns seconds.

    Other processes and agents check the same monitors, so this one cannot know that a warning went away there and came
    back: after an hour its transcript is shown again.
    """

    HOUR = 3600.0

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._last: OrderedDict[UUID, _Shown] = OrderedDict()

    def need_transcript(self, monitor: UUID, warnings: Sequence[CheckWarning]) -> bool:
        """Whether the result of a check with these warnings shows its transcript: they differ from those of the check
        of this monitor before, or were shown an hour ago. From now on they are its last warnings.
        """
        if not warnings:
            self._last.pop(monitor, None)
            return False
        now, said = self._clock(), hash(tuple(warnings))
        before = self._last.get(monitor)
        if before is not None and before.warnings == said and now - before.at < self.HOUR:
            self._last.move_to_end(monitor)
            return False
        self._last[monitor] = _Shown(said, now)
        self._last.move_to_end(monitor)
        while len(self._last) > self._most:
            self._last.popitem(last=False)
        return True
