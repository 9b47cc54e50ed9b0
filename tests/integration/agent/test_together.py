"""Several agents in one location, each with an enrolment file of its own, share its checks."""

from __future__ import annotations

from agent.net.tls import Trust
from controller.trust.keys import Trust as Installation
from shared.bus import Bus
from shared.enrolment import Enrolment
from tests.fakes.installation import enrolled
from tests.fakes.scripted_server import playing
from tests.fakes.station import request
from tests.integration.agent.at_work import SLOW, agent, ask, none_left, results, target


async def test_agents_with_the_old_and_the_new_keys_of_a_location_share_its_checks(
    enrolment: Enrolment, ready: Bus, trust: Trust, installation: Installation
) -> None:
    rotated = enrolled(enrolment.nats_url, installation, enrolment.sealing_key)
    assert rotated.nats_credentials.reveal() != enrolment.nats_credentials.reveal()
    async with (
        playing(SLOW) as server,
        agent(enrolment, trust, agent_name="old", concurrency=2),
        agent(rotated, trust, agent_name="new", concurrency=2),
    ):
        asked = [request(target(server)) for _ in range(12)]
        for each in asked:
            await ask(ready, each)
        found = await results(ready, len(asked), 30)
        await none_left(ready)
    assert sorted(result.check_id for result in found) == sorted(each.check_id for each in asked)
    assert {result.agent for result in found} == {"old", "new"}
    assert server.connections == len(asked)
