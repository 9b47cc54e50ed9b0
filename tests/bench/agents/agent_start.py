"""How long an agent takes from its start to its first heartbeat, and how much memory it holds when idle.

The agent is one process that reads an enrolment file, as operators start it. The baseline is the same interpreter that
starts, imports the NATS client and connects to the same broker.
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
from tests.bench.figures import Figures, spread
from tests.bench.processes import Servers, servers
from tests.fakes.context import PRIVATE_KEY
from tests.fakes.installation import enrolled

_IDLE_SECONDS = 15.0
"""Long enough for several heartbeats, and for the garbage collector to free what the start left behind."""

_WAIT_SECONDS = 20.0
_BARE = """
import asyncio, sys, nats, uvloop
async def main():
    reader, _ = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    await reader.readline()
uvloop.run(main())
"""


async def measure(times: int) -> Figures:
    """Milliseconds of `times` starts, one after the other, and the resident MiB of the last agent when idle."""
    async with servers() as started:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "de.agent"
            enrolment.write(path, enrolled(started.nats_url, started.trust, PRIVATE_KEY))
            durations, memory = [], 0.0
            for attempt in range(times):
                took, memory = await _start(started, path, attempt, idle=attempt == times - 1)
                durations.append(took)
        port = started.nats_url.rpartition(":")[2]
        bare = [await _bare(port) for _ in range(times)]
    return {
        "start_to_first_heartbeat_ms": spread(durations),
        "idle_memory_mib": memory,
        "baseline_start_to_connected_ms": spread(bare),
    }


async def _start(started: Servers, path: Path, attempt: int, *, idle: bool) -> tuple[float, float]:
    name = f"bench-{attempt}"
    received = asyncio.Event()
    listening = asyncio.create_task(_receive(started.bus, subjects.agent("DE", "de", name), received))
    await started.bus.client.flush()
    began = time.monotonic()
    async with _agent(path, name) as pid:
        async with asyncio.timeout(_WAIT_SECONDS):
            await received.wait()
        took = (time.monotonic() - began) * 1000
        if idle:
            await asyncio.sleep(_IDLE_SECONDS)
        memory = _resident_mib(pid) if idle else 0.0
    listening.cancel()
    await asyncio.wait([listening])
    return took, memory


def _resident_mib(pid: int) -> float:
    """All memory that the process holds, including what it shares with others. See proc(5), statm."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1024**2, 1)


async def _receive(bus: Bus, subject: str, received: asyncio.Event) -> None:
    async for _ in bus.listen(subject):
        received.set()


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
