"""Fold passing checks of one monitor and location into blocks, in which a check is a few small numbers. Pure.

The numbers of a check are codes of decisions.history.scale but for two, in this order: the whole duration; how many
milliseconds after OFFSET_MS before its due moment it started; the lag of the agent's loop; the kernel's round trip;
if the block is `indexed`, the place of its shape, from 1; if it is `delayed`, how long after its end it was stored; the
numbers that say which of the block's varying values are its (decisions.history.shapes); the duration of each phase;
and, if there are more numbers than these, the start of each phase.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from controller.decisions.history.scale import ERROR, LONGEST_MS, code_of, ms_of
from controller.decisions.history.shapes import FEWEST_CHECKS, Shape, Varying, fact_names, split

OFFSET_MS = 30_000
LEADING = 4
"""The numbers that every check has before the optional ones."""

MOST_TICKS = 512

_SMALLEST, _LARGEST = -32_768, 32_767
_DELAYED_MS = 10_000
_START_MS = 0.1
"""A phase's start that is reckoned from the durations before it may be off by so much, or by ERROR."""


class PassedCheck(NamedTuple):
    """A stored check that passed; durations are milliseconds, `phases` are starts and durations in the order of
    `shape.phases`.
    """

    place: int
    due_ms: int
    started_ms: int
    stored_ms: int
    duration_ms: float
    loop_lag_ms: float | None
    kernel_rtt_ms: float | None
    phases: Sequence[tuple[float, float]]
    shape: Shape


class Block(NamedTuple):
    """Checks due at `first_ms` + n * `interval_ms` for each n whose character in `ticks` is 1, `stride` numbers each.
    `places` are those of the checks, `gaps` the usual milliseconds before each phase.
    """

    first_ms: int
    interval_ms: int
    ticks: str
    stride: int
    indexed: bool
    delayed: bool
    shapes: list[Shape]
    varying: Varying
    gaps: list[float]
    codes: list[int]
    places: list[int]

    @property
    def last_ms(self) -> int:
        return self.first_ms + (len(self.ticks) - 1) * self.interval_ms


def is_foldable(check: PassedCheck) -> bool:
    """Whether all its numbers can be told by codes."""
    offset = check.started_ms - check.due_ms - OFFSET_MS
    return (
        _SMALLEST <= offset <= _LARGEST
        and all(
            ms is None or 0 <= ms <= LONGEST_MS for ms in (check.duration_ms, check.loop_lag_ms, check.kernel_rtt_ms)
        )
        and all(0 <= start <= LONGEST_MS and 0 <= duration <= LONGEST_MS for start, duration in check.phases)
    )


def blocks_of(checks: Sequence[PassedCheck]) -> list[Block]:
    """The blocks of foldable checks of one location in the order of their due moments; the checks that are in none of
    them stay whole.
    """
    return [
        made
        for alike in _by_names(checks)
        for interval_ms, rhythmic in _rhythms(alike)
        for some in _chunks(rhythmic, interval_ms)
        if (made := _block(some, interval_ms))
    ]


def _by_names(checks: Sequence[PassedCheck]) -> Iterable[list[PassedCheck]]:
    """Those together that have the same phases and facts of the same names."""
    names: dict[Shape, tuple[tuple[str, ...], ...]] = {}
    found: dict[tuple[tuple[str, ...], ...], list[PassedCheck]] = {}
    for check in checks:
        own = names.get(check.shape)
        if own is None:
            own = names[check.shape] = (check.shape.phases, fact_names(check.shape))
        found.setdefault(own, []).append(check)
    return found.values()


def _rhythms(checks: list[PassedCheck]) -> Iterable[tuple[int, list[PassedCheck]]]:
    """The most usual interval and the checks that are due in it; then the same of the others, as after a change."""
    while len(checks) >= FEWEST_CHECKS:
        dues = [check.due_ms for check in checks]
        interval = Counter(late - soon for soon, late in pairwise(dues)).most_common(1)[0][0]
        usual = Counter(due % interval for due in dues).most_common(1)[0]
        if usual[1] < FEWEST_CHECKS:
            return
        yield interval, [check for check in checks if check.due_ms % interval == usual[0]]
        checks = [check for check in checks if check.due_ms % interval != usual[0]]


def _chunks(checks: list[PassedCheck], interval_ms: int) -> Iterable[list[PassedCheck]]:
    begun = 0
    for n, check in enumerate(checks):
        if check.due_ms - checks[begun].due_ms >= MOST_TICKS * interval_ms:
            yield checks[begun:n]
            begun = n
    yield checks[begun:]


def _block(checks: list[PassedCheck], interval_ms: int) -> Block | None:
    """None when all stay whole, as too few or too different."""
    found = split([check.shape for check in checks])
    if found is None:
        return None
    checks = [checks[n] for n in found.kept]
    first, last = checks[0].due_ms, checks[-1].due_ms
    ticks = ["0"] * ((last - first) // interval_ms + 1)
    for check in checks:
        ticks[(check.due_ms - first) // interval_ms] = "1"
    shapes = {shape: place for place, shape in enumerate(dict.fromkeys(found.shapes), 1)}
    indexed = len(shapes) > 1
    delayed = any(_delay_ms(check) > _DELAYED_MS for check in checks)
    gaps = _usual_gaps(checks)
    durations = [[code_of(duration) for _, duration in check.phases] for check in checks]
    regular = all(_is_regular(check, codes, gaps) for check, codes in zip(checks, durations, strict=True))
    numbers: list[int] = []
    for n, (check, codes) in enumerate(zip(checks, durations, strict=True)):
        numbers += (
            code_of(check.duration_ms),
            check.started_ms - check.due_ms - OFFSET_MS,
            code_of(check.loop_lag_ms),
            code_of(check.kernel_rtt_ms),
        )
        if indexed:
            numbers.append(shapes[found.shapes[n]])
        if delayed:
            numbers.append(code_of(_delay_ms(check)))
        numbers += [own[n] for own in found.varying.numbers]
        numbers += codes
        if not regular:
            numbers += [code_of(start) for start, _ in check.phases]
    return Block(
        first_ms=first,
        interval_ms=interval_ms,
        ticks="".join(ticks),
        stride=len(numbers) // len(checks),
        indexed=indexed,
        delayed=delayed,
        shapes=list(shapes),
        varying=found.varying,
        gaps=gaps,
        codes=numbers,
        places=[check.place for check in checks],
    )


def _delay_ms(check: PassedCheck) -> float:
    return min(LONGEST_MS, max(0.0, check.stored_ms - check.started_ms - check.duration_ms))


def _usual_gaps(checks: list[PassedCheck]) -> list[float]:
    """The mean milliseconds between the end of a phase and the start of the next."""
    sums = [0.0] * len(checks[0].phases)
    for check in checks:
        ended = 0.0
        for n, (start, duration) in enumerate(check.phases):
            sums[n] += start - ended
            ended = start + duration
    return [round(total / len(checks), 3) for total in sums]


def _is_regular(check: PassedCheck, codes: list[int], gaps: list[float]) -> bool:
    """Whether the starts of all phases can be reckoned from gaps and coded durations."""
    reckoned = 0.0
    for (start, _), code, gap in zip(check.phases, codes, gaps, strict=True):
        reckoned = max(0.0, reckoned + gap)
        if abs(reckoned - start) > max(_START_MS, ERROR * start):
            return False
        reckoned += ms_of(code) or 0.0
    return True
