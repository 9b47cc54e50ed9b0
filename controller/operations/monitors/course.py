"""The course of a monitor over a time: verdicts, incidents, checks and durations by location, and uptime."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from controller.decisions.history.views import Range, View, sources, stats_view
from controller.model import Monitor
from controller.model.incidents import MonitorIncident
from controller.store.incidents.monitor_incidents import incidents_between
from controller.store.incidents.verdict_changes import StoredVerdict, verdicts_since
from controller.store.maintenance.past import PastMaintenance, maintenance_between
from controller.store.platform.pool import Connection
from controller.store.rollups import charts, location_charts
from controller.store.rollups.judged import JudgedTime, judged_times
from controller.store.rollups.location_charts import LocationCell, PhaseSums

__all__ = [
    "Course",
    "LocationCell",
    "MonitorIncident",
    "PastMaintenance",
    "PhaseSums",
    "StoredVerdict",
    "Uptime",
    "course_of",
]

MOST_PHASE_CHECKS = 12_000
"""Of more checks than this the phases are not summed up: that would take longer than a page may."""

SHARES = (0.5, 0.95, 0.99)
"""The percentiles of durations."""

FIGURES = (Range.DAY, Range.MONTH, Range.YEAR)


class Uptime(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a time was judged. `range` is None for the time of the view itself."""

    range: Range | None
    since: datetime
    until: datetime
    judged: JudgedTime


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """`verdicts` begin with the one that held at the beginning of the view, as far as it is known. `phases` and the
    percentiles of SHARES by location are None where single checks are no longer stored, or are too many; there the
    cells have histograms. `maintenance` is by window, so its parts may overlap.
    """

    view: View
    verdicts: list[StoredVerdict]
    incidents: list[MonitorIncident]
    maintenance: list[PastMaintenance]
    cells: list[LocationCell]
    phases: list[PhaseSums] | None
    percentiles: dict[str, list[float]] | None
    uptimes: list[Uptime]


async def course_of(
    connection: Connection,
    monitor: Monitor,
    view: View,
    single_since: datetime,
    now: datetime,
    *,
    locations: int,
    customer_ids: frozenset[int] | None,
) -> Course:
    """`locations` is how many check it; single results are certainly stored since `single_since`. The caller has
    checked that the monitor may be read, by people with access to these customers (None: to all).
    """
    rolled_until = await charts.rolled_until(connection)
    views = [*((range_, stats_view(range_, reference=now, now=now)) for range_ in FIGURES), (None, view)]
    times = [sources(one, rolled_until) for _, one in views]
    judged = await judged_times(connection, monitor.id, monitor.interval_seconds, times)
    verdicts = await verdicts_since(connection, [monitor.id], view.since)
    checked_since = max(view.since, monitor.created_at)
    checks = locations * (view.until - checked_since) / timedelta(seconds=monitor.interval_seconds)
    single = view.since >= single_since and checks <= MOST_PHASE_CHECKS
    phases, percentiles = None, None
    cells = await location_charts.location_cells(connection, monitor.id, view, times[-1], binned=not single)
    if single:
        phases = await location_charts.phase_sums(connection, monitor.id, view)
        percentiles = await location_charts.duration_percentiles(connection, monitor.id, view, SHARES)
    return Course(
        view=view,
        verdicts=[one for one in verdicts.get(monitor.id, []) if one.at < view.until],
        incidents=await incidents_between(connection, monitor.id, view.since, view.until),
        maintenance=await maintenance_between(connection, monitor.id, view.since, view.until, customer_ids),
        cells=cells,
        phases=phases,
        percentiles=percentiles,
        uptimes=[
            Uptime(range=range_, since=one.since, until=one.until, judged=found)
            for (range_, one), found in zip(views, judged, strict=True)
        ],
    )
