"""Remembers the last warnings of each monitor: a warning that stands needs its transcript only once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from shared.wire.failures import CheckWarning


class StandingWarnings:
    """Keeps at most `most` monitors with warnings; the least recently used one is dropped."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._last: OrderedDict[UUID, tuple[CheckWarning, ...]] = OrderedDict()

    def are_new(self, monitor: UUID, warnings: Sequence[CheckWarning]) -> bool:
        """Whether a check of this monitor warns of something else than the check before. From now on these are its last
        warnings.
        """
        if not warnings:
            self._last.pop(monitor, None)
            return False
        now = tuple(warnings)
        before = self._last.get(monitor)
        self._last[monitor] = now
        self._last.move_to_end(monitor)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
        return now != before
