from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
import structlog

from controller.model import GapReason
from controller.pipeline.ingestor import BATCH
from controller.store.checks.dispatch import Expected, expect, settle
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.failures import FailureSource
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.rounds import Purpose, to_ms
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import World, a_result


async def test_a_result_is_stored_folded_into_the_latest_state_and_told_once(world: World, pipe: Pipe) -> None:
    monitor = await world.monitor()
    result = a_result(monitor)
    await world.report(result)
    await pipe.drain()
    assert await world.rows("SELECT status, duration_ms, address FROM result") == [("success", 12.5, "192.0.2.1")]
    [(status, checked_at)] = await world.rows("SELECT status, checked_at FROM latest")
    assert status == "success"
    assert abs(checked_at - (result.started_at + timedelta(milliseconds=12.5))) < timedelta(milliseconds=1)
    [event] = await world.events()
    assert (event.event_id, event.monitor_id, event.status) == (result.check_id, monitor, ResultStatus.SUCCESS)
    assert (event.organization_id, event.customer_id) == (world.organization, world.customer)
    assert event.result == result


async def test_a_second_copy_of_a_result_changes_nothing(world: World, pipe: Pipe) -> None:
    result = a_result(await world.monitor())
    await world.report(result)
    await pipe.drain()
    other = msgspec.structs.replace(result, agent="agent-2", duration_ms=99)
    await world.bus.publish(Message(subjects.result("DE", "de"), msgspec.json.encode(other), "another message id"))
    await pipe.drain()
    assert await world.rows("SELECT agent, duration_ms FROM result") == [("agent-1", 12.5)]
    assert len(await world.events()) == 1


async def test_two_copies_in_one_batch_are_stored_once(world: World, pipe: Pipe) -> None:
    result = a_result(await world.monitor())
    await world.report(result)
    await world.bus.publish(Message(subjects.result("DE", "de"), msgspec.json.encode(result), "another message id"))
    await pipe.drain()
    assert await world.value("SELECT count(*) FROM result") == 1
    assert len(await world.events()) == 1


async def test_a_result_stored_by_a_controller_that_died_before_telling_is_told_by_the_next(
    world: World, pipe: Pipe
) -> None:
    result = a_result(await world.monitor())
    await world.report(result)
    [delivery] = await pipe.consumer.fetch(BATCH, 1)
    await store_results(world.db, [result])
    await delivery.nak()
    await pipe.drain()
    assert await world.value("SELECT count(*) FROM result") == 1
    assert [event.event_id for event in await world.events()] == [result.check_id]


async def test_a_result_stored_but_not_told_is_told_also_when_the_broker_forgot_that_it_was_delivered(
    world: World, pipe: Pipe
) -> None:
    """A broker killed and started again counts deliveries anew."""
    result = a_result(await world.monitor())
    await store_results(world.db, [result])
    await world.report(result)
    await pipe.drain()
    assert [event.event_id for event in await world.events()] == [result.check_id]


async def test_a_copy_of_a_result_told_long_ago_is_not_told_again(world: World, pipe: Pipe) -> None:
    result = a_result(await world.monitor())
    await store_results(world.db, [result])
    await world.value("UPDATE result SET stored_at = now() - interval '1 hour'")
    await world.report(result)
    await pipe.drain()
    assert await world.events() == []


def _too_large(result: CheckResult) -> tuple[str, bytes]:
    large = msgspec.structs.replace(result, facts={"banner": "x" * 600_000})
    return subjects.result("DE", "de"), msgspec.json.encode(large)


def _garbage(_: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), b"\xff{"


def _too_deep(result: CheckResult) -> tuple[str, bytes]:
    deep = b'{"fromTheFuture":' + b"[" * 5000 + b"]" * 5000 + b","
    return subjects.result("DE", "de"), msgspec.json.encode(result).replace(b"{", deep, 1)


