"""The checks of a monitor over a time, summed up in buckets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.history.figures import Bucket, LocationBucket, buckets_of
from controller.decisions.history.retention import single_results_since
from controller.decisions.history.views import View, sources, stored_view
from controller.model import Monitor, Principal
from controller.off_loop import off_loop
from controller.operations.monitors.monitors import get_monitor
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.rollups import charts
from shared.wire.targets import KINDS

__all__ = ["Bucket", "Charted", "LocationBucket", "chart_of"]


class Charted(msgspec.Struct, frozen=True, kw_only=True):
    """`view` is the time as it is stored; `buckets` are those in which something was checked, in order."""

    monitor: Monitor
    view: View
    buckets: list[Bucket]


async def chart_of(database: Database, principal: Principal, public_id: UUID, view: View, now: datetime) -> Charted:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, KINDS, public_id)
    async with database.connection() as connection:
        held = await choices.kept_for(connection, monitor.organization_id, monitor.customer_id, now)
        view = stored_view(view, single_results_since(held, now), now)
        found = await charts.chart(connection, monitor.id, view, sources(view, await charts.rolled_until(connection)))
    return Charted(monitor=monitor, view=view, buckets=await off_loop(buckets_of, found, view.bucket_seconds))
