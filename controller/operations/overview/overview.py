"""All monitors at once, and what is wrong with them or with the installation: only what the principal may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.decisions.history.known_states import KnownState, known_states, verdict_spans
from controller.decisions.history.maintenance import spans
from controller.decisions.history.uptime import EvaluatedTime, Span, VerdictSince, estimated_time, uptime_percent
from controller.decisions.history.views import Range, ceil, stats_view
from controller.kinds import Configured, is_one_server
from controller.kinds.servers import servers_text
from controller.model import Principal
from controller.model.overview import OverviewFilter
from controller.off_loop import off_loop
from controller.pipeline.ops.health import DependencyProblem
from controller.store.monitors.configured import ConfiguredMonitor, configured_monitors
from controller.store.overview import finding, rows, troubles
from controller.store.overview.finding import FoundMonitors
from controller.store.overview.rows import LatestAtLocation, OverviewRow
from controller.store.overview.troubles import (
    LocationContactState,
    NamedCustomer,
    OpenIncident,
    OpenNotice,
    Troubles,
)
from controller.store.platform.pool import Database
from shared.epoch import to_ms

__all__ = [
    "FoundMonitors",
    "LatestAtLocation",
    "LocationContactState",
    "NamedCustomer",
    "OpenIncident",
    "OpenNotice",
    "Troubles",
]

PER_PAGE = 100
BAR_SLICES = 48
BAR = timedelta(hours=24)
_SLICE_SECONDS = int(BAR.total_seconds()) // BAR_SLICES


class OverviewMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the overview; `address` is where its checks connect. `medians` are milliseconds by country, of the
    latest checks that passed. `states` are those of the bar's time; time without any is a gap. `uptime` is a
    percentage, None when nothing was judged. `maintenance_until` is when
    the maintenance that is under way ends; None also when somebody has to end it.
    """

    public_id: UUID
    kind: str
    name: str
    address: str
    customer_name: str
    customer_id: UUID
    state: str
    latest: list[LatestAtLocation]
    medians: dict[str, float]
    states: list[KnownState]
    uptime: float | None
    maintenance_until: datetime | None = None


class BarTime(msgspec.Struct, frozen=True):
    """What a bar covers: BAR_SLICES slices, the last of which contains now."""

    since: datetime
    until: datetime


def bar_time(now: datetime) -> BarTime:
    until = ceil(now, _SLICE_SECONDS)
    return BarTime(until - BAR, until)


async def find_monitors(
    database: Database, principal: Principal, selection: OverviewFilter, now: datetime
) -> FoundMonitors:
    """Raises OrganizationRequiredError."""
    return await finding.find_monitors(
        database,
        principal.organization_id,
        principal.customer_ids,
        selection,
        per_page=PER_PAGE,
        since=_uptime_since(now),
        now=now,
    )


async def read_monitors(
    database: Database, principal: Principal, monitors: Collection[UUID], now: datetime
) -> list[OverviewMonitor]:
    """These monitors in their order, as far as the principal may see them. Raises OrganizationRequiredError."""
    if not monitors:
        return []
    found = await rows.rows_of(
        database,
        principal.organization_id,
        principal.customer_ids,
        monitors,
        bar_since=bar_time(now).since,
        uptime_since=_uptime_since(now),
        now=now,
    )
    unread = [row.public_id for row in found if row.port is not None and not is_one_server(row.kind)]
    configured = await _configured(database, unread) if unread else {}
    return await off_loop(lambda: [_monitor(row, configured.get(row.public_id, row), now) for row in found])


async def _configured(database: Database, monitors: Collection[UUID]) -> dict[UUID, ConfiguredMonitor]:
    """Rows with a port have no config, and some kinds have servers in it."""
    async with database.connection() as connection:
        return {one.public_id: one for one in await configured_monitors(connection, monitors)}


async def read_troubles(
    database: Database,
    principal: Principal,
    customer: int | UUID | None = None,
    *,
    database_problem: DependencyProblem | None = None,
) -> Troubles:
    """`customer` is that of the filter, to be among the customers; `database_problem` is what this controller found,
    which no notice in the database can say. Raises OrganizationRequiredError.
    """
    known = await troubles.troubles_of(database, principal.organization_id, principal.customer_ids, customer=customer)
    if database_problem is None:
        return known
    found = OpenNotice(kind="database_failing", subject=database_problem.text, since=database_problem.since)
    return msgspec.structs.replace(known, notices=[found, *known.notices])


def _uptime_since(now: datetime) -> datetime:
    """The same day as that of a monitor's details."""
    return stats_view(Range.DAY, reference=now, now=now).since


def _monitor(row: OverviewRow, configured: Configured, now: datetime) -> OverviewMonitor:
    verdicts = verdict_spans(row.verdicts, to_ms(now))
    maintenance = spans(row.maintenance, to_ms(now))
    suspended = spans((one for one in row.maintenance if one.suspended), to_ms(now))
    return OverviewMonitor(
        public_id=row.public_id,
        kind=row.kind,
        name=row.name,
        address=servers_text(configured),
        customer_name=row.customer_name,
        customer_id=row.customer_public_id,
        state=row.state,
        latest=row.latest,
        medians=row.medians,
        maintenance_until=row.maintenance_until,
        states=known_states(verdicts, maintenance, suspended),
        uptime=uptime_percent(_judged(row, maintenance, now)),
    )


def _judged(row: OverviewRow, maintenance: Sequence[Span], now: datetime) -> EvaluatedTime:
    """The hours that are rolled up, as everywhere, and an estimate of the time since."""
    since = max(row.rolled_until, _uptime_since(now))
    verdicts = [VerdictSince(one.at_ms, one.verdict) for one in row.verdicts]
    return EvaluatedTime(*row.uptime).plus(estimated_time(verdicts, Span(to_ms(since), to_ms(now)), maintenance))
