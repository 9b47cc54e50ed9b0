"""What an agent reports about itself."""

from __future__ import annotations

import asyncio
from time import monotonic, sleep
from typing import Any

from agent.checks.runner import ProbeContext
from agent.intake.worker import Worker
from agent.net.tls import Trust
from agent.throttling.limiter import Limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from controller.pipeline.location_registry import LocationRegistry
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.messages import CLOCK_TOLERANCE_MS, Heartbeat, Unfitness
from shared.wire.targets import KINDS
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request
from tests.fakes.installation import LOCATION_SIGNER, SIGNER, VERIFIER
from tests.fakes.scripted_server import Hang, playing
from tests.integration.agent.running_agent import agent, receiving_heartbeats, send_request, settings_for, target, until
from tests.integration.pipeline.small_installation import eventually


async def test_heartbeats_name_the_agent_and_its_capacity(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    async with receiving_heartbeats(ready) as received, agent(enrolment, trust, concurrency=7):
        await until(lambda: bool(received))
    subject, heartbeat = received[0]
    assert subject == "mailprobe.agent.de.de.one"
    assert (heartbeat.agent, heartbeat.location, heartbeat.country) == ("one", "de", "DE")
    assert heartbeat.kinds == list(KINDS)
    assert (heartbeat.running, heartbeat.waiting, heartbeat.capacity) == (0, 0, 7)


async def test_an_agent_whose_loop_is_late_takes_fewer_checks_and_says_so(
    ready: Bus, certificates: Certificates
) -> None:
    stop = asyncio.Event()
    async with receiving_heartbeats(ready) as received, context(certificates) as here:
        checker = Checker(
            here, Limiter(Permits(at_once=2, per_second=1, most_waiting=1), RefusedLogins(), monotonic), exempt=()
        )
        pace: dict[str, Any] = {"concurrency": 100, "per_second": 100}
        worker = Worker(ready, here, checker, VERIFIER, LOCATION_SIGNER, **pace, drain_seconds=0, capacity_seconds=0.05)
        working = asyncio.create_task(worker.run(stop))
        for _ in range(100):
            sleep(0.02)  # noqa: ASYNC251 - it is to stop the loop
            await asyncio.sleep(0.005)
        heartbeat = await next_heartbeat(worker, here, received)
        stop.set()
        await working
    assert heartbeat.loop_lag_ms > 5
    assert 1 <= heartbeat.capacity < 100


async def test_heartbeats_count_running_and_waiting_checks(ready: Bus, certificates: Certificates) -> None:
    """One check runs; the other waits for a permit of the same address, where the next may start minutes later."""
    stop = asyncio.Event()
    permits = Permits(at_once=2, per_second=1 / 200, most_waiting=10)
    async with receiving_heartbeats(ready) as received, context(certificates) as here, playing((Hang(),)) as server:
        limiter = Limiter(permits, RefusedLogins(), monotonic)
        limiter.found([Unfitness.NO_IPV6])
        checker = Checker(here, limiter, exempt=())
        pace: dict[str, Any] = {"concurrency": 7, "per_second": 100}
        worker = Worker(ready, here, checker, VERIFIER, LOCATION_SIGNER, **pace, drain_seconds=0, capacity_seconds=3600)
        working = asyncio.create_task(worker.run(stop))
        await send_request(ready, request(target(server), timeout_seconds=30))
        await until(lambda: checker.running == 1)
        await send_request(ready, request(target(server), start_in_seconds=250))
        await until(lambda: permits.waiting == 1)
        heartbeat = await next_heartbeat(worker, here, received)
        stop.set()
        await working
    assert (heartbeat.running, heartbeat.waiting, heartbeat.capacity) == (1, 1, 7)
    assert heartbeat.unfit == [Unfitness.NO_IPV6]


async def next_heartbeat(worker: Worker, here: ProbeContext, received: list[tuple[str, Heartbeat]]) -> Heartbeat:
    """A heartbeat with the present state; the worker sends others by itself."""
    now = here.reach.clock.now()
    await worker.heartbeats.beat()

    async def fresh() -> Heartbeat | None:
        return next((heartbeat for _, heartbeat in received if heartbeat.sent_at >= now), None)

    heartbeat = await eventually(fresh)
    assert heartbeat
    return heartbeat


async def test_what_a_controller_signs_holds_across_the_accounts_of_the_broker(
    enrolment: Enrolment, ready: Bus, database_url: str, certificates: Certificates
) -> None:
    async with (
        Database.open(database_url) as database,
        Bus.open(settings_for(enrolment).broker, name="agent") as there,
        context(certificates) as here,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(LocationRegistry(database, ready, SIGNER).follow_heartbeats())
        await there.wait_connected()
        await asyncio.sleep(0)
        await ready.client.flush()
        limiter = Limiter(Permits(at_once=1, per_second=1, most_waiting=1), RefusedLogins(), monotonic)
        checker = Checker(here, limiter, exempt=())
        worker = Worker(there, here, checker, VERIFIER, LOCATION_SIGNER, concurrency=1, per_second=1, drain_seconds=0)
        async with asyncio.timeout(30):
            while here.reach.clock.offset_ms is None:  # an answer that takes longer than a second is ignored
                await worker.heartbeats.beat()
        following.cancel()
        assert abs(here.reach.clock.offset_ms) < CLOCK_TOLERANCE_MS
