"""The state of a monitor now: its verdict, since when and why, the open incident, and each of its locations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.history.retention import results_since
from controller.model import Monitor, Principal
from controller.model.incidents import MonitorIncident
from controller.operations.monitors.monitors import get_monitor
from controller.operations.monitors.situation import LatestAt, Situation, situation_of
from controller.store.checks.location_runs import LocationRun, location_runs
from controller.store.incidents.monitor_incidents import incidents_between
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.rollups import charts
from shared.wire.targets import KINDS

__all__ = ["LatestAt", "LocationRun", "PresentState", "present_state"]


class PresentState(msgspec.Struct, frozen=True, kw_only=True):
    """`incident` is the open one. `runs` are the locations that may check the monitor; the newest check of each is in
    the situation's `latest`.
    """

    monitor: Monitor
    situation: Situation
    incident: MonitorIncident | None
    runs: list[LocationRun]


async def present_state(database: Database, principal: Principal, public_id: UUID, now: datetime) -> PresentState:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, KINDS, public_id)
    async with database.connection() as connection:
        situation = await situation_of(connection, monitor, None)
        incidents = await incidents_between(connection, monitor.id, now, now)
        runs = await location_runs(
            connection,
            monitor.id,
            rolled_until=await charts.rolled_until(connection),
            kept_since=results_since(
                await choices.kept_for(connection, monitor.organization_id, monitor.customer_id, now), now
            ),
        )
    return PresentState(
        monitor=monitor,
        situation=situation,
        incident=next((one for one in incidents if one.resolved_at is None), None),
        runs=runs,
    )
