"""`mailprobe-controller watch` as a process, and a publisher of the events that it shows."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec

from controller.store.platform.pool import Database
from controller.watch.event_filter import AnyEvent
from shared.nats.bus import Bus, Message
from shared.wire import subjects

SECONDS = 30.0
ORGANIZATION, CUSTOMER = UUID(int=1), UUID(int=2)


class Publisher:
    """One organization with one customer, and events of its monitors."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self._bus = bus

    async def monitor(self, name: str) -> UUID:
        async with self.database.connection() as connection:
            public_id: UUID = await connection.fetchval(
                "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
                " timeout_seconds, config) SELECT organization_id, id, 'smtp', $1, 'smtp.example.com', 'active', 60, 5,"
                " '{}' FROM customer RETURNING public_id",
                name,
            )
        return public_id

    async def publish(self, event: AnyEvent, monitor: UUID) -> AnyEvent:
        """Publish an event like this one, of that monitor, with a new id each time."""
        published = msgspec.structs.replace(
            event, event_id=uuid4(), organization_id=ORGANIZATION, customer_id=CUSTOMER, monitor_id=monitor
        )
        where = subjects.event(ORGANIZATION, CUSTOMER, monitor, published.type)
        await self._bus.publish(Message(where, msgspec.json.encode(published), str(published.event_id)))
        return published


@asynccontextmanager
async def watching(settings: dict[str, str], *arguments: str, stdout: int = PIPE) -> AsyncIterator[Process]:
    """The command, once it follows the stream. It must show every event published from now on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller", "watch", *arguments, env=settings, stdout=stdout, stderr=PIPE
    )
    try:
        await logged(process, "watch_started")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def logged(process: Process, event: str) -> dict[str, Any]:
    """The next log line with that event name."""
    assert process.stderr
    async with asyncio.timeout(SECONDS):
        while line := await process.stderr.readline():
            found: dict[str, Any] = json.loads(line)
            if found["event"] == event:
                return found
    raise AssertionError(f"ended without {event}")


async def lines(process: Process, count: int) -> list[str]:
    assert process.stdout
    async with asyncio.timeout(SECONDS):
        return [(await process.stdout.readline()).decode().rstrip("\n") for _ in range(count)]


async def ended(process: Process) -> int:
    async with asyncio.timeout(SECONDS):
        return await process.wait()
