"""Which requests an agent answers with a result, and which it discards."""

from __future__ import annotations

import asyncio

import structlog

from agent.net.tls import Trust
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.messages import ResultStatus
from tests.fakes.context import request
from tests.fakes.scripted_server import Hang, playing
from tests.integration.agent.running_agent import (
    POLITE,
    SLOW,
    agent,
    in_hand,
    none_left,
    results,
    send_request,
    send_signed,
    target,
    until,
)


async def test_a_request_becomes_a_result(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    async with playing(POLITE) as server, agent(enrolment, trust):
        check_request = request(target(server), monitor_id=None)
        await send_request(ready, check_request)
        [result] = await results(ready, 1)
        await none_left(ready)
    assert (result.check_id, result.status, result.agent) == (check_request.check_id, ResultStatus.SUCCESS, "one")


async def test_a_request_that_comes_again_while_it_runs_is_attached(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with playing(SLOW) as server, agent(enrolment, trust):
        check_request = request(target(server))
        await send_request(ready, check_request)
        await send_request(ready, check_request, "the same under another id")
        await results(ready, 1)
        await none_left(ready)
        assert server.connections == 1


async def test_what_cannot_be_run_is_discarded_and_the_next_is_run(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            await send_signed(ready, b"hunter2 is no request", "garbage")
            await send_signed(ready, b'{"checkId": "hunter2"}', "half")
            await send_signed(ready, b"\xff\xfe", "binary")
            await send_request(ready, request(target(server), start_in_seconds=-1), ttl_seconds=5)
            check_request = request(target(server))
            await send_request(ready, check_request)
            [result] = await results(ready, 1)
            await none_left(ready)
            assert server.connections == 1
    assert result.check_id == check_request.check_id
    reasons = [line.get("reason", line["event"]) for line in logged if line["event"].startswith("request_")]
    assert sorted(reasons) == ["request_too_late", "unreadable"]  # the unreadable ones are logged together
    assert "hunter2" not in repr(logged)


async def test_every_line_of_a_check_carries_its_ids(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    context = [structlog.contextvars.merge_contextvars]
    with structlog.testing.capture_logs(processors=context) as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            check_request = request(target(server))
            await send_request(ready, check_request)
            await results(ready, 1)
    [line] = [line for line in logged if line["event"] == "check_done"]
    assert (line["check_id"], line["monitor_id"]) == (str(check_request.check_id), str(check_request.monitor_id))
    assert line["location"] == "de"


async def test_no_more_is_taken_than_there_are_slots(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    async with playing((Hang(),)) as server, agent(enrolment, trust, concurrency=3, drain_seconds=0):
        for _ in range(8):
            await send_request(ready, request(target(server), timeout_seconds=30))
        await until(lambda: server.connections == 3)
        await asyncio.sleep(0.05)
        assert server.connections == 3
        assert await in_hand(ready) == 3
