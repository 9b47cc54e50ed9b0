"""Evaluators that work at the same time or die: everything happens once, and the order of arrival does not matter."""

from __future__ import annotations

import asyncio
from itertools import permutations
from uuid import UUID

import asyncpg
import msgspec
import pytest

from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.event_relay import relay_events
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.pipeline.small_installation import eventually

HAPPENED = """
SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM incident_change), (SELECT count(*) FROM event_outbox)
"""


async def test_two_evaluators_at_once_take_each_evaluation_once(case: EvaluationCase, database_url: str) -> None:
    monitors = [await case.monitor() for _ in range(40)]
    for seconds, purpose in ((20, Purpose.SCHEDULED), (26, Purpose.RECHECK)):
        for monitor in monitors:
            await case.store(monitor, seconds, "fff", purpose=purpose)
    async with Database.open(database_url) as one, Database.open(database_url) as two:
        await asyncio.gather(*(evaluate_due(db, at_once=3) for db in (one, two, one, two)))
        while await case.waiting_evaluations():
            await evaluate_due(one)
    assert await case.installation.rows(HAPPENED) == [(40, 40, 80)]
    assert (
        await case.installation.value("SELECT count(DISTINCT monitor_id) FROM incident WHERE resolved_at IS NULL") == 40
    )


async def test_an_evaluator_that_dies_in_the_middle_leaves_nothing_behind_and_the_next_one_does_it_once(
    case: EvaluationCase, database_url: str
) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -8, "fff")
    await case.store(monitor, -2, "fff", purpose=Purpose.RECHECK)
    before = await case.installation.rows("SELECT state::text FROM monitor_state")
    blocker = await asyncpg.connect(database_url)
    await blocker.execute("BEGIN; LOCK TABLE event_outbox IN ACCESS EXCLUSIVE MODE")
    evaluating = asyncio.create_task(evaluate_due(case.db))

    async def killed() -> bool:
        return bool(
            await blocker.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        )

    await eventually(killed)
    with pytest.raises(StoreUnavailableError):
        await evaluating
    await blocker.close()
    assert await case.installation.rows("SELECT state::text FROM monitor_state") == before
    assert await case.installation.rows(HAPPENED) == [(0, 0, 0)]
    await evaluate_due(case.db)
    assert await case.installation.rows(HAPPENED) == [(1, 1, 2)]


