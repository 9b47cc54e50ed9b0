"""A request that one process of an agent has run is not run again by another one, however it comes there."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from uuid import uuid4

import msgspec

from agent.throttling.limiter_client import connect_to_limiter
from agent.throttling.taken import TakenRequest
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from tests.fakes.context import request
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import (
    POLITE,
    none_left,
    program,
    results,
    send_request,
    send_signed,
    target,
    until,
)
from tests.integration.agent.test_processes import Log, new_limiter, two_children


async def test_a_replay_at_another_process_is_refused_also_after_the_first_one_died(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    """Whoever can write to the broker sends the signed request again, under new ids, until both processes had it."""
    async with (
        playing(POLITE) as server,
        program(enrolment, tmp_path, "--processes", "2", CONCURRENCY="4") as process,
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        once = request(target(server), timeout_seconds=5, start_in_seconds=250)
        await send_request(ready, once, ttl_seconds=250)
        [result] = await results(ready, 1)
        await none_left(ready)
        ran = result.agent

        async def replay_until(refusals: int) -> None:
            """Each process logs its first refusal of a minute."""
            async with asyncio.timeout(60):
                while log.count("request_refused") < refusals:
                    for _ in range(4):
                        await send_signed(ready, msgspec.json.encode(once), str(uuid4()))
                    await none_left(ready)

        await replay_until(2)
        os.kill(log.pids()[ran], signal.SIGKILL)
        await until(lambda: log.count("nats_connected") == 3)
        await replay_until(3)
        assert server.connections == 1
        assert {line["reason"] for line in log.lines if line["event"] == "request_refused"} == {"replayed"}
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()


async def test_the_parent_tells_a_process_what_the_others_took() -> None:
    limiter, _ = new_limiter()
    check_id = uuid4()
    async with two_children(limiter) as (first, second, _, _):
        assert await first.replayed([TakenRequest(check_id, 10, 60.0)]) == frozenset()
        assert await second.replayed([TakenRequest(check_id, 20, 60.0)]) == {0}
        assert await second.replayed([TakenRequest(check_id, 10, 60.0)]) == frozenset()
        many = [TakenRequest(uuid4(), 1000 + number, 60.0) for number in range(1000)]
        assert await first.replayed(many) == frozenset()
        assert await second.replayed(many) == frozenset()
        assert (
            await second.replayed([TakenRequest(one.check_id, 5000 + one.number, 60.0) for one in many]) == frozenset()
        )
        again = [TakenRequest(one.check_id, one.number + 9000, 60.0) for one in many]
        assert await first.replayed([*again, TakenRequest(uuid4(), 1, 60.0)]) == {*range(1000)}


async def test_without_a_parent_that_answers_requests_are_run() -> None:
    ours, theirs = socket.socketpair()
    async with connect_to_limiter(theirs) as child:
        assert await child.replayed([TakenRequest(uuid4(), 1, 60.0)]) == frozenset()
        ours.close()
        await asyncio.wait_for(child.gone.wait(), 30)
        assert await child.replayed([TakenRequest(uuid4(), 1, 60.0)]) == frozenset()
