"""The phases of several checks on one axis of time. Positions are percents of its length. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, log10
from types import MappingProxyType
from typing import NamedTuple

from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming

_NO_NAMES: Mapping[Phase, str] = MappingProxyType({})
_MOST_TICKS = 5
_LEAST_WIDTH = 0.4
_LETTER = 2.3
"""How much of the axis one letter of a label takes on a narrow screen."""


class Tick(NamedTuple):
    at: float
    label_ms: float


class Axis(NamedTuple):
    length_ms: float
    ticks: list[Tick]


class Segment(NamedTuple):
    """A phase from `x`, `width` long. `label` is empty where it would not fit. `failed`: the check ended in it."""

    phase: str
    x: float
    width: float
    label: str
    start_ms: float
    duration_ms: float
    failed: bool

    @property
    def end(self) -> float:
        return min(100.0, round(self.x + self.width, 2))


def axis(durations_ms: Iterable[float]) -> Axis:
    """An axis as long as the longest check, with round numbers on it."""
    length = max([*durations_ms, 0.001])
    step = _step(length)
    ticks = [Tick(_percent(number * step, length), number * step) for number in range(_MOST_TICKS + 1)]
    return Axis(length, [tick for tick in ticks if tick.at <= 95])


def _step(length: float) -> float:
    """1, 2 or 5 times a power of ten, so that there are at most _MOST_TICKS steps."""
    least = length / _MOST_TICKS
    power = 10.0 ** ceil(log10(least))
    return float(next(step for step in (power / 5, power / 2, power) if step >= least * 0.999999))


def segments(
    phases: Sequence[PhaseTiming], failed: str | None, axis: Axis, names: Mapping[Phase, str] = _NO_NAMES
) -> list[Segment]:
    """The phases of one check in order; the last one named `failed` is where it ended. `names` are those on labels of
    phases that have another one there.
    """
    last = max((number for number, timing in enumerate(phases) if timing.phase == failed), default=None)
    found = []
    for number, timing in enumerate(phases):
        x = min(_percent(timing.start_ms, axis.length_ms), 100 - _LEAST_WIDTH)
        width = min(max(_percent(timing.duration_ms, axis.length_ms), _LEAST_WIDTH), round(100 - x, 2))
        name = names.get(timing.phase, timing.phase.value)
        label = name if width >= _LETTER * (len(name) + 1) else ""
        found.append(Segment(timing.phase.value, x, width, label, timing.start_ms, timing.duration_ms, number == last))
    return found


def _percent(value: float, length: float) -> float:
    return round(max(0.0, min(100.0, 100 * value / length)), 2)
