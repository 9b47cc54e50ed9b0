"""Clients of server-sent events on one controller, each following one of 100 customers, at 200 results a second in all.

Measured are the time from stored to received, what is lost or repeated over a restart of the controller, and the
controller's memory for each client.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import httpx
import msgspec

from controller.store.accounts.tokens import new_token
from shared.clock import now_ms
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.rounds import Purpose, check_id, next_due_ms
from tests.bench.figures import Figures, Meter, memory_mib
from tests.bench.ingest import a_result
from tests.bench.listeners import Answer, ClientSet, Question
from tests.bench.processes import product
from tests.fakes.installation import recorded
from tests.system.product import REPOSITORY, Product

CUSTOMERS = 100
PER_SECOND = 200
_LOCATION, _COUNTRY = "at", "AT"
_MONITORS_OF_ONE = 60
_INTERVAL_SECONDS = 3600
_STEADY_SECONDS = 30.0
_RESTART_SECONDS = 30.0
_TICK_SECONDS = 0.05
_ANSWER_SECONDS = 60.0
_READY_SECONDS = 30.0

_MONITORS = """
INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds, timeout_seconds,
  config, location_ids, target_changed_at)
SELECT organization_id, customer.id, 'smtp', 'bench', 'h.example.com', 'active', $2, 10, '{}', ARRAY[$4::int],
  now() - interval '1 day'
