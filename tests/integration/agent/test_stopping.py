"""Which checks a stopping agent finishes, and which it hands back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic

import pytest

from agent.intake.worker import Worker
from agent.net.tls import Trust
from agent.throttling.limiter import Limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus, Message
from shared.nats.credentials import parse
from shared.wire import subjects
from shared.wire.enrolment import Enrolment
from shared.wire.messages import ResultStatus
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request
from tests.fakes.installation import LOCATION_SIGNER, VERIFIER
from tests.fakes.scripted_server import Gate, Hang, playing
from tests.integration.agent.running_agent import (
    POLITE,
    SLOW,
    agent,
    program,
    results,
    send_request,
    target,
    until,
    until_stored,
)


async def test_a_stopping_agent_finishes_what_runs_and_takes_no_more(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with playing(SLOW) as server:
        async with agent(enrolment, trust) as stop:
            await send_request(ready, request(target(server)))
            await until(lambda: server.connections == 1)
            stop.set()
        await send_request(ready, request(target(server)))
        [result] = await results(ready, 1)
        assert result.status is ResultStatus.SUCCESS
        assert server.connections == 1
        await until_stored(ready, subjects.CHECKS, 1)


async def test_what_a_stopping_agent_cannot_finish_goes_to_another_at_once(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with playing((Hang(),)) as server:
        check_request = request(target(server), timeout_seconds=60)
        async with agent(enrolment, trust, drain_seconds=0.1):
            await send_request(ready, check_request)
            await until(lambda: server.connections == 1)
        server.script = POLITE
        async with agent(enrolment, trust, agent_name="two"):
            [result] = await results(ready, 1, seconds=5)  # before the broker would redeliver it by itself
    assert (result.check_id, result.agent) == (check_request.check_id, "two")


async def test_a_check_that_waits_for_a_permit_is_handed_back_at_once(
    enrolment: Enrolment, ready: Bus, certificates: Certificates
) -> None:
    stop, opened = asyncio.Event(), asyncio.Event()
    permits = Permits(at_once=1, per_second=1000, most_waiting=10)
    async with context(certificates) as here, playing((Gate(opened), *POLITE)) as server:
        checker = Checker(here, Limiter(permits, RefusedLogins(), monotonic), exempt=())
        worker = Worker(
            ready, here, checker, VERIFIER, LOCATION_SIGNER, concurrency=7, per_second=100, drain_seconds=60
        )
        working = asyncio.create_task(worker.run(stop))
        for _ in range(3):
            await send_request(ready, request(target(server), timeout_seconds=60))
        await until(lambda: permits.waiting == 2)
        stop.set()
        await until(lambda: permits.waiting == 0)  # the first check still runs
        opened.set()
        await working
        assert server.connections == 1
    await results(ready, 1)
    await until_stored(ready, subjects.CHECKS, 2)


async def test_nothing_is_being_sent_any_more_after_a_worker_failed(
    ready: Bus, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def publish(_: Message) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail() -> None:
        await began.wait()
        raise RuntimeError("a fault of ours")

    async with playing(POLITE) as server, context(certificates) as here:
        await send_request(ready, request(target(server)))
        monkeypatch.setattr(ready, "publish", publish)
        limiter = Limiter(Permits(at_once=1, per_second=1, most_waiting=1), RefusedLogins(), monotonic)
        checker = Checker(here, limiter, exempt=here.reach.allowed)
        worker = Worker(
            ready, here, checker, VERIFIER, LOCATION_SIGNER, concurrency=50, per_second=100, drain_seconds=1
        )
        monkeypatch.setattr(worker.heartbeats, "run", fail)
        worker.heartbeats.first_sent.set()
        with pytest.raises(ExceptionGroup):
            await asyncio.wait_for(worker.run(asyncio.Event()), 60)
        assert ended.is_set()


async def test_the_program_runs_and_stops_in_order(enrolment: Enrolment, ready: Bus, tmp_path: Path) -> None:
    async with program(enrolment, tmp_path, "--processes", "1") as process:
        async with playing(POLITE) as server:
            await send_request(ready, request(target(server)))
            [result] = await results(ready, 1)
        assert (result.agent, result.status) == ("program", ResultStatus.SUCCESS)
        process.terminate()
        _, output = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert b"agent_stopped" in output
    assert b"Traceback" not in output
    for secret in (enrolment.sealing_key, parse(enrolment.nats_credentials.reveal()).seed):
        assert secret.reveal().encode() not in output
