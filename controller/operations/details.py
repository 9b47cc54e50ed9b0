"""Everything that a page about one monitor shows: its latest checks, uptime, response times and chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.evaluation.state import MonitorState
from controller.decisions.history.figures import Bucket, Stats, bucket_of_one, buckets_of, stats_of
from controller.decisions.history.retention import single_results_since
from controller.decisions.history.views import Range, View, sources, stats_view, stored_view
from controller.model import Alert, CheckRecord, Incident, Monitor, Principal
from controller.model.maintenance import MaintenanceWindow
from controller.off_loop import off_loop
from controller.operations.incidents.incidents import alerts_of, incidents_of
from controller.operations.maintenance.windows import list_windows
from controller.operations.monitors.monitors import Kinds, get_monitor
from controller.store.checks.history import check_history
from controller.store.monitors.latest import state_of
from controller.store.platform.pool import Connection, Database
from controller.store.retention import choices
from controller.store.rollups import charts
from controller.store.rollups.judged import judged_times

LATEST_CHECKS = 50
MOST_RAW_CHECKS = 10_000
STATS = (Range.DAY, Range.MONTH, Range.YEAR)


class MonitorDetails(msgspec.Struct, frozen=True, kw_only=True):
    """`windows` are those for the monitor that the principal may see, but for one that is its status. `truncated` says
    that there were more single checks than the latest MOST_RAW_CHECKS shown. `state` is None for a monitor without any
    evaluation.
    """

    monitor: Monitor
    latest: list[CheckRecord]
    stats: dict[Range, Stats]
    view: View
    buckets: list[Bucket]
    truncated: bool
    incidents: list[Incident]
    alerts: list[Alert]
    in_maintenance: bool
    windows: list[MaintenanceWindow]
    state: MonitorState | None


async def monitor_details(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    public_id: UUID,
    *,
    view: View,
    reference: datetime,
    now: datetime,
) -> MonitorDetails:
    """The chart shows `view`; the figures are of the day, month and year before `reference`.

    Raises NotFoundError, ForbiddenError.
    """
    monitor = await get_monitor(database, principal, kinds, public_id)
    async with database.connection() as connection:
        held = await choices.kept_for(connection, monitor.organization_id, monitor.customer_id, now)
    view = stored_view(view, single_results_since(held, now), now)
    within = msgspec.structs.replace(principal, works_in=monitor.organization_id)
    found = await list_windows(database, within, monitor_id=monitor.id)
    windows = [one for one in found if one.of_status is None]
    latest = await check_history(database, monitor.id, monitor.public_id, limit=LATEST_CHECKS)
    async with database.connection() as connection:
        rolled_until = await charts.rolled_until(connection)
        stats = await _stats(
            connection, monitor, [stats_view(range_, reference=reference, now=now) for range_ in STATS], rolled_until
        )
        if view.bucket_seconds:
            chart = await charts.chart(connection, monitor.id, view, sources(view, rolled_until))
            buckets, truncated = await off_loop(buckets_of, chart, view.bucket_seconds), False
        else:
            checks = await charts.raw_checks(connection, monitor.id, view, MOST_RAW_CHECKS + 1)
            truncated = len(checks) > MOST_RAW_CHECKS
            buckets = await off_loop(lambda: [bucket_of_one(check) for check in reversed(checks[:MOST_RAW_CHECKS])])
        incidents = await incidents_of(connection, monitor.id)
        alerts = await alerts_of(connection, monitor.id)
        state = await state_of(connection, monitor.id)
    return MonitorDetails(
        monitor=monitor,
        latest=latest,
        stats=dict(zip(STATS, stats, strict=True)),
        view=view,
        buckets=buckets,
        truncated=truncated,
        incidents=incidents,
        alerts=alerts,
        in_maintenance=monitor.maintenance is not None,
        windows=windows,
        state=state,
    )


async def _stats(
    connection: Connection, monitor: Monitor, views: Sequence[View], rolled_until: datetime
) -> list[Stats]:
    times = [sources(view, rolled_until) for view in views]
    judged = await judged_times(connection, monitor.id, monitor.interval_seconds, times)
    return [
        stats_of(view, await charts.totals(connection, monitor.id, here), one.evaluated)
        for view, here, one in zip(views, times, judged, strict=True)
    ]
