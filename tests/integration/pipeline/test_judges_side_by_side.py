"""Whoever judges, dies or judges at the same time: all happens once, and the order of arrival does not matter."""

from __future__ import annotations

import asyncio
from itertools import permutations
from uuid import UUID

import asyncpg
import msgspec
import pytest

from controller.pipeline.evaluator import judge_looks
from controller.pipeline.event_relay import tell_events
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from shared.wire.rounds import Purpose
from tests.integration.pipeline.court import Court
from tests.integration.pipeline.world import eventually

HAPPENED = """
SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM incident_change), (SELECT count(*) FROM event_outbox)
"""


async def test_two_judges_at_once_take_each_look_once(court: Court, database_url: str) -> None:
    monitors = [await court.monitor() for _ in range(40)]
    for seconds, purpose in ((20, Purpose.SCHEDULED), (26, Purpose.RECHECK)):
        for monitor in monitors:
            await court.hear(monitor, seconds, "fff", purpose=purpose)
    async with Database.open(database_url) as one, Database.open(database_url) as two:
        await asyncio.gather(*(judge_looks(db, at_once=3) for db in (one, two, one, two)))
        while await court.looks():
            await judge_looks(one)
    assert await court.world.rows(HAPPENED) == [(40, 40, 80)]
    assert await court.world.value("SELECT count(DISTINCT monitor_id) FROM incident WHERE resolved_at IS NULL") == 40


async def test_a_judge_that_dies_in_the_middle_leaves_nothing_behind_and_the_next_one_does_it_once(
    court: Court, database_url: str
) -> None:
    monitor = await court.monitor()
    await court.look(monitor, -8, "fff")
    await court.hear(monitor, -2, "fff", purpose=Purpose.RECHECK)
    before = await court.world.rows("SELECT state::text FROM standing")
    blocker = await asyncpg.connect(database_url)
    await blocker.execute("BEGIN; LOCK TABLE event_outbox IN ACCESS EXCLUSIVE MODE")
    judging = asyncio.create_task(judge_looks(court.db))

    async def killed() -> bool:
        return bool(
            await blocker.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        )

    await eventually(killed)
    with pytest.raises(StoreUnavailableError):
        await judging
    await blocker.close()
    assert await court.world.rows("SELECT state::text FROM standing") == before
    assert await court.world.rows(HAPPENED) == [(0, 0, 0)]
    await judge_looks(court.db)
    assert await court.world.rows(HAPPENED) == [(1, 1, 2)]