def _another_location(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("US", "us"), msgspec.json.encode(result)


def _unknown_monitor(_: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(a_result(uuid4()))


def _invented_id(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(msgspec.structs.replace(result, check_id=uuid4()))


def _ancient(result: CheckResult) -> tuple[str, bytes]:
    ancient = a_result(result.monitor_id, due_at=utc_now() - timedelta(days=40))
    return subjects.result("DE", "de"), msgspec.json.encode(ancient)


def _not_text(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(a_result(result.monitor_id, agent="a\x00b"))


def _not_a_duration(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(a_result(result.monitor_id, duration_ms=1e300))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(_too_large, "larger than", id="a result too large to be told"),
        pytest.param(_garbage, "not a result", id="bytes that are no JSON"),
        pytest.param(_too_deep, "not a result", id="nested too deeply to be read"),
        pytest.param(_another_location, "another location's result", id="a result in another location's name"),
        pytest.param(_unknown_monitor, "unknown monitor or location", id="a monitor that never was"),
        pytest.param(_invented_id, "the check id does not belong", id="an invented check id"),
        pytest.param(_ancient, "the due moment is too long ago", id="a due moment before all partitions"),
        pytest.param(_not_text, "cannot be stored", id="a NUL in a name, which PostgreSQL refuses"),
        pytest.param(_not_a_duration, "cannot be stored", id="a number that does not fit its column"),
    ],
)
async def test_what_cannot_be_stored_is_parked_and_does_not_hold_up_the_rest(
    world: World, pipe: Pipe, spoil: object, reason: str
) -> None:
    monitor = await world.monitor()
    due = utc_now()
    good = [a_result(monitor, due_at=due + timedelta(milliseconds=n)) for n in range(7)]
    assert callable(spoil)
    subject, body = spoil(a_result(monitor))
    for result in good[:3]:
        await world.report(result)
    await world.bus.publish(Message(subject, body, "bad"))
    for result in good[3:]:
        await world.report(result)
    await pipe.drain()
    assert await world.value("SELECT count(*) FROM result") == 7
    assert {event.event_id for event in await world.events()} == {result.check_id for result in good}
    [(parked_subject, parked_reason, parked_body)] = await world.rows("SELECT subject, reason, body FROM parked")
    assert (parked_subject, parked_body) == (subject, body[: 64 * 1024])
    assert parked_reason.startswith(reason)
    assert sum(value for (value,) in pipe.ingestor._counts.parked.state().values()) == 1


async def test_what_a_location_sends_makes_no_long_log_lines(world: World, pipe: Pipe) -> None:
    body = msgspec.json.encode(msgspec.to_builtins(a_result(await world.monitor())) | {"purpose": "p" * 400_000})
    with structlog.testing.capture_logs() as logged:
        await world.bus.publish(Message(subjects.result("DE", "de"), body, "bad"))
        await pipe.drain()
    [line] = [line for line in logged if line["event"] == "result_parked"]
    assert line["reason"].startswith("not a result: Invalid enum value 'ppp")
    assert len(str(line)) < 1000


async def test_a_blind_result_is_stored_but_does_not_count_as_a_check_of_the_target(world: World, pipe: Pipe) -> None:
    monitor = await world.monitor()
    first = a_result(monitor)
    blind = a_result(monitor, due_at=first.due_at + timedelta(seconds=10), source=FailureSource.AGENT)
    for result in (first, blind):
        await world.report(result)
        await pipe.drain()
    assert await world.rows("SELECT status FROM result ORDER BY due_at") == [("success",), ("unknown",)]
    [(status, checked_at)] = await world.rows("SELECT status, checked_at FROM latest")
    assert status == "unknown"
    assert checked_at - first.started_at < timedelta(seconds=1)


async def test_an_older_result_does_not_become_the_latest_state(world: World, pipe: Pipe) -> None:
    monitor = await world.monitor()
    new = a_result(monitor)
    old = a_result(monitor, due_at=new.due_at - timedelta(seconds=10), source=FailureSource.TARGET)
    for result in (new, old):
        await world.report(result)
        await pipe.drain()
    assert await world.rows("SELECT status FROM latest") == [("success",)]


async def test_a_check_without_a_result_becomes_a_gap_and_a_late_result_closes_it(world: World, pipe: Pipe) -> None:
    result = a_result(await world.monitor())
    number, location = (
        await world.value("SELECT max(id) FROM monitor"),
        await world.value("SELECT min(id) FROM location"),
    )
    check = Expected(
        number, to_ms(result.due_at), location, Purpose.SCHEDULED, GapReason.NO_RESULT, to_ms(utc_now()) - 1
    )
    await expect(world.db, [check])
    assert await settle(world.db) == (False, {"no_result": 1})
    assert await world.rows("SELECT from_at, to_at, reason FROM gap") == [(result.due_at, result.due_at, "no_result")]
    await world.report(result)
    await pipe.drain()
    assert await world.value("SELECT count(*) FROM gap") == 0
    assert await world.value("SELECT count(*) FROM result") == 1
    await expect(world.db, [check])
    assert await settle(world.db) == (False, {})


async def test_a_check_ends_in_a_result_or_in_a_gap_while_both_are_written_at_once(world: World) -> None:
    import asyncio

    monitor = await world.monitor()
    number, location = (
        await world.value("SELECT max(id) FROM monitor"),
        await world.value("SELECT min(id) FROM location"),
    )
    start = utc_now()
    results = [a_result(monitor, due_at=start + timedelta(milliseconds=n)) for n in range(400)]
    due = to_ms(utc_now()) - 1

    async def store() -> None:
        for n in range(0, 400, 8):
            await store_results(world.db, results[n : n + 8 : 2])

    async def give_up() -> None:
        for n in range(0, 400, 8):
            await expect(
                world.db,
                [
                    Expected(number, to_ms(result.due_at), location, Purpose.SCHEDULED, GapReason.NO_RESULT, due)
                    for result in results[n : n + 8]
                ],
            )
            await settle(world.db)

    await asyncio.gather(store(), give_up())
    assert await world.value("SELECT count(*) FROM result") == 200
    assert await world.value("SELECT count(*) FROM gap") == 200
    both = "SELECT count(*) FROM gap JOIN result ON result.monitor_id = gap.monitor_id AND due_at = from_at"
    assert await world.value(both) == 0
