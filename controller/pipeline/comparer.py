"""Compare what the locations of a monitor see of its server, round after round, once the checks of a round are done.

Most rounds are never read here: a result whose facts are those of the check before it changes nothing, so a comparison
is due only when a location sees something else, and then each round until all is settled. Everything that a comparison
leads to is written in one transaction, while it is locked, so several controllers can compare side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import structlog

from controller.decisions.comparison.comparing import (
    ComparisonState,
    FactChange,
    KeptValue,
    SaidFinding,
    SeenRound,
    awaits_a_round,
    begin,
    said_findings,
    take_round,
)
from controller.decisions.comparison.server_views import view_of
from controller.decisions.comparison.signs import SeenServer
from controller.decisions.maintenance.at_locations import LocationTime, maintained_for
from controller.decisions.schedule.eligibility import configured
from controller.decisions.schedule.rotation import locations_of_round, pool
from controller.decisions.schedule.rounds import first_due_ms
from controller.kinds import words_of
from controller.model import Location, ScheduledMonitor
from controller.pipeline.fact_reports import report
from controller.store.comparison import comparisons, facts, suspicions
from controller.store.comparison.comparisons import StoredFindings
from controller.store.evaluation import evaluated_monitors, evaluations
from controller.store.evaluation.evaluated_monitors import EvaluatedMonitor
from controller.store.maintenance.at_locations import location_times
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from shared.epoch import to_datetime, to_ms

log = structlog.get_logger()

COMPARE_SECONDS = 1.0
AT_ONCE = 20
_SLACK_MS = 7_000
_READ_ROUNDS = 6
_POLL_MS = 2_000
_LONGEST_POLL_MS = 300_000
_HOUR_MS = 3_600_000
_PAUSE_MS = 60_000


async def compare_due(db: Database) -> None:
    """Make the comparisons that are due. Raises StoreUnavailableError."""
    await comparisons.take_changed(db)
    while await compare_some(db):
        pass


async def compare_some(db: Database) -> bool:
    """Compare up to AT_ONCE monitors. Returns whether more may be due."""
    async with db.transaction() as connection:
        claimed = await comparisons.claim(connection, AT_ONCE)
        if not claimed:
            return False
        now = await evaluations.now(connection)
        await comparisons.postpone(connection, list(claimed), to_ms(now) + _PAUSE_MS)
        monitors = await evaluated_monitors.evaluated_monitors(connection, list(claimed))
        locations = await evaluated_monitors.enabled_locations(connection)
        since = {number: _read_from(state, monitors[number].monitor, now) for number, state in claimed.items()}
        found = await comparisons.results_since(connection, since, min(since.values()))
        organizations = {known.organization_id for known in monitors.values()}
        times = await location_times(connection, organizations, min(since.values()), now)
        networks = await suspicions.own_networks(connection)
        for number, state in claimed.items():
            try:
                async with connection.transaction():
                    known = monitors[number]
                    own = _compared(found.get(number, []), times, known)
                    await _compare(connection, known, state, locations, own, networks, now)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("monitor_not_compared", monitor_id=number)
    return len(claimed) >= AT_ONCE


def _compared(
    found: Sequence[StoredFindings], times: Sequence[LocationTime], known: EvaluatedMonitor
) -> Sequence[StoredFindings]:
    """What locations found that were not under maintenance when their checks were due."""
    maintained = maintained_for(times, known.organization_id, known.customer_id)
    return [one for one in found if one.location_id not in maintained.at(one.due_ms)] if maintained.times else found


def _read_from(state: ComparisonState, monitor: ScheduledMonitor, now: datetime) -> datetime:
    """Where locations take turns, those of earlier rounds are compared with."""
    interval_ms = monitor.interval_seconds * 1000
    earliest = max(to_ms(now) - _READ_ROUNDS * interval_ms - _SLACK_MS, first_due_ms(monitor) - 1)
    taken = state.taken_ms if state.target_ms == first_due_ms(monitor) else 0
    if _takes_turns(monitor):
        return to_datetime(earliest)
    return to_datetime(max(earliest, taken))


def _takes_turns(monitor: ScheduledMonitor) -> bool:
    return monitor.in_turn or monitor.rotate_locations


class _Compared(NamedTuple):
    """The state after all rounds that are done, and what they showed; `wait_ms` is until when the next one waits."""

    state: ComparisonState
    changes: list[FactChange]
    values: list[KeptValue]
    wait_ms: int | None


async def _compare(
    connection: Connection,
    known: EvaluatedMonitor,
    before: ComparisonState,
    locations: Sequence[Location],
    found: Sequence[StoredFindings],
    networks: set[int],
    now: datetime,
) -> None:
    monitor, now_ms = known.monitor, to_ms(now)
    if not known.watched:
        await comparisons.save(connection, monitor.id, before, now_ms + _HOUR_MS if before.suspicions else None)
        return
    own = pool(monitor, configured(locations, monitor.allowed_check_country_codes))
    state = begin(before, first_due_ms(monitor), {here.id for here in own})
    if state.target_ms != before.target_ms and before.target_ms:
        await facts.forget_of(connection, monitor.id)
    done = _take_rounds(monitor, own, state, found, now_ms)
    rounds_state = done.state
    await facts.keep(connection, monitor.id, done.values, {one.location_id: one.findings.address for one in found})
    if rounds_state.suspicions or before.suspicions:
        await suspicions.replace(connection, monitor.id, rounds_state.suspicions)
        suspected = {one.location_id for one in rounds_state.suspicions if one.about_starttls}
        networks |= await suspicions.suspected_networks(connection, suspected)
        rounds_state, said = said_findings(before.suspicions, rounds_state, networks)
        if said:
            await suspicions.replace(connection, monitor.id, rounds_state.suspicions)
    else:
        said = list[SaidFinding]()
    await report(connection, known, locations, rounds_state, done.changes, said, now)
    settled = rounds_state.settled and not awaits_a_round(rounds_state, networks)
    next_ms = _next_ms(monitor, rounds_state, done.wait_ms, now_ms, settled=settled)
    await comparisons.save(connection, monitor.id, rounds_state, next_ms)


def _take_rounds(
    monitor: ScheduledMonitor,
    own: Sequence[Location],
    state: ComparisonState,
    found: Sequence[StoredFindings],
    now_ms: int,
) -> _Compared:
    """Take the rounds in their order, up to the first that is not done."""
    changes: list[FactChange] = []
    values: list[KeptValue] = []
    own_facts = words_of(monitor.kind).facts
    pool_ids = {here.id for here in own}
    newest: dict[int, SeenServer] = {}
    ordered = sorted(found, key=lambda one: (one.due_ms, one.is_recheck))
    for (due_ms, is_recheck), group in groupby(ordered, key=lambda one: (one.due_ms, one.is_recheck)):
        results = [one for one in group if one.location_id in pool_ids]
        sights = [
            SeenServer(one.location_id, view)
            for one in results
            if (view := view_of(one.findings, own_facts)) is not None
        ]
        if due_ms > state.taken_ms:
            voting = own if is_recheck else locations_of_round(monitor, own, due_ms)
            if {one.location_id for one in results} < {here.id for here in voting}:
                ripe_ms = due_ms + _longest_ms(monitor)
                if now_ms < ripe_ms:
                    return _Compared(state, changes, values, min(ripe_ms, now_ms + _POLL_MS))
            present = {one.location_id for one in sights}
            earlier = [one for here, one in newest.items() if here not in present] if _takes_turns(monitor) else []
            step = take_round(state, SeenRound(due_ms, is_recheck, sights, earlier), now_ms)
            state = step.state
            changes += step.changes
            values += step.values
        newest |= {one.location_id: one for one in sights}
    return _Compared(state, changes, values, None)


def _longest_ms(monitor: ScheduledMonitor) -> int:
    """After so long, a check that was due has its result or never gets one."""
    return max(monitor.timeout_seconds, monitor.evaluation_deadline_seconds or 0) * 1000 + _SLACK_MS


def _next_ms(
    monitor: ScheduledMonitor, state: ComparisonState, wait_ms: int | None, now_ms: int, *, settled: bool
) -> int | None:
    if wait_ms is not None:
        return wait_ms
    if not settled:
        longest_ms = _POLL_MS if state.recheck_ms is not None and now_ms < state.recheck_ms + 60_000 else None
        poll_ms = max(_POLL_MS, min(monitor.interval_seconds * 1000 // 4, _LONGEST_POLL_MS))
        return now_ms + (longest_ms or poll_ms)
    return now_ms + _HOUR_MS if state.suspicions else None
