"""Through a leaf server agents may do what their location may, with any of its keys, and nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from controller.broker.streams import ensure_check_consumer
from controller.trust.account import FIRST, account_claims, of_location, shared
from controller.trust.claims import system_credentials
from controller.trust.server_config import server_config
from deploy.local.supervisor import supervising
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from tests.fakes.installation import of_earlier_version
from tests.integration.deploy.centre import CONFIGS, Centre, Server
from tests.integration.deploy.traffic import fetched, gets_in, made_streams, published


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


@pytest.mark.parametrize("leaf_is_older", [False, True], ids=["a leaf's login", "a leaf's login of an earlier version"])
@pytest.mark.parametrize("agent_is_older", [False, True], ids=["an agent's", "an agent's of an earlier version"])
async def test_agents_of_a_region_work_through_its_leaf_and_no_further(
    centre: Centre, leaf_is_older: bool, agent_is_older: bool
) -> None:
    server, login, location = centre.server("single", "nats-1"), *(centre.location("de-nbg", "DE") for _ in range(2))
    leaf = centre.leaf(server, of_earlier_version(centre.trust, login) if leaf_is_older else login)
    if agent_is_older:
        location = of_earlier_version(centre.trust, location)
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with Bus.open(centre.controller(server), name="controller") as bus:
            await bus.wait_connected()
            await made_streams(bus)
            await ensure_check_consumer(bus, country="de", location="de-nbg", kind="smtp")
            await supervisor.start(leaf.part())
            async with Bus.open(Broker(leaf.url, location, centre.ca, location="de-nbg"), name="agent") as agent:
                await agent.wait_connected()
                await bus.publish(Message(subjects.check("de", "de-nbg", "smtp"), b"request", "id-1", 60))
                consumer = await agent.consumer(subjects.CHECKS, subjects.check_consumer("de-nbg", "smtp"))
                request = await fetched(consumer)
                assert request.body == b"request"
                await request.ack()
                await published(agent, subjects.result("de", "de-nbg"), "found")
                with pytest.raises(BusError):
                    await agent.publish(Message(subjects.result("us", "us-nyc"), b"forged", "id-3"))
                state = (await bus.client.jsm().stream_info(subjects.RESULTS)).state
                assert state.messages == 1


async def test_a_leaf_of_an_earlier_version_works_on_with_agents_of_that_version(centre: Centre) -> None:
    """It knows no account of its location, and has one connection to the centre."""
    server, location = centre.server("single", "nats-1"), centre.location("de-nbg", "DE")
    location = of_earlier_version(centre.trust, location)
    leaf = centre.leaf(server, location)
    known = shared(centre.trust)
    before = known._replace(rights={name: value for name, value in known.rights.items() if name != "mappings"})
    trust = re.sub(
        rf"  {known.key}: .*",
        f"  {known.key}: {account_claims(centre.trust, before, FIRST)}",
        server_config(centre.trust, utc_now()),
    )
    leaf.config.with_name("trust.conf").write_text(trust)
    leaf.config.write_text(re.sub(r"(?s)\n    \{\n      # Agents.*?\n    \}", "", leaf.config.read_text()))
    leaf.environ["NATS_ACCOUNT"] = known.key
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with Bus.open(centre.controller(server), name="controller") as bus:
            await bus.wait_connected()
            await made_streams(bus)
            await ensure_check_consumer(bus, country="de", location="de-nbg", kind="smtp")
            await supervisor.start(leaf.part())
            async with Bus.open(Broker(leaf.url, location, centre.ca, location="de-nbg"), name="agent") as agent:
                await agent.wait_connected()
                await bus.publish(Message(subjects.check("de", "de-nbg", "smtp"), b"request", "id-1", 60))
                request = await fetched(await agent.consumer(subjects.CHECKS, "de-nbg-smtp"))
                assert request.body == b"request"
                await request.ack()
                await published(agent, subjects.result("de", "de-nbg"), "found")


async def test_agents_of_another_location_cannot_use_a_leaf(centre: Centre) -> None:
    """They may log in to it, as in the centre, but the leaf passes on only what its own location may do."""
    server = centre.server("single", "nats-1")
    leaf = centre.leaf(server, centre.location("de-nbg", "DE"))
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with Bus.open(centre.controller(server), name="controller") as bus:
            await bus.wait_connected()
            await made_streams(bus)
            await supervisor.start(leaf.part())
            login = Broker(leaf.url, centre.location("us-nyc", "US"), centre.ca, location="us-nyc")
            async with Bus.open(login, name="agent") as agent:
                await agent.wait_connected()
                with pytest.raises(BusError):
                    await agent.publish(Message(subjects.result("us", "us-nyc"), b"found", "id-1"))
            assert (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 0


async def test_a_leaf_refuses_keys_that_were_revoked_when_its_trust_was_printed(centre: Centre) -> None:
    server = centre.server("single", "nats-1")
    old, new = centre.location("de-nbg", "DE"), centre.location("de-nbg", "DE")
    leaf = centre.leaf(server, new)
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        login = Broker(server.url, system_credentials(centre.trust, utc_now()), centre.ca)
        async with Bus.open(login, name="system") as system:
            await system.wait_connected()
            claims = account_claims(centre.trust, of_location(centre.trust, "de-nbg"), utc_now(), [old.user])
            answer = await system.request("$SYS.REQ.CLAIMS.UPDATE", claims.encode(), 5)
            assert answer
            assert b'"code":200' in answer
        leaf.config.with_name("trust.conf").write_text(_leaf_trust(server))
        await supervisor.start(leaf.part())
        assert not await gets_in(Broker(leaf.url, old, centre.ca, location="de-nbg"))
        assert await gets_in(Broker(leaf.url, new, centre.ca, location="de-nbg"))


def _leaf_trust(server: Server) -> str:
    command = [
        str(CONFIGS / "leaf-trust"),
        "de-nbg",
        str(server.config.with_name("trust.conf")),
        server.environ["NATS_ACCOUNTS"],
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
