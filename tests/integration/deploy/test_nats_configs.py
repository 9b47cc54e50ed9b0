"""The configurations of deploy/nats are valid, form what they say, and let in nobody without keys and TLS."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from pathlib import Path

import pytest

from deploy.local.supervisor import supervising
from shared import subjects
from shared.broker import Broker
from shared.bus import Bus, Message
from shared.deliveries import Consumer, Delivery
from shared.streams import ensure_check_consumer, ensure_streams
from shared.trouble import BusError
from tests.integration.deploy.centre import CONFIGS, Centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


@pytest.mark.parametrize("kind", ["single", "cluster"])
def test_nats_server_finds_nothing_wrong(centre: Centre, kind: str) -> None:
    tested = centre.server(kind, "nats-1", ROUTES="[tls://a:6222, tls://b:6222]").tested()
    assert tested.returncode == 0, tested.stderr
    assert "is valid" in tested.stderr


def test_nats_server_finds_nothing_wrong_with_a_leaf(centre: Centre) -> None:
    tested = centre.leaf(centre.server("single", "nats-1"), centre.location("de-nbg", "DE")).tested()
    assert tested.returncode == 0, tested.stderr


def test_every_variable_of_a_file_is_told_in_its_head() -> None:
    included = _variables(CONFIGS / "server.conf")
    for kind in ("single", "cluster"):
        used = _variables(CONFIGS / f"{kind}.conf") | included
        assert used <= _told("single") | _told(kind) | {"NATS_ACCOUNTS"}, kind
    assert _variables(CONFIGS / "leaf.conf") == _told("leaf")


def _variables(path: Path) -> set[str]:
    return set(re.findall(r"\$(\w+)", path.read_text()))


def _told(kind: str) -> set[str]:
    """The variables that a file's comments explain."""
    comments = "\n".join(re.findall(r"^#.*$", (CONFIGS / f"{kind}.conf").read_text(), re.MULTILINE))
    return set(re.findall(r"NATS_[A-Z]+", comments))


async def test_three_servers_keep_streams_three_times_and_work_without_one(centre: Centre) -> None:
    servers = centre.cluster()
    async with supervising() as supervisor:
        await asyncio.gather(*(supervisor.start(server.part()) for server in servers))
        async with Bus.open(centre.controller(*servers, replicas=3), name="controller") as bus:
            await bus.wait_connected()
            await _made_streams(bus)
            info = await bus.client.jsm().stream_info(subjects.RESULTS)
            assert info.config.num_replicas == 3
            leader = info.cluster.leader if info.cluster else None
            assert leader in {server.name for server in servers}
            await supervisor.stop(str(leader))
            await _published(bus, subjects.result("de", "de-nbg"), "after")
            assert (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 1


async def test_a_stranger_is_let_in_neither_as_a_client_nor_as_a_server(centre: Centre) -> None:
    servers = centre.cluster()
    server = servers[0]
    keys, no_keys = centre.controller(server), Broker(server.url, None, centre.ca)
    other = Centre(centre.root / "other").controller(server)
    async with supervising() as supervisor:
        await asyncio.gather(*(supervisor.start(each.part()) for each in servers))
        assert await _gets_in(keys)
        assert not await _gets_in(no_keys)
        assert not await _gets_in(keys._replace(credentials=other.credentials))
        assert (await _greeting(server.ports["4222"]))["tls_required"]
        with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
            await _joined(server.ports["6222"], centre)


async def test_agents_of_a_region_work_through_its_leaf_and_no_further(centre: Centre) -> None:
    server, location = centre.server("single", "nats-1"), centre.location("de-nbg", "DE")
    leaf = centre.leaf(server, location)
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with Bus.open(centre.controller(server), name="controller") as bus:
            await bus.wait_connected()
            await _made_streams(bus)
            await ensure_check_consumer(bus, country="de", location="de-nbg", kind="smtp")
            await supervisor.start(leaf.part())
            async with Bus.open(Broker(leaf.url, location, centre.ca), name="agent") as agent:
                await agent.wait_connected()
                await bus.publish(Message(subjects.check("de", "de-nbg", "smtp"), b"look", "id-1", 60))
                consumer = await agent.consumer(subjects.CHECKS, subjects.check_consumer("de-nbg", "smtp"))
                fetched = await _fetched(consumer)
                assert fetched.body == b"look"
                await fetched.ack()
                await _published(agent, subjects.result("de", "de-nbg"), "found")
                with pytest.raises(BusError):
                    await agent.publish(Message(subjects.result("us", "us-nyc"), b"forged", "id-3"))
                state = (await bus.client.jsm().stream_info(subjects.RESULTS)).state
                assert state.messages == 1


async def test_agents_of_another_location_cannot_use_a_leaf(centre: Centre) -> None:
    """They may log in to it, as they may in the centre, but it speaks for its own location only."""
    server = centre.server("single", "nats-1")
    leaf = centre.leaf(server, centre.location("de-nbg", "DE"))
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with Bus.open(centre.controller(server), name="controller") as bus:
            await bus.wait_connected()
            await _made_streams(bus)
            await supervisor.start(leaf.part())
            login = Broker(leaf.url, centre.location("us-nyc", "US"), centre.ca)
            async with Bus.open(login, name="agent") as agent:
                await agent.wait_connected()
                with pytest.raises(BusError):
                    await agent.publish(Message(subjects.result("us", "us-nyc"), b"found", "id-1"))
            assert (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 0


async def _made_streams(bus: Bus) -> None:
    """A cluster that has just begun chooses its leader first."""
    async with asyncio.timeout(20):
        while True:
            try:
                await ensure_streams(bus)
            except BusError:
                await asyncio.sleep(0.05)
            else:
                return


async def _published(bus: Bus, subject: str, message_id: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await bus.publish(Message(subject, b"found", message_id))
            except BusError:
                await asyncio.sleep(0.05)
            else:
                return


async def _fetched(consumer: Consumer) -> Delivery:
    """The first message; a leaf that is not connected to the centre yet has no consumers."""
    async with asyncio.timeout(20):
        while True:
            try:
                for delivery in await consumer.fetch(1, 1.0):
                    return delivery
            except BusError:
                await asyncio.sleep(0.05)


async def _gets_in(broker: Broker) -> bool:
    async with Bus.open(broker, name="test") as bus:
        try:
            async with asyncio.timeout(2):
                await bus.wait_connected()
        except TimeoutError:
            return False
        return True


async def _greeting(port: int) -> dict[str, object]:
    """What a server says of itself in clear, before it asks for anything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(5):
            told: dict[str, object] = json.loads((await reader.readline()).removeprefix(b"INFO "))
            return told
    finally:
        writer.close()


async def _joined(port: int, centre: Centre) -> None:
    """As a server of the cluster that has no certificate. Raises SSLError."""
    trusting = ssl.create_default_context(cadata=centre.ca)
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        try:
            await reader.read()
        finally:
            writer.transport.abort()
