"""How long an agent takes from its start to its first heartbeat, and what it holds when it has nothing to do.

One process, from an enrolment file as ops start it; the baseline is the same interpreter that starts, imports the NATS
client and connects to the same broker.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.programs import program
from shared.nats.bus import Bus
from shared.wire import enrolment, subjects
from tests.bench.beside import Servers, servers
from tests.bench.figures import Figures, spread
from tests.fakes.installation import enrolled
from tests.fakes.station import PRIVATE_KEY

_IDLE_SECONDS = 15.0
"""More than one heartbeat, and what start-up left behind is collected."""

_WAIT_SECONDS = 20.0
_BARE = """
import asyncio, sys, nats, uvloop
async def main():
    reader, _ = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    await reader.readline()
uvloop.run(main())
"""


async def measure(times: int) -> Figures:
    """Milliseconds of so many starts one after the other, and resident MiB of the last one, idle."""
    async with servers() as here:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "de.agent"
            enrolment.write(path, enrolled(here.nats_url, here.trust, PRIVATE_KEY))
            started, memory = [], 0.0
            for attempt in range(times):
                took, memory = await _start(here, path, attempt, idle=attempt == times - 1)
                started.append(took)
        port = here.nats_url.rpartition(":")[2]
        bare = [await _bare(port) for _ in range(times)]
    return {
        "start_to_first_heartbeat_ms": spread(started),
        "idle_memory_mib": memory,
        "baseline_start_to_connected_ms": spread(bare),
    }


async def _start(here: Servers, path: Path, attempt: int, *, idle: bool) -> tuple[float, float]:
    name = f"bench-{attempt}"
    heard = asyncio.Event()
    listening = asyncio.create_task(_hear(here.bus, subjects.agent("DE", "de", name), heard))
    await here.bus.client.flush()
    began = time.monotonic()
    async with _agent(path, name) as pid:
        async with asyncio.timeout(_WAIT_SECONDS):
            await heard.wait()
        took = (time.monotonic() - began) * 1000
        if idle:
            await asyncio.sleep(_IDLE_SECONDS)
        memory = _resident_mib(pid) if idle else 0.0
    listening.cancel()
    await asyncio.wait([listening])
    return took, memory


def _resident_mib(pid: int) -> float:
    """All that the process holds, what it shares with others included. See proc(5), statm."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1024**2, 1)


async def _hear(bus: Bus, subject: str, heard: asyncio.Event) -> None:
    async for _ in bus.listen(subject):
        heard.set()


@asynccontextmanager
async def _agent(path: Path, name: str) -> AsyncIterator[int]:
    settings = {"MAILPROBE_AGENT_NAME": name, "MAILPROBE_PORT25_HOSTS": "none", "MAILPROBE_LOG_LEVEL": "warning"}
    process = await asyncio.create_subprocess_exec(
        program("mailprobe-agent"),
        *("run", "--enrolment", str(path), "--processes", "1"),
        env=os.environ | settings,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


async def _bare(port: str) -> float:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _BARE, port)
    await process.wait()
    return (time.monotonic() - began) * 1000
