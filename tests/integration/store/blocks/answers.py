"""What readers are answered about a monitor, to be compared before and after its checks are put into blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.history.histogram import SHORTEST_MS
from controller.decisions.history.history import Order, Position, Slice
from controller.decisions.history.scale import ERROR
from controller.decisions.history.views import View, sources
from controller.decisions.replay.recorded import RecordedCheck, Window
from controller.model import Monitor, Principal, Role
from controller.store.checks import round_results
from controller.store.checks.check_log import LogFilter, LogPlace, checks_after, checks_before
from controller.store.checks.history import check_history, failed_checks, recovered_checks
from controller.store.checks.latest_checks import latest_checks
from controller.store.checks.location_runs import location_runs
from controller.store.checks.result_history import HistoryRecord, ResultFilter, ResultScope, results_in
from controller.store.comparison import comparisons
from controller.store.evaluation.past_failures import recorded_checks
from controller.store.platform.pool import Connection
from controller.store.rollups import charts, location_charts
from controller.store.rollups.judged import judged_times
from controller.streaming import replayed_results
from controller.streaming.event_filter import EventFilter
from controller.streaming.replayed_results import replayed_body
from shared.epoch import to_ms
from shared.wire.messages import EventType, ResultStatus
from shared.wire.rounds import Purpose
from tests.integration.store.conftest import Store

HOUR = timedelta(hours=1)
MOST = 100_000
_AT_ONCE = 200
_START_MS = 0.1
"""Starts of phases may be off by so much, or by ERROR."""
_STARTS = (".startMs", ".start_ms")
_REAL = 1.000_001
"""PostgreSQL keeps durations as `real`."""
_DIFFERING = frozenset({"rounded", "transcript", "occurredAt"})
"""Fields that say that durations are rounded, the dialogues that blocks do not keep, and when checks ended: that is
their start, which is exact, and their duration.
"""


async def answers(store: Store, monitor: Monitor, since: datetime, until: datetime) -> dict[str, Any]:
    """By the name of the question."""
    found: dict[str, Any] = {"history": await check_history(store.database, monitor.id, monitor.public_id, limit=MOST)}
    found["latest history"] = await check_history(store.database, monitor.id, monitor.public_id, limit=30)
    found |= await _exports(store, monitor, since, until)
    async with store.database.connection() as connection:
        key = connection, monitor.id, monitor.public_id
        for name, choice in _FILTERS.items():
            log = LogFilter(since=since, until=until, **choice)
            found[f"log {name}"] = await checks_before(*key, log, None, limit=40)
            for n, check in enumerate(found["history"][::97]):
                place = LogPlace(check.due_at, check.location_id, check.purpose)
                found[f"before {name} {n}"] = await checks_before(*key, log, place, limit=40)
                found[f"after {name} {n}"] = await checks_after(*key, log, place, limit=40)
        for n, check in enumerate(found["history"][::61]):
            found[f"round {n}"] = await round_results.round_results(*key, check.due_at, limit=10)
            found[f"beside {n}"] = await round_results.before_and_after(*key, check)
            found[f"due {n}"] = await round_results.due_of(*key, check.check_id, rows=MOST)
        found["failed"] = await failed_checks(*key, since, until, limit=MOST)
        found["recovered"] = await recovered_checks(*key, since, until, limit=50)
        found["latest"] = await latest_checks(*key, 60)
        rolled = await charts.rolled_until(connection)
        found["runs"] = await location_runs(connection, monitor.id, rolled_until=rolled, kept_since=since)
        for bucket in (300, 3600):
            view = View(since, until, bucket)
            for name, rolled_until in (("checks", since), ("rolled", rolled)):
                made = sources(view, rolled_until)
                found[f"chart {bucket} {name}"] = await charts.chart(connection, monitor.id, view, made)
                cells = await location_charts.location_cells(connection, monitor.id, view, made, binned=True)
                found[f"cells {bucket} {name}"] = cells
            found[f"phases {bucket}"] = sorted(await location_charts.phase_sums(connection, monitor.id, view))
            found[f"raw {bucket}"] = await charts.raw_checks(connection, monitor.id, view, 70)
        shares, whole = (0.5, 0.9, 0.99), View(since, until, 3600)
        found["percentiles"] = await location_charts.duration_percentiles(connection, monitor.id, whole, shares)
        for table, read in _STORED_FIGURES.items():
            found[table] = [dict(row) for row in await connection.fetch(read, monitor.id)]
        found["comparisons"] = await comparisons.results_since(connection, {monitor.id: since}, since)
        found["preview"] = await _preview(connection, monitor, since, until)
        found["judged"] = await judged_times(connection, monitor.id, 60, [sources(View(since, until, 3600), since)])
    return found


async def _preview(connection: Connection, monitor: Monitor, since: datetime, until: datetime) -> list[Any]:
    """In no order, and without the moments when checks were stored: in blocks only delays of over ten seconds are."""
    parts = await recorded_checks(connection, monitor.id, [Window(to_ms(since), to_ms(until))])
    checks = (check for part in parts for check in msgspec.json.decode(part, type=list[RecordedCheck]))
    unstored = [msgspec.structs.replace(check, stored_ms=0) for check in checks]
    return sorted(unstored, key=lambda check: (check.due_ms, check.location_id, check.purpose))


_FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "us": {"location": "us"},
    "passed": {"status": ResultStatus.SUCCESS},
    "failed": {"status": ResultStatus.FAILURE},
    "scheduled": {"purpose": Purpose.SCHEDULED},
    "triggered": {"purpose": Purpose.TRIGGERED},
}


_STORED_FIGURES = {
    "rollups": "SELECT * FROM rollup WHERE monitor_id = $1 ORDER BY bucket_seconds, bucket_at, location_id",
    "uptime": "SELECT * FROM uptime WHERE monitor_id = $1 ORDER BY bucket_seconds, bucket_at",
}


async def organization_answers(store: Store, since: datetime, until: datetime) -> dict[str, Any]:
    """What is answered about all monitors of the organization together, deleted ones included."""
    found = await _exports_of(store, ResultScope(organization_id=store.organization), [None], since, until)
    public_id: UUID = await store.value("SELECT public_id FROM organization WHERE id = $1", store.organization)
    asker = Principal(works_in=store.organization, role=Role.ADMIN)
    events = EventFilter(organization=str(public_id), types=frozenset({EventType.RESULT}))
    replayed = replayed_results.results_between(store.database, asker, events, since, until, asyncio.Semaphore(1))
    async with aclosing(replayed) as steps:
        found["replay"] = [
            msgspec.json.decode(replayed_body(public_id, record)) async for records, _ in steps for record in records
        ]
    return found


async def _exports(store: Store, monitor: Monitor, since: datetime, until: datetime) -> dict[str, Any]:
    scope = ResultScope(organization_id=store.organization, monitor_ids=[monitor.id])
    return await _exports_of(store, scope, [[monitor.id], None], since, until)


async def _exports_of(
    store: Store, scope: ResultScope, by_monitor: Sequence[list[int] | None], since: datetime, until: datetime
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for order, start in ((Order.ASC, since), (Order.DESC, until)):
        for own in by_monitor:
            for statuses in (None, [ResultStatus.FAILURE]):
                choice, records = ResultFilter(statuses=statuses), list[HistoryRecord]()
                part = Slice(since, until, Position(start))
                while True:
                    more = await results_in(store.database, scope, choice, part, order, by_monitor=own, limit=_AT_ONCE)
                    records += more
                    if len(more) < _AT_ONCE:  # which says that there are no more
                        break
                    part = part._replace(position=more[-1].position)
                found[f"export {order} {own} {statuses}"] = records
    return found


def difference(before: Any, after: Any, at: str = "") -> str | None:
    """Where both differ by more than rounding; None where they do not."""
    before, after = (msgspec.to_builtins(one, str_keys=True) for one in (before, after))
    return _difference(before, after, at)


def _difference(before: Any, after: Any, at: str) -> str | None:
    match before, after:
        case dict(), dict():
            if before.keys() - _DIFFERING != after.keys() - _DIFFERING:
                return f"{at}: {before.keys()} became {after.keys()}"
            parts = ((name, before[name], after[name]) for name in before if name not in _DIFFERING)
        case list() | tuple(), list() | tuple():
            if len(before) != len(after):
                return f"{at}: {len(before)} became {len(after)}"
            parts = ((n, one, other) for n, (one, other) in enumerate(zip(before, after, strict=True)))
        case float(), float():
            least = _START_MS if at.endswith(_STARTS) else SHORTEST_MS
            far = abs(before - after) > _REAL * max(least, ERROR * abs(before))
            return f"{at}: {before} became {after}" if far else None
        case _:
            return None if before == after else f"{at}: {before!r} became {after!r}"
    return next((found for name, one, other in parts if (found := _difference(one, other, f"{at}.{name}"))), None)


def differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Where the answers differ, by the names of the questions."""
    assert before.keys() == after.keys()
    return {name: where for name in before if (where := difference(before[name], after[name]))}
