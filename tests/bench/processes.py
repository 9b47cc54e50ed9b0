"""The other processes of a bench: helper programs, embedded servers, the whole product.

They are not in the bench's process, so that their CPU time does not count as its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from controller.broker.streams import ensure_streams
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from controller.trust import keys
from controller.trust.keys import Trust
from deploy.local import nats, postgres
from deploy.local.supervisor import supervising
from shared.nats.bus import Bus
from tests.fakes.installation import as_controller, broker_config
from tests.system.product import REPOSITORY, Product

_READY_SECONDS = 20.0
_END_SECONDS = 5.0


class Servers(NamedTuple):
    """Embedded servers as `make run` has them, with only the schema and the streams in them."""

    database_url: str
    nats_url: str
    trust: Trust
    db: Database
    bus: Bus
    pids: dict[str, int]


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as name:
        folder, trust = Path(name), keys.new_trust()
        async with supervising() as supervisor:
            database, broker = (
                postgres.prepare(folder / "postgres"),
                nats.prepare(folder / "nats", broker_config(trust)),
            )
            await supervisor.start(database.part(folder / "postgres.log"))
            await supervisor.start(broker.part(folder / "nats.log"))
            await database.make_database("bench")
            url = database.url("bench")
            await migrate.apply(url)
            async with Database.open(url) as db, Bus.open(as_controller(broker.url, trust), name="bench") as bus:
                await bus.wait_connected()
                await ensure_streams(bus)
                yield Servers(url, broker.url, trust, db, bus, supervisor.pids)


@asynccontextmanager
async def product(**settings: str) -> AsyncIterator[Product]:
    """The product that `make run` starts; `settings` are named without MAILPROBE_."""
    variables = [f"MAILPROBE_{name}={value}" for name, value in settings.items()]
    around = ["env", *variables]
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as folder:
        running = Product(Path(folder) / "data")
        try:
            await asyncio.to_thread(running.start, around)
            yield running
        finally:
            await asyncio.to_thread(running.end)


@asynccontextmanager
async def child_process(module: str, *arguments: str) -> AsyncIterator[str]:
    """Run a module that prints a line when it is ready and ends when its standard input closes; yields the line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        async with asyncio.timeout(_READY_SECONDS):
            line = await process.stdout.readline()
        yield line.decode().strip()
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