async def test_a_result_that_comes_while_its_monitor_is_evaluated_is_not_forgotten(
    case: EvaluationCase, database_url: str
) -> None:
    """Ingest waits for the evaluator, and then notes the evaluation anew."""
    monitor = await case.monitor()
    await case.store(monitor, 20, "f--")
    blocker = await asyncpg.connect(database_url)
    await blocker.execute("BEGIN; LOCK TABLE location IN ACCESS EXCLUSIVE MODE")
    evaluating = asyncio.create_task(evaluate_due(case.db))

    async def waiting() -> bool:
        return bool(await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    await eventually(waiting)
    await blocker.execute("COMMIT")
    await blocker.close()
    await asyncio.gather(evaluating, case.store(monitor, 20, "-ff"))
    await evaluate_due(case.db)
    assert await case.waiting_evaluations() == 0
    assert await case.rechecks() == 1


async def test_a_monitor_that_cannot_be_evaluated_does_not_hold_up_the_others(case: EvaluationCase) -> None:
    monitors = [await case.monitor() for _ in range(5)]
    await case.installation.value(
        """UPDATE monitor SET policy = '{"quorum": "never"}' WHERE public_id = $1""", monitors[2]
    )
    for monitor in monitors:
        await case.store(monitor, 0, "ppp")
    await evaluate_due(case.db)
    verdicts = [await case.verdict(monitor) for monitor in monitors]
    assert verdicts == ["up", "up", "unknown", "up", "up"]
    [(later,)] = await case.installation.rows("SELECT check_at > now() + interval '50 s' FROM evaluation")
    assert later


@pytest.mark.parametrize("order", [pytest.param(order, id="".join(order)) for order in permutations("012")])
async def test_the_order_in_which_votes_arrive_makes_no_difference(
    case: EvaluationCase, order: tuple[str, ...]
) -> None:
    """The last vote of each evaluation comes after the first votes of the next."""
    monitor = await case.monitor()
    evidence = [(20, "ffp"), (21, "fff"), (22, "pfp"), (23, "ppp"), (24, "pff"), (25, "pff"), (26, "ppp")]
    first, second, last = (int(place) for place in order)
    held: tuple[int, str] | None = None
    for seconds, letters in evidence:
        await case.evaluate(monitor, seconds, _only(letters, first))
        await case.evaluate(monitor, seconds, _only(letters, second))
        if held:
            await case.evaluate(monitor, *held)
        held = (seconds, _only(letters, last))
    assert held
    await case.evaluate(monitor, *held)
    assert await case.timeline(monitor) == [
        ("opened", "down"),
        ("resolved", "down"),
        ("opened", "down"),
        ("resolved", "down"),
    ]


def _only(letters: str, place: int) -> str:
    return "".join(letter if number == place else "-" for number, letter in enumerate(letters))


async def _outage(case: EvaluationCase) -> UUID:
    monitor = await case.monitor()
    await case.evaluate(monitor, -9, "ppp")
    await case.evaluate(monitor, -8, "fff")
    await case.evaluate(monitor, -5, "fff", purpose=Purpose.RECHECK)
    await case.evaluate(monitor, -2, "ppp")
    return monitor


async def test_each_verdict_and_incident_event_is_published_once_and_in_order(case: EvaluationCase, bus: Bus) -> None:
    monitor = await _outage(case)
    await asyncio.gather(*(relay_events(case.db, bus) for _ in range(3)))
    while await case.installation.value("SELECT count(*) FROM event_outbox"):
        await relay_events(case.db, bus)
    verdicts = [
        msgspec.json.decode(body, type=VerdictEvent) for body in await case.installation.published(EventType.VERDICT)
    ]
    assert [(event.previous, event.verdict) for event in verdicts] == [
        ("unknown", "up"),
        ("up", "down"),
        ("down", "up"),
    ]
    assert verdicts[1].reason == "3 of 3 countries cannot connect: refused"
    assert verdicts[1].evidence
    assert [vote.ballot for vote in verdicts[1].evidence.votes] == ["failed"] * 3
    incidents = [
        msgspec.json.decode(body, type=IncidentEvent) for body in await case.installation.published(EventType.INCIDENT)
    ]
    assert [(event.change, event.severity) for event in incidents] == [("opened", "down"), ("resolved", "down")]
    assert incidents[0].incident_id == incidents[1].incident_id
    assert (incidents[0].resolved_at is None, incidents[1].resolved_at is None) == (True, False)
    events: list[VerdictEvent | IncidentEvent] = [*verdicts, *incidents]
    for event in events:
        assert (event.organization_id, event.customer_id) == (
            case.installation.organization,
            case.installation.customer,
        )
        assert event.monitor_id == monitor
    assert len({event.event_id for event in events}) == 5


async def test_an_event_published_by_a_controller_that_died_before_noting_it_is_not_published_again(
    case: EvaluationCase, bus: Bus
) -> None:
    await _outage(case)
    await case.installation.value("CREATE TABLE kept AS TABLE event_outbox")
    await relay_events(case.db, bus)
    await case.installation.value("INSERT INTO event_outbox OVERRIDING SYSTEM VALUE TABLE kept")
    await relay_events(case.db, bus)
    assert len(await case.installation.published(EventType.VERDICT)) == 3
    assert len(await case.installation.published(EventType.INCIDENT)) == 2
    assert await case.installation.value("SELECT count(*) FROM event_outbox") == 0


async def test_events_wait_for_a_broker_that_is_away(case: EvaluationCase) -> None:
    await _outage(case)
    async with Bus.open(Broker("nats://127.0.0.1:9"), name="nowhere") as away:
        with pytest.raises(BusError):
            await relay_events(case.db, away)
    assert await case.installation.value("SELECT count(*) FROM event_outbox") == 5
