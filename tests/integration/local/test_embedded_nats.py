"""The embedded nats-server: the keys it trusts, its port and its store."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from controller.broker.streams import ensure_streams
from controller.trust.keys import Trust, new_trust
from controller.trust.server_config import server_config
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from tests.fakes.installation import as_controller
from tests.integration.pipeline.small_installation import eventually


@pytest.fixture(scope="module")
def config(installation: Trust) -> str:
    return server_config(installation, utc_now())


async def test_only_keys_of_this_installation_open_it_and_its_store_has_a_bound(
    tmp_path: Path, installation: Trust, config: str
) -> None:
    server = nats.prepare(tmp_path / "nats", config)
    assert stat.S_IMODE(server.config.stat().st_mode) == 0o600
    log = tmp_path / "nats.log"
    async with supervising() as supervisor:
        await supervisor.start(server.part(log))
        async with (
            Bus.open(as_controller(server.url, installation), name="ours") as ours,
            Bus.open(as_controller(server.url, new_trust()), name="another's") as other,
        ):
            await ours.wait_connected()
            await ensure_streams(ours)
            await ours.publish(Message(subjects.result("DE", "de"), b"{}", "1"))

            async def refused() -> bool:
                return "authentication error" in log.read_text()

            await eventually(refused)
            assert not other.connected
            with pytest.raises(BusError):
                await other.publish(Message(subjects.result("DE", "de"), b"{}", "2"))
    assert "Max Storage:     8.00 GB" in log.read_text()


def test_the_port_stays(tmp_path: Path, config: str) -> None:
    assert nats.prepare(tmp_path / "nats", config) == nats.prepare(tmp_path / "nats", config)


def test_a_port_taken_by_somebody_else_is_left_to_them(tmp_path: Path, config: str) -> None:
    before = nats.prepare(tmp_path / "nats", config)
    with socket.create_server(("127.0.0.1", before.port)):
        assert nats.prepare(tmp_path / "nats", config).port != before.port
