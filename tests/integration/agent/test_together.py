"""Several agents of one location, each with its own enrolment file, share its checks."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from agent.net.tls import Trust
from controller.trust.keys import Trust as Installation
from controller.trust.keys import new_request_key
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.signing import Signer
from tests.fakes.context import request
from tests.fakes.installation import enrolled
from tests.fakes.scripted_server import Gate, playing
from tests.integration.agent.running_agent import POLITE, agent, none_left, results, send_request, target, until


async def test_agents_with_the_old_and_the_new_keys_of_a_location_share_its_checks(
    enrolment: Enrolment, ready: Bus, trust: Trust, installation: Installation
) -> None:
    rotated = enrolled(enrolment.nats_url, installation, enrolment.sealing_key)
    assert rotated.nats_credentials.reveal() != enrolment.nats_credentials.reveal()
    opened = asyncio.Event()
    async with (
        playing((Gate(opened), *POLITE)) as server,
        agent(enrolment, trust, agent_name="old", concurrency=2),
        agent(rotated, trust, agent_name="new", concurrency=2),
    ):
        check_requests = [request(target(server), timeout_seconds=60) for _ in range(12)]
        for each in check_requests:
            await send_request(ready, each)
        await until(lambda: server.connections >= 3)  # so more than one agent has taken checks
        opened.set()
        found = await results(ready, len(check_requests))
        await none_left(ready)
    assert sorted(result.check_id for result in found) == sorted(each.check_id for each in check_requests)
    assert {result.agent for result in found} == {"old", "new"}
    assert server.connections == len(check_requests)


async def test_an_agent_that_knows_another_key_leaves_the_work_to_the_other_agent(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    """One agent was enrolled when the controllers had another request key."""
    forgotten = msgspec.structs.replace(enrolment, verify_keys=[Signer(new_request_key()).verify_key])
    with structlog.testing.capture_logs() as logged:
        async with (
            playing(POLITE) as server,
            agent(forgotten, trust, agent_name="forgotten"),
            agent(enrolment, trust, agent_name="known"),
        ):
            for _ in range(8):
                check_request = request(target(server), start_in_seconds=20)
                await send_request(ready, check_request)
                [found] = await results(ready, 1)
                assert (found.check_id, found.agent) == (check_request.check_id, "known")
            await none_left(ready)
    assert "unknown_key" in [line.get("reason") for line in logged]