async def test_a_result_that_comes_while_its_look_is_taken_is_not_forgotten(court: Court, database_url: str) -> None:
    """Ingest waits for the judge, and notes the look anew."""
    monitor = await court.monitor()
    await court.hear(monitor, 20, "f--")
    blocker = await asyncpg.connect(database_url)
    await blocker.execute("BEGIN; LOCK TABLE location IN ACCESS EXCLUSIVE MODE")
    judging = asyncio.create_task(judge_looks(court.db))

    async def waiting() -> bool:
        return bool(await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    await eventually(waiting)
    await blocker.execute("COMMIT")
    await blocker.close()
    await asyncio.gather(judging, court.hear(monitor, 20, "-ff"))
    await judge_looks(court.db)
    assert await court.looks() == 0
    assert await court.rechecks() == 1


async def test_a_monitor_that_cannot_be_judged_does_not_hold_up_the_others(court: Court) -> None:
    monitors = [await court.monitor() for _ in range(5)]
    await court.world.value("""UPDATE monitor SET policy = '{"quorum": "never"}' WHERE public_id = $1""", monitors[2])
    for monitor in monitors:
        await court.hear(monitor, 0, "ppp")
    await judge_looks(court.db)
    verdicts = [await court.verdict(monitor) for monitor in monitors]
    assert verdicts == ["up", "up", "unknown", "up", "up"]
    [(later,)] = await court.world.rows("SELECT check_at > now() + interval '50 s' FROM look")
    assert later


@pytest.mark.parametrize("order", [pytest.param(order, id="".join(order)) for order in permutations("012")])
async def test_the_order_in_which_votes_arrive_makes_no_difference(court: Court, order: tuple[str, ...]) -> None:
    """The last vote of each look comes after the first ones of the next."""
    monitor = await court.monitor()
    evidence = [(20, "ffp"), (21, "fff"), (22, "pfp"), (23, "ppp"), (24, "pff"), (25, "pff"), (26, "ppp")]
    first, second, last = (int(place) for place in order)
    held: tuple[int, str] | None = None
    for seconds, letters in evidence:
        await court.look(monitor, seconds, _only(letters, first))
        await court.look(monitor, seconds, _only(letters, second))
        if held:
            await court.look(monitor, *held)
        held = (seconds, _only(letters, last))
    assert held
    await court.look(monitor, *held)
    assert await court.timeline(monitor) == [
        ("opened", "down"),
        ("resolved", "down"),
        ("opened", "down"),
        ("resolved", "down"),
    ]


def _only(letters: str, place: int) -> str:
    return "".join(letter if number == place else "-" for number, letter in enumerate(letters))


async def _outage(court: Court) -> UUID:
    monitor = await court.monitor()
    await court.look(monitor, -9, "ppp")
    await court.look(monitor, -8, "fff")
    await court.look(monitor, -5, "fff", purpose=Purpose.RECHECK)
    await court.look(monitor, -2, "ppp")
    return monitor


async def test_each_verdict_and_incident_event_is_told_once_and_in_order(court: Court, bus: Bus) -> None:
    monitor = await _outage(court)
    await asyncio.gather(*(tell_events(court.db, bus) for _ in range(3)))
    while await court.world.value("SELECT count(*) FROM event_outbox"):
        await tell_events(court.db, bus)
    verdicts = [msgspec.json.decode(body, type=VerdictEvent) for body in await court.world.published(EventType.VERDICT)]
    assert [(event.previous, event.verdict) for event in verdicts] == [
        ("unknown", "up"),
        ("up", "down"),
        ("down", "up"),
    ]
    assert verdicts[1].reason == "3 of 3 countries cannot connect: refused"
    assert verdicts[1].evidence
    assert [vote.ballot for vote in verdicts[1].evidence.votes] == ["failed"] * 3
    incidents = [
        msgspec.json.decode(body, type=IncidentEvent) for body in await court.world.published(EventType.INCIDENT)
    ]
    assert [(event.change, event.severity) for event in incidents] == [("opened", "down"), ("resolved", "down")]
    assert incidents[0].incident_id == incidents[1].incident_id
    assert (incidents[0].resolved_at is None, incidents[1].resolved_at is None) == (True, False)
    events: list[VerdictEvent | IncidentEvent] = [*verdicts, *incidents]
    for event in events:
        assert (event.organization_id, event.customer_id) == (court.world.organization, court.world.customer)
        assert event.monitor_id == monitor
    assert len({event.event_id for event in events}) == 5


async def test_an_event_told_by_a_controller_that_died_before_it_could_note_so_is_not_told_again(
    court: Court, bus: Bus
) -> None:
    await _outage(court)
    await court.world.value("CREATE TABLE kept AS TABLE event_outbox")
    await tell_events(court.db, bus)
    await court.world.value("INSERT INTO event_outbox OVERRIDING SYSTEM VALUE TABLE kept")
    await tell_events(court.db, bus)
    assert len(await court.world.published(EventType.VERDICT)) == 3
    assert len(await court.world.published(EventType.INCIDENT)) == 2
    assert await court.world.value("SELECT count(*) FROM event_outbox") == 0


async def test_events_wait_for_a_broker_that_is_away(court: Court) -> None:
    await _outage(court)
    async with Bus.open(Broker("nats://127.0.0.1:9"), name="nowhere") as away:
        with pytest.raises(BusError):
            await tell_events(court.db, away)
    assert await court.world.value("SELECT count(*) FROM event_outbox") == 5
