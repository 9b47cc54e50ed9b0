"""How `mailprobe-controller watch` ends, and how it continues without its database, broker or reader."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.api.asyncapi.examples import RESULT
from controller.broker.streams import ensure_streams
from controller.trust.claims import controller_credentials
from controller.trust.keys import Trust
from controller.trust.server_config import server_config
from controller.watch.event_filter import AnyEvent
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire.messages import Event
from tests.integration.watch.watch_process import SECONDS, Publisher, ended, lines, logged, watching


async def test_interrupting_it_is_a_clean_end(publisher: Publisher, settings: dict[str, str]) -> None:
    async with watching(settings) as process:
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 130
        assert process.stderr
        assert b"Traceback" not in await process.stderr.read()


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["lines", "json"])
async def test_a_reader_that_goes_ends_it_quietly_even_when_nothing_comes(
    publisher: Publisher, settings: dict[str, str], arguments: Sequence[str]
) -> None:
    monitor = await publisher.monitor("M")
    read, write = os.pipe()
    async with watching(settings, *arguments, stdout=write) as process:
        os.close(write)
        await publisher.publish(RESULT, monitor)
        assert await asyncio.to_thread(os.read, read, 10)
        os.close(read)
        assert await ended(process) == 0
        assert process.stderr
        assert await process.stderr.read() == b""


async def test_without_the_database_it_goes_on_with_ids(publisher: Publisher, settings: dict[str, str]) -> None:
    monitor = uuid4()
    away = settings | {"MAILPROBE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    async with watching(away) as process:
        await publisher.publish(RESULT, monitor)
        (line,) = await lines(process, 1)
    assert f"  {str(monitor)[:31]}…  de-nbg" in line


async def test_a_broker_that_is_killed_costs_no_event_and_repeats_none(
    publisher: Publisher, settings: dict[str, str], installation: Trust, server_folder: Path
) -> None:
    monitor = await publisher.monitor("M")
    folder = server_folder / "killed"
    server = nats.prepare(folder, server_config(installation, utc_now()))
    broker = Broker(server.url, controller_credentials(installation, utc_now()))
    async with supervising(pause_seconds=0.2) as supervisor:
        await supervisor.start(server.part(server_folder / "killed.log"))
        async with Bus.open(broker, name="test") as bus:
            await bus.wait_connected()
            await ensure_streams(bus)
            publisher = Publisher(publisher.database, bus)
            async with watching(settings | {"MAILPROBE_NATS_URL": server.url}, "--json") as process:
                sent = [await publisher.publish(RESULT, monitor) for _ in range(3)]
                shown = await lines(process, 3)
                os.kill(supervisor.pids["nats"], signal.SIGKILL)
                await logged(process, "watch_interrupted")
                sent += [await publish_when_possible(publisher, monitor) for _ in range(50)]
                shown += await lines(process, 50)
    assert [msgspec.json.decode(line, type=Event) for line in shown] == sent


async def publish_when_possible(publisher: Publisher, monitor: UUID) -> AnyEvent:
    """Publish a new event as soon as the broker accepts it."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await publisher.publish(RESULT, monitor)
            except BusError:
                await asyncio.sleep(0.05)
