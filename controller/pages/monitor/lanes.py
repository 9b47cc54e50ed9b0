"""What lies on the time axis above the charts: verdict, incidents, maintenance, and a bar for each location. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from controller.operations.monitors.course import Course, LocationCell, MonitorIncident, PastMaintenance
from controller.pages.drawing.axis import AxisTick, Extent, extent, ticks
from controller.pages.drawing.bar import GAP, Held, Run, runs, sliced
from controller.pages.shell.texts import span
from shared.epoch import to_ms


class Slices(msgspec.Struct, frozen=True, kw_only=True):
    """The axis: `count` slices of `seconds` each; the last one may reach beyond now."""

    since: datetime
    until: datetime
    seconds: int
    count: int

    @property
    def begin_ms(self) -> int:
        return to_ms(self.since)

    @property
    def end_ms(self) -> int:
        return to_ms(self.until)

    def number(self, at: datetime) -> int:
        return int((at - self.since).total_seconds()) // self.seconds


class IncidentSpan(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    severity: str
    label: str
    extent: Extent


class MaintenanceSpan(msgspec.Struct, frozen=True, kw_only=True):
    """By one window: `window` is its name, where it is known. `band` is the same time as a path in a chart, in a box as
    wide as there are slices and 200 high.
    """

    window: str | None
    from_at: datetime
    to_at: datetime | None
    suspended: bool
    extent: Extent
    band: str


class LocationLane(msgspec.Struct, frozen=True, kw_only=True):
    """`words` counts the slices by what was found in them."""

    location: str
    country: str
    runs: list[Run]
    words: str


class LanesView(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict_known` is False when no verdict of this time is stored any more. `reasons` is JSON: the verdict's reason
    by the number of the slice that it begins in.
    """

    slices: Slices
    slice_words: str
    ticks: list[AxisTick]
    verdict: list[Run]
    verdict_words: str
    verdict_known: bool
    reasons: str
    incidents: list[IncidentSpan]
    maintenance: list[MaintenanceSpan]
    locations: list[LocationLane]


_WORDS = {
    "up": "passed",
    "degraded": "warned",
    "partial": "some failed",
    "down": "all failed",
    "unknown": "could not check",
}
_VERDICTS = ("down", "partial", "degraded", "up", "unknown")


def slices_of(course: Course) -> Slices:
    seconds = course.view.bucket_seconds
    width = timedelta(seconds=seconds)
    count = -((course.view.since - course.view.until) // width)
    return Slices(since=course.view.since, until=course.view.since + count * width, seconds=seconds, count=count)


def lanes_view(course: Course, slices: Slices, now: datetime) -> LanesView:
    since, until = slices.since, slices.until
    end = min(now, course.view.until)
    verdict = sliced(_held(course, end), since, until, slices.count)
    found: dict[str, list[LocationCell]] = defaultdict(list)
    for cell in course.cells:
        found[cell.location].append(cell)
    return LanesView(
        slices=slices,
        slice_words=span(slices.seconds),
        ticks=ticks(since, until),
        verdict=runs(verdict),
        verdict_words=_counted(_durations(_held(course, end))),
        verdict_known=bool(course.verdicts),
        reasons=_reasons(verdict),
        incidents=[_incident(one, since, until, end) for one in reversed(course.incidents)],
        maintenance=[_maintenance(one, slices, end) for one in course.maintenance],
        locations=[_lane(cells, slices) for cells in found.values()],
    )


def _held(course: Course, end: datetime) -> list[Held]:
    changes = course.verdicts
    ends = [*(one.at for one in changes[1:]), end][: len(changes)]
    return [
        Held(max(one.at, course.view.since), until, one.verdict, one.reason)
        for one, until in zip(changes, ends, strict=True)
        if until > course.view.since
    ]


def _reasons(verdict: Sequence[Held]) -> str:
    changed = {
        str(number): one.reason
        for number, one in enumerate(verdict)
        if number == 0 or one.reason != verdict[number - 1].reason
    }
    return msgspec.json.encode(changed).decode()


def _durations(held: Sequence[Held]) -> dict[str, timedelta]:
    total: dict[str, timedelta] = defaultdict(timedelta)
    for one in held:
        total[one.state] += one.to_at - one.from_at
    return total


def _counted(total: dict[str, timedelta]) -> str:
    return ", ".join(f"{state} {span(total[state])}" for state in _VERDICTS if state in total)


def _lane(cells: Sequence[LocationCell], slices: Slices) -> LocationLane:
    states = [GAP] * slices.count
    for cell in cells:
        number = slices.number(cell.bucket_at)
        if 0 <= number < slices.count:
            states[number] = state_of(cell)
    held = [Held(slices.since, slices.until, state) for state in states]  # only the states are drawn
    words = [f"{word} in {states.count(state)}" for state, word in _WORDS.items() if state in states]
    return LocationLane(
        location=cells[0].location,
        country=cells[0].country,
        runs=runs(held),
        words=f"{', '.join(words)} of {slices.count} slices",
    )


def state_of(cell: LocationCell) -> str:
    """The worst of a location in one slice. Only where nothing passed it is down: in a slice of a day, one failed check
    would hide all others.
    """
    if cell.failed:
        return "partial" if cell.passed else "down"
    if cell.warned and cell.passed:
        return "degraded"
    return "up" if cell.passed else "unknown"


def _incident(one: MonitorIncident, since: datetime, until: datetime, end: datetime) -> IncidentSpan:
    ended = one.resolved_at or end
    lasted = span(ended - one.outage_started_at)
    return IncidentSpan(
        path=f"/incidents/{one.public_id}",
        severity=one.severity,
        label=f"Incident, {one.severity}, {'open for' if one.resolved_at is None else 'lasted'} {lasted}: {one.reason}",
        extent=extent(one.outage_started_at, ended, since, until),
    )


def _maintenance(one: PastMaintenance, slices: Slices, end: datetime) -> MaintenanceSpan:
    where = extent(one.from_at, min(one.to_at or end, end), slices.since, slices.until)
    x, width = (round(part * slices.count / 100, 2) for part in where)
    return MaintenanceSpan(
        window=one.window,
        from_at=one.from_at,
        to_at=one.to_at,
        suspended=one.suspended,
        extent=where,
        band=f"M{x} 0h{width}v200h-{width}z",
    )


def locations_of(cells: Iterable[LocationCell]) -> list[tuple[str, str]]:
    """Code and country of every location with checks, by country."""
    return list(dict.fromkeys((cell.location, cell.country) for cell in cells))