FROM customer, generate_series(1, $3) WHERE customer.id = ANY ($1)
RETURNING public_id, customer_id
"""
"""The monitors have a location without agents, so that only the bench publishes results of their rounds."""


class Source:
    """Publishes results of all customers in turn."""

    def __init__(self, bus: Bus, monitors: list[list[UUID]]) -> None:
        """`monitors` are the monitors of each customer."""
        self._bus = bus
        self._monitors = monitors
        self._due: dict[UUID, int] = {}
        self._next = 0
        self.published: list[list[str]] = [[] for _ in monitors]
        """The ids of the published events, by customer."""

    async def publish(self, seconds: float) -> None:
        """Publish PER_SECOND results a second."""
        began, before = time.monotonic(), self._next
        while (passed := time.monotonic() - began) < seconds:
            due_by_now = before + round(passed * PER_SECOND)
            messages = [self._result() for _ in range(due_by_now - self._next)]
            assert not any(await self._bus.publish_all(messages))
            await asyncio.sleep(_TICK_SECONDS)

    def _result(self) -> Message:
        customer, turn = self._next % len(self._monitors), self._next // len(self._monitors)
        self._next += 1
        monitor = self._monitors[customer][turn % len(self._monitors[customer])]
        step = _INTERVAL_SECONDS * 1000
        due = (
            self._due.get(monitor, next_due_ms(monitor, step, 0, now_ms())) - step
        )  # the latest round without a published result
        self._due[monitor] = due
        result = msgspec.structs.replace(
            a_result(monitor, due),
            check_id=check_id(monitor, due, _LOCATION, Purpose.SCHEDULED),
            location=_LOCATION,
            country=_COUNTRY,
        )
        self.published[customer].append(str(result.check_id))
        return Message(subjects.result(_COUNTRY, _LOCATION), msgspec.json.encode(result), str(result.check_id))


async def measure(clients: int) -> Figures:
    """Measure a steady stream, and then a restart of the controller."""
    async with product() as running, Bus.open(recorded(running.record), name="bench") as bus:
        await bus.wait_connected()
        tokens, monitors = await _customers(running.record["databaseUrl"])
        source = Source(bus, monitors)
        await source.publish(3)  # fill caches
        before = memory_mib(running.record["pids"]["controller"])
        client_set = ClientSet(port=running.port, path="/api/results/stream", tokens=tokens, clients=clients)
        source.published = [[] for _ in monitors]
        async with _listening(client_set) as process:
            connected = memory_mib(running.record["pids"]["controller"])
            meter = Meter(running.record["pids"])
            await source.publish(_STEADY_SECONDS)
            cores = meter.cores()
            steady = await _ask(process, source)
            after = memory_mib(running.record["pids"]["controller"])
            print(f"  {msgspec.json.encode(steady).decode()}", file=sys.stderr)
            restarted = await _through_a_restart(running, source)
            resumed = await _ask(process, source)
    return {
        "clients": clients,
        "stored_to_received_ms": steady.latency_ms,
        "received_per_second": round(steady.received / _STEADY_SECONDS),
        "lost": steady.lost,
        "repeated": steady.repeated,
        "kib_per_client": round(1024 * (connected - before) / clients, 1),
        "kib_per_client_after_events": round(1024 * (after - before) / clients, 1),
        "cores": cores,
        "restart": {
            "seconds_until_ready": restarted,
            "received": resumed.received,
            "lost": resumed.lost,
            "repeated": resumed.repeated,
            "gaps": resumed.gaps,
            "reconnects": resumed.reconnects,
            "stored_to_received_ms": resumed.latency_ms,
        },
    }


async def _through_a_restart(running: Product, source: Source) -> float:
    """Restart the controller while results come in; return the seconds until the API was ready again."""
    publishing = asyncio.create_task(source.publish(_RESTART_SECONDS))
    await asyncio.sleep(2)
    old, began = running.record["pids"]["controller"], time.monotonic()
    os.kill(old, signal.SIGTERM)
    async with httpx.AsyncClient(base_url=running.record["apiUrl"], trust_env=False) as client:
        while running.record["pids"].get("controller", old) == old or not await _ready(client):
            assert time.monotonic() - began < _READY_SECONDS, running.output()[-3000:]
            await asyncio.sleep(0.05)
    seconds = round(time.monotonic() - began, 1)
    await publishing
    return seconds


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def _listening(client_set: ClientSet) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.listeners", cwd=REPOSITORY, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin
    try:
        assert (await _line(process, client_set)).strip() == b"listening"
        yield process
    finally:
        process.kill()
        await process.wait()


async def _ask(process: Process, source: Source) -> Answer:
    return msgspec.json.decode(await _line(process, Question(expected=source.published)), type=Answer)


async def _line(process: Process, question: ClientSet | Question) -> bytes:
    assert process.stdin
    assert process.stdout
    process.stdin.write(msgspec.json.encode(question) + b"\n")
    await process.stdin.drain()
    async with asyncio.timeout(_ANSWER_SECONDS):
        return await process.stdout.readline()


async def _customers(url: str) -> tuple[list[str], list[list[UUID]]]:
    """A token of each customer, and their monitors, which are up and so need no evaluation."""
    connection = await asyncpg.connect(url)
    try:
        organization = await connection.fetchval("SELECT min(id) FROM organization")
        rows = await connection.fetch(
            "INSERT INTO customer (organization_id, name) SELECT $1, 'bench' FROM generate_series(1, $2) RETURNING id",
            organization,
            CUSTOMERS,
        )
        ids = [row["id"] for row in rows]
        tokens = [new_token().reveal() for _ in ids]
        await connection.executemany(
            "INSERT INTO api_token (organization_id, customer_id, name, token_hash, hint)"
            " VALUES ($1, $2, 'bench', $3, 'wsm_')",
            [
                (organization, number, hashlib.sha256(token.encode()).digest())
                for number, token in zip(ids, tokens, strict=True)
            ],
        )
        location = await connection.fetchval(
            "INSERT INTO location (code, name, country_code, public_key, created_at)"
            " VALUES ($1, 'Bench', $2, '', now() - interval '1 day') RETURNING id",  # older than the rounds
            _LOCATION,
            _COUNTRY,
        )
        monitors: dict[int, list[UUID]] = {number: [] for number in ids}
        for row in await connection.fetch(_MONITORS, ids, _INTERVAL_SECONDS, _MONITORS_OF_ONE, location):
            monitors[row["customer_id"]].append(row["public_id"])
        await connection.execute(
            'INSERT INTO monitor_state (monitor_id, state, verdict, stable) SELECT id, \'{"verdict": "up"}\','
            " 'up', true"
            " FROM monitor WHERE name = 'bench'"
        )
    finally:
        await connection.close()
    return tokens, [monitors[number] for number in ids]
