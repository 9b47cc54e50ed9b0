"""What open overviews cost the controller: 500 streams of the same ten views, while 200 results a second come in.

The controller's streams and the publisher are in this process, without a pipeline; clients are in one of their own. CPU
is that of this process and of PostgreSQL, measured without and with open streams in turn.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import msgspec

from controller.application import create_application
from controller.http.services import Services
from controller.model import Role
from controller.notify.channels import open_senders
from controller.notify.mx_lookup import MxLookup
from controller.operations.channels.channels import Outlets
from controller.store.accounts import people, sessions
from controller.store.accounts.people import NewAccount
from controller.store.platform.pool import Database
from controller.streaming.follower import follow_events
from controller.streaming.hub import StreamHub
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.secret import Secret
from shared.wire import subjects
from shared.wire.messages import Event, EventType
from tests.bench import dashboard_data
from tests.bench.dashboard import NoDispatch
from tests.bench.figures import Figures, cpu_seconds
from tests.bench.ingest import a_result
from tests.bench.processes import Servers, servers
from tests.integration.api.serving import serving
from tests.system.product import REPOSITORY

MONITORS = 10_000
PER_SECOND = 200
VIEWS = (
    *("/", "/?page=2", "/?page=3", "/?state=down,partial", "/?q=mx3", "/?country=FR", "/?kind=imap", "/?sort=name"),
    *("/?sort=uptime", "/?sort=slowest"),
)
_STREAMS_OF_ONE = 50
_ROUNDS = 3
_SECONDS = 20.0
_SETTLE_SECONDS = 12.0
_TICK_SECONDS = 0.05
_STEP = 7919
"""Results of all monitors come, but not in the order of any page."""


class _Publisher:
    """Publishes an event for each result, as an ingestor does."""

    def __init__(self, bus: Bus, rows: Sequence[asyncpg.Record]) -> None:
        self._bus = bus
        self._rows = rows
        self._next = 0

    async def run(self) -> None:
        began, sent = time.monotonic(), 0
        while True:
            due = round((time.monotonic() - began) * PER_SECOND)
            assert not any(await self._bus.publish_all([self._message() for _ in range(due - sent)]))
            sent = due
            await asyncio.sleep(_TICK_SECONDS)

    def _message(self) -> Message:
        self._next = (self._next + _STEP) % len(self._rows)
        row = self._rows[self._next]
        result = a_result(row["monitor"], round(time.time()) * 1000)
        event = Event(
            event_id=uuid4(),
            type=EventType.RESULT,
            organization_id=row["organization"],
            customer_id=row["customer"],
            monitor_id=row["monitor"],
            occurred_at=utc_now(),
            status=result.status,
            result=result,
            kind="smtp",
        )
        subject = subjects.event(row["organization"], row["customer"], row["monitor"], "result")
        return Message(subject, msgspec.json.encode(event), str(event.event_id))


async def measure(streams: int) -> Figures:
    async with servers() as running, open_senders(relay=None, sms_url=None) as senders:
        await dashboard_data.prepared(running.db)
        connection = await asyncpg.connect(running.database_url, command_timeout=1800)
        try:
            await dashboard_data.seed(connection, monitors=MONITORS, result_hours=0.1)
            organization = await connection.fetchval("SELECT id FROM organization WHERE name = 'Bench'")
            rows = await connection.fetch(
                "SELECT monitor.public_id AS monitor, customer.public_id AS customer,"
                " organization.public_id AS organization"
                " FROM monitor JOIN customer ON customer.id = customer_id"
                " JOIN organization ON organization.id = monitor.organization_id"
            )
        finally:
            await connection.close()
        hub = StreamHub()
        services = Services(
            database=running.db,
            vault=Vault(VaultKeys(new_key().reveal())),
            dispatcher=NoDispatch(),
            bus=running.bus,
            outlets=Outlets(senders, MxLookup([])),
            live=hub,
        )
        cookies = [await _cookie(running.db, organization, number) for number in range(-(-streams // _STREAMS_OF_ONE))]
        async with serving(create_application(services), drain_seconds=5) as url:
            tasks = [
                asyncio.create_task(follow_events(running.bus, hub)),
                asyncio.create_task(_Publisher(running.bus, rows).run()),
            ]
            try:
                await asyncio.sleep(3)
                rounds = [await _round(running, url, cookies, streams) for _ in range(_ROUNDS)]
            finally:
                hub.stop()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    return {"views": len(VIEWS), "rounds": rounds} | {
        name: round(statistics.median(each[name] for each in rounds), 3)
        for name in ("more_cores", "more_cores_of_postgres", "messages_per_second", "kib_per_second_of_one")
    }


async def _round(running: Servers, url: str, cookies: list[str], streams: int) -> dict[str, float]:
    own, database = await _cores(running)
    async with _clients(url, cookies, streams) as process:
        await asyncio.sleep(_SETTLE_SECONDS)
        await _received(process)
        own_with, database_with = await _cores(running)
        received = await _received(process)
    return {
        "cores_without": round(own, 3),
        "cores_with": round(own_with, 3),
        "more_cores": round(own_with - own, 3),
        "more_cores_of_postgres": round(database_with - database, 3),
        "messages_per_second": round(received["messages"] / _SECONDS, 1),
        "kib_per_second_of_one": round(received["bytes"] / _SECONDS / 1024 / streams, 3),
    }


async def _cores(running: Servers) -> tuple[float, float]:
    """Of this process and of PostgreSQL."""
    began, own, database = time.monotonic(), time.process_time(), cpu_seconds(running.pids["postgres"])
    await asyncio.sleep(_SECONDS)
    seconds = time.monotonic() - began
    return (time.process_time() - own) / seconds, (cpu_seconds(running.pids["postgres"]) - database) / seconds


@asynccontextmanager
async def _clients(url: str, cookies: list[str], streams: int) -> AsyncIterator[Process]:
    port = int(url.rpartition(":")[2])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.live.clients", cwd=REPOSITORY, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps([port, cookies, VIEWS, streams]).encode() + b"\n")
        assert await process.stdout.readline() == b"open\n"
        yield process
    finally:
        process.kill()
        await process.wait()


async def _received(process: Process) -> dict[str, int]:
    """What the clients have received since the last question."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"\n")
    found: dict[str, int] = json.loads(await process.stdout.readline())
    return found


async def _cookie(database: Database, organization: int, number: int) -> str:
    account = await people.insert(
        database,
        NewAccount(
            organization_id=organization,
            email=f"bench-{number}@example.com",
            first_name=None,
            last_name=None,
            role=Role.ADMIN,
            customer_ids=None,
            password_hash="",
        ),
    )
    assert account is not None
    cookie = f"bench-{number}-{'x' * 32}"
    await sessions.insert(database, account.id, Secret(cookie), cookie=True)
    return cookie
