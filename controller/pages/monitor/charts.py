"""How long checks took, by location: phases stacked over time, or percentiles where phases are not stored. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

import msgspec
from markupsafe import Markup

from controller.decisions.history.histogram import percentiles
from controller.operations.monitors.course import SHARES, Course, LocationCell, PhaseSums
from controller.pages.drawing.stack import areas, marks, shared_top, top_of
from controller.pages.monitor.lanes import Slices
from shared.wire.failures import Phase

PERCENTILES = [f"p{100 * share:g}" for share in SHARES]


class LayerPath(msgspec.Struct, frozen=True):
    layer: str
    path: str


class LocationChart(msgspec.Struct, frozen=True, kw_only=True):
    """One small chart; `cut` slices rise above its top.
    `averages` are of the whole time, by layer; `percentiles` are empty when nothing passed.
    """

    location: str
    country: str
    layers: list[LayerPath]
    failed: str
    blind: str
    top_ms: float
    cut: int
    passed: int
    failures: int
    blind_checks: int
    average_ms: float | None
    averages: list[float | None]
    percentiles: list[float]
    max_ms: float | None


class ValueRow(msgspec.Struct, frozen=True, kw_only=True):
    """The averages of one slice, by location; `failed` says in how many checks each failed."""

    at: datetime
    cells: list[tuple[float | None, int]]


class ChartsView(msgspec.Struct, frozen=True, kw_only=True):
    """`layers` are phases, or percentiles when `phased` is False. `island` is the JSON that the script reads."""

    phased: bool
    layers: list[str]
    charts: list[LocationChart]
    rows: list[ValueRow]
    slices: Slices
    same_scale: bool
    island: Markup


Stacks = dict[str, dict[int, list[float]]]
"""By location and slice, the height of each layer."""


def charts_view(course: Course, slices: Slices, order: Sequence[Phase]) -> ChartsView:
    """`order` is the usual one of the phases; others come after them."""
    cells: dict[str, list[LocationCell]] = defaultdict(list)
    for cell in course.cells:
        cells[cell.location].append(cell)
    layers = _phases(course.phases, order) if course.phases is not None else PERCENTILES
    stacks = _phase_stacks(course, slices, layers) if course.phases is not None else _percentile_stacks(course, slices)
    tops = {code: top_of([sum(stack) for stack in stacks[code].values()]) for code in cells}
    top = shared_top([tops[code] for code in cells if stacks[code]])
    charts = [
        _chart(here, stacks[code], tops[code], top, slices, layers, _exact(course, code))
        for code, here in cells.items()
    ]
    return ChartsView(
        phased=course.phases is not None,
        layers=layers,
        charts=charts,
        rows=_rows(cells),
        slices=slices,
        same_scale=top is not None,
        island=_island(cells, stacks, slices, layers, phased=course.phases is not None),
    )


def _phases(sums: Sequence[PhaseSums], order: Sequence[Phase]) -> list[str]:
    """In the order of a dialogue; what is left of the whole comes last."""
    there = {phase for one in sums for phase in one.duration_ms}
    return [*(phase.value for phase in dict.fromkeys([*order, *Phase]) if phase in there), "rest"]


def _phase_stacks(course: Course, slices: Slices, layers: Sequence[str]) -> Stacks:
    """Averages over the passed checks, so that the layers of a slice add up to the average of the whole check."""
    place = {phase: number for number, phase in enumerate(layers)}
    stacks: Stacks = defaultdict(dict)
    passed = dict[tuple[str, datetime], int]()
    for cell in course.cells:
        if cell.passed:
            passed[cell.location, cell.bucket_at] = cell.passed
            stack = [0.0] * len(layers)
            stack[-1] = cell.duration_ms_sum / cell.passed
            stacks[cell.location][slices.number(cell.bucket_at)] = stack
    for one in course.phases or ():
        checks = passed.get((one.location, one.bucket_at))
        if checks:
            stack = stacks[one.location][slices.number(one.bucket_at)]
            for phase, duration_ms in one.duration_ms.items():
                stack[place.get(phase, -1)] += duration_ms / checks
                stack[-1] -= duration_ms / checks
            stack[-1] = max(0.0, stack[-1])
    return stacks


def _percentile_stacks(course: Course, slices: Slices) -> Stacks:
    """Each percentile on top of the one below it."""
    stacks: Stacks = defaultdict(dict)
    for cell in course.cells:
        if cell.passed:
            stack, below = list[float](), 0.0
            for value in _percentiles(cell.histogram, cell.duration_ms_max):
                stack.append(value - below)
                below = value
            stacks[cell.location][slices.number(cell.bucket_at)] = stack
    return stacks


def _percentiles(histogram: dict[int, int], slowest_ms: float | None) -> list[float]:
    """Estimates from bins, cut at the greatest measured value."""
    return [min(one, slowest_ms or one) for one in percentiles(histogram, SHARES)]


def _chart(
    cells: Sequence[LocationCell],
    stacks: dict[int, list[float]],
    own: float,
    top: float | None,
    slices: Slices,
    layers: Sequence[str],
    exact: list[float] | None,
) -> LocationChart:
    shown = top or own
    passed = sum(cell.passed for cell in cells)
    slowest = max((cell.duration_ms_max for cell in cells if cell.duration_ms_max is not None), default=None)
    numbers = [(slices.number(cell.bucket_at), cell) for cell in cells]
    paths = areas([stacks.get(number) for number in range(slices.count)], shown)
    return LocationChart(
        location=cells[0].location,
        country=cells[0].country,
        layers=[LayerPath(layer, path) for layer, path in zip(layers, paths, strict=False) if path],
        failed=marks([number for number, cell in numbers if cell.failed]),
        blind=marks([number for number, cell in numbers if cell.blind and not cell.failed]),
        top_ms=shown,
        cut=sum(sum(stack) > shown for stack in stacks.values()),
        passed=passed,
        failures=sum(cell.failed for cell in cells),
        blind_checks=sum(cell.blind for cell in cells),
        average_ms=sum(cell.duration_ms_sum for cell in cells) / passed if passed else None,
        averages=_averages(numbers, stacks, passed, len(layers)) if exact is not None else [],
        percentiles=_whole(cells, slowest) if exact is None else exact,
        max_ms=slowest,
    )


def _exact(course: Course, code: str) -> list[float] | None:
    """Percentiles of single checks; None where there are only bins."""
    return None if course.percentiles is None else course.percentiles.get(code, [])


def _whole(cells: Sequence[LocationCell], slowest_ms: float | None) -> list[float]:
    whole: dict[int, int] = defaultdict(int)
    for cell in cells:
        for number, count in cell.histogram.items():
            whole[number] += count
    return _percentiles(whole, slowest_ms)


def _averages(
    numbers: Sequence[tuple[int, LocationCell]], stacks: dict[int, list[float]], passed: int, layers: int
) -> list[float | None]:
    if not passed:
        return [None] * layers
    return [
        sum(cell.passed * stacks[number][layer] for number, cell in numbers if number in stacks) / passed
        for layer in range(layers)
    ]


def _rows(cells: dict[str, list[LocationCell]]) -> list[ValueRow]:
    """Newest first."""
    by_slice: dict[datetime, dict[str, LocationCell]] = defaultdict(dict)
    for code, here in cells.items():
        for cell in here:
            by_slice[cell.bucket_at][code] = cell
    return [
        ValueRow(at=at, cells=[_value(by_slice[at].get(code)) for code in cells])
        for at in sorted(by_slice, reverse=True)
    ]


def _value(cell: LocationCell | None) -> tuple[float | None, int]:
    if cell is None:
        return None, 0
    return cell.duration_ms_sum / cell.passed if cell.passed else None, cell.failed


def _island(
    cells: dict[str, list[LocationCell]], stacks: Stacks, slices: Slices, layers: Sequence[str], *, phased: bool
) -> Markup:
    """`values`: by location and slice [average, passed, failed, blind, layer, layer …]; durations in hundredths of a
    millisecond, which take fewer bytes than fractions.
    """
    values: dict[str, dict[int, list[int | None]]] = {}
    for code, here in cells.items():
        values[code] = {}
        for cell in here:
            number = slices.number(cell.bucket_at)
            average = _hundredths(cell.duration_ms_sum / cell.passed) if cell.passed else None
            shown = _shown(stacks[code].get(number, ()), phased=phased)
            values[code][number] = [average, cell.passed, cell.failed, cell.blind, *shown]
    content = {
        "since": int(slices.since.timestamp() * 1000),
        "seconds": slices.seconds,
        "count": slices.count,
        "layers": list(layers),
        "values": values,
    }
    # `<` would let a text end the element; there is none but location codes, and this costs nothing.
    return Markup(msgspec.json.encode(content).decode().replace("<", "\\u003c"))  # noqa: S704


def _shown(stack: Sequence[float], *, phased: bool) -> list[int]:
    """Phases as they are; percentiles as values, which the stack holds as distances."""
    return [_hundredths(value) for value in (stack if phased else accumulate(stack))]


def _hundredths(value: float) -> int:
    return int(100 * value + 0.5)
