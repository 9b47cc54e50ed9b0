"""The configurations of deploy/nats are valid, form a cluster, and refuse clients without keys or TLS."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from pathlib import Path

import pytest

from deploy.local.supervisor import supervising
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.deploy.centre import CONFIGS, Centre
from tests.integration.deploy.traffic import gets_in, made_streams, published


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


def test_every_variable_of_a_file_is_explained_in_its_head() -> None:
    included = _variables(CONFIGS / "server.conf")
    for kind in ("single", "cluster"):
        used = _variables(CONFIGS / f"{kind}.conf") | included
        assert used <= _explained("single") | _explained(kind) | {"NATS_ACCOUNTS"}, kind
    assert _variables(CONFIGS / "leaf.conf") == _explained("leaf")


def _variables(path: Path) -> set[str]:
    return set(re.findall(r"\$(\w+)", path.read_text()))


def _explained(kind: str) -> set[str]:
    """The variables that a file's comments explain."""
    comments = "\n".join(re.findall(r"^#.*$", (CONFIGS / f"{kind}.conf").read_text(), re.MULTILINE))
    return set(re.findall(r"NATS_[A-Z]+", comments))


async def test_three_servers_keep_streams_three_times_and_work_without_one(centre: Centre) -> None:
    servers = centre.cluster()
    async with supervising() as supervisor:
        await asyncio.gather(*(supervisor.start(server.part()) for server in servers))
        async with Bus.open(centre.controller(*servers, replicas=3), name="controller") as bus:
            await bus.wait_connected()
            await made_streams(bus)
            info = await bus.client.jsm().stream_info(subjects.RESULTS)
            assert info.config.num_replicas == 3
            leader = info.cluster.leader if info.cluster else None
            assert leader in {server.name for server in servers}
            await supervisor.stop(str(leader))
            await published(bus, subjects.result("de", "de-nbg"), "after")
            assert (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 1


async def test_a_stranger_is_let_in_neither_as_a_client_nor_as_a_server(centre: Centre) -> None:
    servers = centre.cluster()
    server = servers[0]
    keys, no_keys = centre.controller(server), Broker(server.url, None, centre.ca)
    other = Centre(centre.root / "other").controller(server)
    async with supervising() as supervisor:
        await asyncio.gather(*(supervisor.start(each.part()) for each in servers))
        assert await gets_in(keys)
        assert not await gets_in(no_keys)
        assert not await gets_in(keys._replace(credentials=other.credentials))
        assert (await _greeting(server.ports["4222"]))["tls_required"]
        with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
            await _joined(server.ports["6222"], centre)


async def test_a_leaf_cannot_pass_for_a_server_of_the_cluster(centre: Centre) -> None:
    servers = centre.cluster()
    routes = servers[0].ports["6222"]
    async with supervising() as supervisor:
        await asyncio.gather(*(supervisor.start(each.part()) for each in servers))
        assert await _joined(routes, centre, "nats-2")
        with pytest.raises(ssl.SSLError, match=r"(?i)bad.certificate"):
            await _joined(routes, centre, "leaf")


async def _greeting(port: int) -> dict[str, object]:
    """The INFO that a server sends in clear text before it requests anything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            info: dict[str, object] = json.loads((await reader.readline()).removeprefix(b"INFO "))
            return info
    finally:
        writer.close()


async def _joined(port: int, centre: Centre, certificate: str | None = None) -> bytes:
    """Connect as a server of the cluster, with a server's certificate or none. Raises SSLError when it is refused."""
    trusting = ssl.create_default_context(cadata=centre.ca)
    if certificate:
        trusting.load_cert_chain(centre.tls / f"{certificate}.pem", centre.tls / f"{certificate}.key")
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        try:
            return await reader.readline()
        finally:
            writer.transport.abort()
