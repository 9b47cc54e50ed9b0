"""An agent loses no result when its broker is away, comes late or accepts nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import structlog

from agent.net.tls import Trust
from controller.broker.streams import ensure_check_consumer, ensure_streams
from controller.trust.keys import Trust as Installation
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.enrolment import Enrolment
from shared.wire.targets import KINDS
from tests.fakes.context import request
from tests.fakes.installation import as_controller, broker_config
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import (
    POLITE,
    SLOW,
    agent,
    in_hand,
    none_left,
    results,
    send_request,
    stored,
    target,
    until,
)


async def test_an_agent_waits_for_a_controller_that_comes_later(enrolment: Enrolment, bus: Bus, trust: Trust) -> None:
    await bus.client.jsm().delete_stream(subjects.CHECKS)
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            await until(lambda: any(line["event"] == "fetch_failed" for line in logged))
            await ensure_streams(bus)
            await ensure_check_consumer(bus, country="DE", location="de", kind="smtp")
            await send_request(bus, request(target(server)))
            await results(bus, 1)
    kinds = [line["kind"] for line in logged if line["event"] == "fetch_failed"]
    assert sorted(kinds) == sorted(KINDS)


async def test_a_request_is_not_acknowledged_before_its_result_is_stored(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    """While the broker accepts no results, the request stays unacknowledged; afterwards both are settled."""
    await ready.client.jsm().delete_stream(subjects.RESULTS)
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            await send_request(ready, request(target(server)))
            await until(lambda: any(line["event"] == "results_held_back" for line in logged))
            assert await stored(ready, subjects.CHECKS) == 1
            assert await in_hand(ready) == 1
            await ensure_streams(ready)
            await results(ready, 1)
            await none_left(ready)
            assert server.connections == 1
    assert [line["event"] for line in logged].count("results_held_back") == 1


async def test_a_broker_killed_in_the_middle_of_checks_loses_nothing(
    server_folder: Path, trust: Trust, enrolment: Enrolment, installation: Installation
) -> None:
    """Results wait in the agent until the broker is back; each request gets exactly one result."""
    server = nats.prepare(server_folder / "nats-agent", broker_config(installation))
    connects = 0

    async def connected() -> None:
        nonlocal connects
        connects += 1

    async with (
        supervising(pause_seconds=0.5) as supervisor,
        playing(SLOW) as mail,
        Bus.open(as_controller(server.url, installation), name="test", on_connect=connected) as bus,
    ):
        await supervisor.start(server.part(server_folder / "nats-agent.log"))
        await bus.wait_connected()
        await ensure_streams(bus)
        await ensure_check_consumer(bus, country="DE", location="de", kind="smtp")
        async with agent(msgspec.structs.replace(enrolment, nats_url=server.url), trust):
            check_requests = [request(target(mail)) for _ in range(20)]
            for each in check_requests:
                await send_request(bus, each)
            await until(lambda: mail.connections >= 10)
            [pid] = supervisor.pids.values()
            os.kill(pid, signal.SIGKILL)
            await until(lambda: connects >= 2)
            found = await results(bus, len(check_requests), 60)
            await none_left(bus, 60)
    assert sorted(result.check_id for result in found) == sorted(each.check_id for each in check_requests)
    assert mail.connections == len(check_requests)
