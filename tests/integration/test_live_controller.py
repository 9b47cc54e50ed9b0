"""Streams of controllers that run as processes: one stops and disconnects its clients, another one serves them."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import msgspec

from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.messages import Event
from tests.fakes.ports import free_port
from tests.integration.api.stream.stream_client import Block, Listener, an_event, ids
from tests.integration.pipeline.small_installation import eventually
from tests.integration.test_serve_settings import found, serve

STREAM = "/api/results/stream"


async def test_a_controller_that_stops_ends_its_streams_at_once_and_another_goes_on(
    database_url: str, nats_url: str, trust_file: Path, bus: Bus, tmp_path: Path
) -> None:
    """A stopping controller waits up to a minute for requests, but not for streams."""
    headers = {"Authorization": f"Bearer {await found(database_url)}"}
    organization = await _organization(database_url)
    async with AsyncExitStack() as controller:
        first = await controller.enter_async_context(
            serve(database_url, nats_url, trust_file, tmp_path / "first", DRAIN_SECONDS="60")
        )
        async with httpx.AsyncClient(base_url=first.base_url, timeout=30, trust_env=False) as client:
            await eventually(lambda: _is_live(client, headers))
            async with client.stream("GET", STREAM, headers=headers) as answer:
                listener = Listener(answer)
                sent = [await _publish(bus, organization) for _ in range(3)]
                received = await listener.events(3)
                ending = asyncio.create_task(_ended(listener))
                began = time.monotonic()
                await controller.aclose()
                rest, at = await ending
                assert at - began < 3
                assert time.monotonic() - began < 30
                assert [block.json["reason"] for block in rest] == ["stopping"]
    sent += [await _publish(bus, organization) for _ in range(2)]  # while no controller runs
    last = {"Last-Event-ID": received[1].id}
    async with serve(database_url, nats_url, trust_file, tmp_path / "second") as client:
        await eventually(lambda: _is_live(client, headers))
        async with client.stream("GET", STREAM, headers=headers | last) as answer:
            listener = Listener(answer)
            sent.append(await _publish(bus, organization))
            assert ids(received[:2] + await listener.events(4)) == sent


class Browser:
    """Reads as EventSource does: it reconnects after every break, but never after an answer other than 200."""

    def __init__(self) -> None:
        self.last = ""
        self.received: list[str] = []

    async def follow(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        while True:
            try:
                resuming = {"Last-Event-ID": self.last} if self.last else {}
                async with client.stream("GET", STREAM, headers=headers | resuming) as answer:
                    assert answer.status_code == 200, (await answer.aread()).decode()
                    await self._read(Listener(answer))
            except (httpx.TransportError, TimeoutError):
                pass
            await asyncio.sleep(0.05)

    async def _read(self, listener: Listener) -> None:
        while block := await listener.block():
            self.last = block.id or self.last
            if block.event == "result":
                self.received += ids([block])


async def test_browsers_come_back_by_themselves_to_a_controller_that_was_restarted(
    database_url: str, nats_url: str, trust_file: Path, bus: Bus, tmp_path: Path
) -> None:
    """All come at once, before the controller has reached the broker, and more often than the rate limit allows."""
    headers = {"Authorization": f"Bearer {await found(database_url)}"}
    organization = await _organization(database_url)
    port = str(free_port())
    browsers = [Browser() for _ in range(60)]
    sent: list[str] = []

    async def all_have_begun() -> bool:
        return all(browser.last for browser in browsers)

    async def all_have_received() -> bool:
        return all(browser.received == sent for browser in browsers)

    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
        asyncio.TaskGroup() as tasks,
    ):
        following = [tasks.create_task(browser.follow(client, headers)) for browser in browsers]
        async with serve(database_url, nats_url, trust_file, tmp_path / "first", PORT=port):
            await eventually(all_have_begun)
            sent += [await _publish(bus, organization) for _ in range(2)]
            await eventually(all_have_received)
        sent.append(await _publish(bus, organization))  # while no controller runs
        async with serve(database_url, nats_url, trust_file, tmp_path / "second", PORT=port):
            sent.append(await _publish(bus, organization))
            await eventually(all_have_received)
            answer = await client.get("/api/locations", headers=headers)
            assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "99")
        for each in following:
            each.cancel()


async def _is_live(client: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    """Whether a stream begins at once."""
    async with client.stream("GET", STREAM, headers=headers) as answer:
        listener = Listener(answer)
        blocks = [await listener.block(), await listener.block()]
    return answer.status_code == 200 and bool(blocks[1] and blocks[1].id)


async def _ended(listener: Listener) -> tuple[list[Block], float]:
    return await listener.rest(), time.monotonic()


async def _organization(database_url: str) -> UUID:
    connection = await asyncpg.connect(database_url)
    try:
        public_id: UUID = await connection.fetchval("SELECT public_id FROM organization")
    finally:
        await connection.close()
    return public_id


async def _publish(bus: Bus, organization: UUID) -> str:
    event: Event = an_event(organization=str(organization))
    subject = subjects.event(organization, event.customer_id, event.monitor_id, event.type.value)
    await bus.publish(Message(subject, msgspec.json.encode(event), str(event.event_id)))
    return str(event.event_id)
