"""How much of some times a monitor was up: judged time, outages and maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.history.retention import single_results_since
from controller.decisions.history.views import Range, free_view, sources, stats_view
from controller.model import Monitor, Principal
from controller.model.incidents import MonitorIncident
from controller.operations.monitors.monitors import get_monitor
from controller.store.incidents.monitor_incidents import incidents_between
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.rollups import charts
from controller.store.rollups.judged import JudgedTime, judged_times
from shared.wire.targets import KINDS

__all__ = ["JudgedTime", "MonitorIncident", "UptimeOf", "UptimeRequest", "uptimes_of"]


class UptimeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A time up to now of one of these lengths, or with a beginning and perhaps an end."""

    range: Range | None = None
    since: datetime | None = None
    until: datetime | None = None


class UptimeOf(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged from `since` to `until`: the requested time in whole hours or days where only roll-ups are
    stored. `incidents` touch it, newest first.
    """

    range: Range | None
    since: datetime
    until: datetime
    judged: JudgedTime
    incidents: list[MonitorIncident]


async def uptimes_of(
    database: Database, principal: Principal, public_id: UUID, requests: Sequence[UptimeRequest], now: datetime
) -> tuple[Monitor, list[UptimeOf]]:
    """In the order of the requests. Raises InvalidError, NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, KINDS, public_id)
    async with database.connection() as connection:
        single = single_results_since(
            await choices.kept_for(connection, monitor.organization_id, monitor.customer_id, now), now
        )
        views = [
            stats_view(one.range, reference=now, now=now)
            if one.range
            else free_view(one.since, one.until, single_since=single, now=now)
            for one in requests
        ]
        rolled_until = await charts.rolled_until(connection)
        times = [sources(view, rolled_until) for view in views]
        judged = await judged_times(connection, monitor.id, monitor.interval_seconds, times)
        return monitor, [
            UptimeOf(
                range=one.range,
                since=view.since,
                until=view.until,
                judged=time,
                incidents=await incidents_between(connection, monitor.id, view.since, view.until),
            )
            for one, view, time in zip(requests, views, judged, strict=True)
        ]
