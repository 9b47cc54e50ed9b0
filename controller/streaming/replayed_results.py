"""Stored results as the events that they were, for a replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import UNSET

from controller.decisions.history.history import Order, Period, Walk, reads_by_monitor, start
from controller.model import Principal
from controller.operations.results.results import History
from controller.store.accounts.customers import customer_of
from controller.store.checks import result_history
from controller.store.checks.result_history import HistoryRecord, ResultFilter, ResultScope
from controller.store.locations.locations import all_locations
from controller.store.platform.pool import Database
from controller.streaming.event_filter import EventFilter
from shared.wire import json_times
from shared.wire.messages import CheckResult, Event, EventType, ResultStatus

_ROWS = 500
_ROWS_BY_TIME = 2_000
"""By time each step finds all the blocks around it, so steps that bring more take less in all."""
_MOST_BY_MONITOR = 20_000


async def results_between(
    database: Database,
    principal: Principal,
    event_filter: EventFilter,
    since: datetime,
    until: datetime,
    reading: asyncio.Semaphore,
) -> AsyncGenerator[tuple[list[HistoryRecord], datetime]]:
    """Results that match, by due moment, each time with the moment up to which they are complete. At most as many
    streams read at once as `reading` allows. Raises StoreUnavailableError.
    """
    async with reading:
        scope = await _scope(database, principal, event_filter)
        choice = await _choice(database, event_filter)
        there = await result_history.population(database, scope, at_most=_MOST_BY_MONITOR)
    if not there.ids or choice.location_ids == [] or since >= until:
        return
    walked = Period(since, until)
    by_monitor = there.ids if reads_by_monitor(len(there.ids), there.total_monitors, _ROWS) else None
    rows_at_once = _ROWS_BY_TIME if by_monitor is None else _ROWS
    walk = Walk(walked, Order.ASC, start(walked, Order.ASC), monitors=len(there.ids), rows=rows_at_once)
    async with aclosing(History(database, scope, choice, walk, by_monitor, rows_at_once).steps()) as steps:
        while not walk.ended:
            async with reading:
                rows = await anext(steps)
            yield rows, walk.position.due_at


def replayed_body(organization: UUID, record: HistoryRecord) -> bytes:
    """The JSON of the event. The customer is the one that has the monitor now."""
    result = CheckResult(
        check_id=record.check_id,
        monitor_id=record.monitor,
        location=record.location,
        country=record.country,
        agent=record.agent,
        purpose=record.purpose,
        due_at=record.due_at,
        started_at=record.started_at,
        duration_ms=record.duration_ms,
        failure=record.failure,
        phases=record.phases,
        warnings=record.warnings,
        address=record.address,
        facts=record.facts,
        loop_lag_ms=record.loop_lag_ms or 0.0,
        kernel_rtt_ms=record.kernel_rtt_ms,
        login_withheld=record.login_withheld,
        detail=record.detail,
    )
    event = Event(
        event_id=record.check_id,
        type=EventType.RESULT,
        organization_id=organization,
        customer_id=record.customer,
        monitor_id=record.monitor,
        occurred_at=record.started_at + timedelta(milliseconds=record.duration_ms),
        status=record.status,
        result=result,
        kind=record.kind,
        replayed=True,
        rounded=True if record.rounded else UNSET,
    )
    return json_times.encode(event)


async def _scope(database: Database, principal: Principal, event_filter: EventFilter) -> ResultScope:
    organization = principal.organization_id
    customers = monitors = None
    if event_filter.customers is not None:
        found = [await customer_of(database, organization, UUID(each)) for each in sorted(event_filter.customers)]
        customers = [customer.id for customer in found if customer is not None]
    if event_filter.monitors is not None:
        named = await result_history.monitors_named(database, organization, list(map(UUID, event_filter.monitors)))
        monitors = [monitor.id for monitor in named.values()]
    return ResultScope(
        organization_id=organization,
        customer_ids=customers,
        kinds=None if event_filter.kinds is None else sorted(event_filter.kinds),
        monitor_ids=monitors,
    )


async def _choice(database: Database, event_filter: EventFilter) -> ResultFilter:
    numbers = None
    if event_filter.locations is not None or event_filter.countries is not None:
        numbers = [
            location.id
            for location in await all_locations(database)
            if (event_filter.locations is None or location.code in event_filter.locations)
            and (event_filter.countries is None or location.country_code in event_filter.countries)
        ]
    statuses = event_filter.statuses
    return ResultFilter(
        location_ids=numbers, statuses=None if statuses is None else [ResultStatus(each) for each in sorted(statuses)]
    )
