"""Streams of controllers that are processes of their own: one stops and lets go of its clients, another goes on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import msgspec

from shared import subjects
from shared.bus import Bus, Message
from shared.messages import Event
from tests.integration.api.live_desk import Block, Listener, an_event, ids
from tests.integration.pipeline.world import eventually
from tests.integration.test_serve_settings import found, serve

STREAM = "/api/results/stream"


async def test_a_controller_that_stops_ends_its_streams_at_once_and_another_goes_on(
    database_url: str, nats_url: str, trust_file: Path, bus: Bus, tmp_path: Path
) -> None:
    """Requests would have ten seconds; streams are not waited for."""
    headers = {"Authorization": f"Bearer {await found(database_url)}"}
    organization = await _organization(database_url)
    controller = serve(database_url, nats_url, trust_file, tmp_path / "first", DRAIN_SECONDS="10")
    first = await controller.__aenter__()
    async with httpx.AsyncClient(base_url=first.base_url, trust_env=False) as client:
        await eventually(lambda: _is_live(client, headers), 20)
        async with client.stream("GET", STREAM, headers=headers) as answer:
            listener = Listener(answer)
            told = [await _tell(bus, organization) for _ in range(3)]
            heard = await listener.events(3)
            ending = asyncio.create_task(_ended(listener))
            began = time.monotonic()
            await controller.__aexit__(None, None, None)
            rest, at = await ending
            assert at - began < 1
            assert time.monotonic() - began < 5
            assert [block.json["reason"] for block in rest] == ["stopping"]
    told += [await _tell(bus, organization) for _ in range(2)]  # while there is none
    last = {"Last-Event-ID": heard[1].id}
    async with serve(database_url, nats_url, trust_file, tmp_path / "second") as client:
        await eventually(lambda: _is_live(client, headers), 20)
        async with client.stream("GET", STREAM, headers=headers | last) as answer:
            listener = Listener(answer)
            told.append(await _tell(bus, organization))
            assert ids(heard[:2] + await listener.events(4)) == told


async def _is_live(client: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    async with client.stream("GET", STREAM, headers=headers) as answer:
        return answer.status_code == 200


async def _ended(listener: Listener) -> tuple[list[Block], float]:
    return await listener.rest(), time.monotonic()


async def _organization(database_url: str) -> UUID:
    connection = await asyncpg.connect(database_url)
    try:
        public_id: UUID = await connection.fetchval("SELECT public_id FROM organization")
    finally:
        await connection.close()
    return public_id


async def _tell(bus: Bus, organization: UUID) -> str:
    event: Event = an_event(organization=str(organization))
    subject = subjects.event(organization, event.customer_id, event.monitor_id, event.type.value)
    await bus.publish(Message(subject, msgspec.json.encode(event), str(event.event_id)))
    return str(event.event_id)
