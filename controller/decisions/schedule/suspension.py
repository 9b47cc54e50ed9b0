"""When a monitor is not checked, because a maintenance window suspends its checks. Pure.

Moments are epoch milliseconds. What counts is the moment at which a check is due, so it makes no difference which
controller decides, and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias


class Suspension(NamedTuple):
    """From one moment (included) to another (excluded); without an end while that is None."""

    from_ms: int
    to_ms: int | None

    def holds(self, due_ms: int) -> bool:
        return self.from_ms <= due_ms and (self.to_ms is None or due_ms < self.to_ms)


Suspensions: TypeAlias = Mapping[int, Sequence[Suspension]]
"""By the number of the monitor."""


class Stretch(NamedTuple):
    """A time from one moment to another, both included, in which checks are suspended throughout, or not at all."""

    first_ms: int
    last_ms: int
    suspended: bool


def is_suspended(suspensions: Sequence[Suspension], due_ms: int) -> bool:
    """Whether a check that is due at that moment is not requested."""
    return any(one.holds(due_ms) for one in suspensions)


def stretches(suspensions: Sequence[Suspension], first_ms: int, last_ms: int) -> list[Stretch]:
    """The time between these moments, cut where checks are suspended and where they are resumed."""
    borders = {moment for one in suspensions for moment in one if moment is not None and first_ms < moment <= last_ms}
    starts = [first_ms, *sorted(borders)]
    ends = [*(moment - 1 for moment in starts[1:]), last_ms]
    return [Stretch(start, end, is_suspended(suspensions, start)) for start, end in zip(starts, ends, strict=True)]
