"""Several requests in a message, and several results: each check runs once, whatever becomes of the message."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
import structlog

from agent.intake.held import End, HeldChecks
from agent.net.tls import Trust
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.batches import of_requests, results_in
from shared.wire.broker_clock import BrokerClock
from shared.wire.enrolment import Enrolment
from shared.wire.messages import BATCHES, CheckResult
from tests.fakes.context import request
from tests.fakes.installation import SIGNER
from tests.fakes.scripted_server import Gate, Hang, playing
from tests.integration.agent.running_agent import (
    POLITE,
    agent,
    answering_heartbeats,
    in_hand,
    none_left,
    receiving_heartbeats,
    result_messages,
    results,
    send_request,
    send_signed,
    send_together,
    stored,
    target,
    until,
)

SUBJECT = subjects.check("DE", "de", "smtp")
EVERY = (subjects.INGEST, subjects.INGEST_BATCHES)


async def test_every_request_of_a_message_becomes_a_result(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    async with playing(POLITE) as server, agent(enrolment, trust):
        requests = [request(target(server)) for _ in range(5)]
        await send_together(ready, *requests)
        found = await results(ready, 5)
        await none_left(ready)
        assert server.connections == 5
    assert {one.check_id for one in found} == {one.check_id for one in requests}


async def test_the_agent_says_that_it_reads_several_requests_in_a_message(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with receiving_heartbeats(ready) as received, agent(enrolment, trust):
        await until(lambda: bool(received))
    assert BATCHES in received[0][1].reads


async def test_what_is_wrong_in_a_message_does_not_stop_the_rest_of_it(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with playing(POLITE) as server, agent(enrolment, trust):
        good = [request(target(server)) for _ in range(2)]
        foreign = msgspec.structs.replace(request(target(server)), location="us", country="US")
        late = request(target(server), start_in_seconds=-1)
        bodies = [msgspec.json.encode(one) for one in (good[0], foreign, late, good[1])]
        await send_signed(ready, of_requests([b'{"checkId":"hunter2"}', *bodies, b"[]"]), "mixed")
        found = await results(ready, 2)
        await none_left(ready)
        assert server.connections == 2
    assert {one.check_id for one in found} == {one.check_id for one in good}


async def test_a_message_that_is_signed_wrongly_starts_nothing(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            first, second = request(target(server)), request(target(server))
            body = of_requests([msgspec.json.encode(one) for one in (first, second)])
            headers = SIGNER.headers(SUBJECT, msgspec.json.encode(first))
            await ready.publish(Message(SUBJECT, body, "forged", 60, headers))
            await send_request(ready, request(target(server)))
            await results(ready, 1)
            await none_left(ready)
            assert server.connections == 1
    assert [line["reason"] for line in logged if line["event"] == "request_refused"] == ["wrong_signature"]


async def test_what_was_done_before_is_not_done_again_in_another_message(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with playing(POLITE) as server, agent(enrolment, trust):
        done, new = request(target(server)), request(target(server))
        await send_request(ready, done)
        await results(ready, 1)
        await none_left(ready)
        await send_together(ready, done, new)
        [result] = await results(ready, 1)
        await none_left(ready)
        assert server.connections == 2
        assert await stored(ready, subjects.RESULTS) == 0
    assert result.check_id == new.check_id


async def test_a_check_that_two_messages_request_runs_once_for_both(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    opened = asyncio.Event()
    async with playing((Gate(opened), *POLITE)) as server, agent(enrolment, trust):
        shared, first, second = [request(target(server), timeout_seconds=60) for _ in range(3)]
        await send_together(ready, first, shared)
        await send_together(ready, shared, second, shared)
        await until(lambda: server.connections == 3)
        assert await in_hand(ready) == 2
        opened.set()
        await results(ready, 3)
        await none_left(ready)
        assert server.connections == 3


async def test_no_more_checks_run_at_once_than_there_are_slots(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    opened = asyncio.Event()
    async with playing((Gate(opened), *POLITE)) as server, agent(enrolment, trust, concurrency=3):
        for _ in range(2):
            await send_together(ready, *[request(target(server), timeout_seconds=60) for _ in range(8)])
        await until(lambda: server.connections == 3)
        await asyncio.sleep(0.05)
        assert server.connections == 3
        opened.set()
        found = await results(ready, 16)
        await none_left(ready)
        assert server.connections == len({one.check_id for one in found}) == 16


async def test_a_check_gives_its_slot_back_also_when_its_end_goes_wrong(
    enrolment: Enrolment, ready: Bus, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = HeldChecks.end

    async def fail(held: HeldChecks, check_id: UUID, how: End) -> None:
        await end(held, check_id, how)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(HeldChecks, "end", fail)
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust, concurrency=1):
            await send_together(ready, *[request(target(server)) for _ in range(3)])
            await results(ready, 3)
            await none_left(ready)
    assert [line["event"] for line in logged].count("request_not_ended") == 3


@pytest.mark.parametrize("reads", [[], [BATCHES]], ids=["results alone", "results together"])
async def test_what_a_stopping_agent_leaves_of_a_message_goes_to_another_and_nothing_runs_twice(
    enrolment: Enrolment, ready: Bus, trust: Trust, reads: list[str]
) -> None:
    async with (
        answering_heartbeats(ready, reads),
        playing(POLITE) as fast,
        playing((Hang(),)) as slow,
    ):
        done = [request(target(fast)) for _ in range(4)]
        left = [request(target(slow), timeout_seconds=60), request(target(fast))]
        async with agent(enrolment, trust, concurrency=1, drain_seconds=0.1):
            await send_together(ready, *done, *left)
            await until(lambda: slow.connections == 1)
        assert fast.connections == 4
        slow.script = POLITE
        async with agent(enrolment, trust, agent_name="two"):
            await none_left(ready)
        assert (fast.connections, slow.connections) == (5, 2)
    assert await _agents_by_check(ready) == {one.check_id: {"one"} for one in done} | {
        one.check_id: {"two"} for one in left
    }


async def test_what_was_done_elsewhere_is_not_done_again_if_the_rest_of_its_message_is_late(
    enrolment: Enrolment, ready: Bus, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, now = timedelta(), BrokerClock.now
    monkeypatch.setattr(BrokerClock, "now", lambda clock: now(clock) + ahead)
    async with playing(POLITE) as fast, playing((Hang(),)) as slow:
        done = request(target(fast), start_in_seconds=250)
        left = request(target(slow), start_in_seconds=60, timeout_seconds=60)
        async with agent(enrolment, trust, concurrency=1, drain_seconds=0.1):
            await send_together(ready, done, left)
            await until(lambda: slow.connections == 1)
        ahead = timedelta(seconds=120)
        async with agent(enrolment, trust, agent_name="two"):
            await none_left(ready)
            assert (fast.connections, slow.connections) == (1, 1)
            await send_request(ready, done, "replayed")
            await none_left(ready)
            assert fast.connections == 1
    assert await _agents_by_check(ready) == {done.check_id: {"one"}}


async def _agents_by_check(bus: Bus) -> dict[UUID, set[str]]:
    """Of every result in the stream, which agents sent it."""
    found: dict[UUID, set[str]] = {}
    for name in EVERY:
        consumer = await bus.consumer(subjects.RESULTS, name)
        for delivery in await consumer.fetch(100, 0.2):
            batch = subjects.is_result_batch(delivery.subject)
            for body in results_in(delivery.body) if batch else [delivery.body]:
                result = msgspec.json.decode(body, type=CheckResult)
                found.setdefault(result.check_id, set()).add(result.agent)
        await consumer.close()
    return found


async def test_results_go_together_while_the_controllers_say_that_they_read_them(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with answering_heartbeats(ready, [BATCHES]), playing(POLITE) as server, agent(enrolment, trust):
        requests = [request(target(server)) for _ in range(12)]
        await send_together(ready, *requests)
        messages = await result_messages(ready, 12, consumers=EVERY)
        await none_left(ready)
    assert len(messages) < 12
    assert {one.check_id for message in messages for one in message} == {one.check_id for one in requests}
