"""What comparisons lead to: rechecks, entries of the feed with their events and notifications, and probe problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from controller.decisions.comparison.change_words import FINDINGS, OWN_NETWORK
from controller.decisions.comparison.comparing import ComparisonState, FactChange, SaidFinding
from controller.decisions.comparison.signs import SignKind
from controller.decisions.comparison.suspicions import Suspicion
from controller.decisions.schedule.rounds import first_due_ms
from controller.model import Location
from controller.pipeline.notifications.fact_notifications import notify_of_changes
from controller.store.comparison import changes as feed
from controller.store.comparison.changes import NewChange
from controller.store.evaluation import probe_problems, rechecks, states
from controller.store.evaluation.evaluated_monitors import EvaluatedMonitor
from controller.store.evaluation.probe_problems import ProbeRefusal
from controller.store.platform.pool import Connection
from shared.epoch import to_datetime, to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource
from shared.wire.rounds import last_due_ms

log = structlog.get_logger()


async def report(
    connection: Connection,
    known: EvaluatedMonitor,
    locations: Sequence[Location],
    state: ComparisonState,
    changed: Sequence[FactChange],
    said: Sequence[SaidFinding],
    now: datetime,
) -> None:
    """Write down what the rounds up to `state` led to, in the transaction that holds the comparison's lock."""
    await _plan_recheck(connection, known, state, to_ms(now))
    new = [*_changes(known, locations, changed), *_findings(known, locations, said, now)]
    await feed.insert(connection, new)
    await notify_of_changes(connection, known.monitor.id, known.organization_id, new, now)
    await probe_problems.note(connection, list(_problems(known.monitor.id, state)))
    if said:
        await states.unsettle(connection, known.monitor.id)
    for one in new:
        log.info("server_facts_changed", monitor_id=str(known.event_owner.monitor), words=one.words)


async def _plan_recheck(connection: Connection, known: EvaluatedMonitor, state: ComparisonState, now_ms: int) -> None:
    """All locations recheck together, since what one of them sees proves nothing alone."""
    due_ms = state.recheck_ms
    if due_ms is None or due_ms <= now_ms:
        return
    monitor = known.monitor
    round_ms = last_due_ms(monitor.public_id, monitor.interval_seconds * 1000, first_due_ms(monitor), due_ms)
    await rechecks.insert_whole_recheck(connection, monitor.id, round_ms or due_ms, due_ms)


def _changes(
    known: EvaluatedMonitor, locations: Sequence[Location], changed: Sequence[FactChange]
) -> Iterator[NewChange]:
    for one in changed:
        codes, countries = _places(locations, one.location_ids)
        yield NewChange(
            known.monitor.id,
            known.organization_id,
            known.customer_id,
            known.event_owner,
            to_datetime(one.due_ms),
            "changed",
            one.name,
            None,
            one.before,
            one.after,
            codes,
            countries,
        )


def _findings(
    known: EvaluatedMonitor, locations: Sequence[Location], said: Sequence[SaidFinding], now: datetime
) -> Iterator[NewChange]:
    for one in said:
        codes, countries = _places(locations, (one.suspicion.location_id,))
        withdrawn = None
        if not one.began and not one.over:
            withdrawn = OWN_NETWORK.format(name=FINDINGS[one.suspicion.kind].name, where=", ".join(countries))
        yield NewChange(
            known.monitor.id,
            known.organization_id,
            known.customer_id,
            known.event_owner,
            now,
            "began" if one.began else "ended",
            None,
            one.suspicion.kind.value,
            None,
            one.suspicion.detail if one.began else withdrawn,
            codes,
            countries,
        )


def _places(locations: Sequence[Location], numbers: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes and countries, in the order of the countries."""
    found = sorted((here for here in locations if here.id in numbers), key=lambda here: (here.country_code, here.code))
    return tuple(here.code for here in found), tuple(here.country_code for here in found)


def _problems(monitor_id: int, state: ComparisonState) -> Iterator[ProbeRefusal]:
    """Confirmed suspicions that are not said: our own network's, or that the server dislikes our probe."""
    for one in state.suspicions:
        if one.confirmed_ms is not None and not one.said:
            yield ProbeRefusal(monitor_id, one.location_id, state.taken_ms, _failure(one))


def _failure(one: Suspicion) -> Failure:
    disliked = one.kind is SignKind.PROBE_DISLIKED
    return Failure(
        kind=FailureKind.POLICY_REFUSAL if disliked else FailureKind.STARTTLS_MISSING,
        source=FailureSource.AGENT,
        detail=one.detail if disliked else f"{one.detail}, here and at other servers: it is the location's network",
    )
