"""The highest rate of plain SMTP checks from two locations that runs without a gap, everything on this machine.

The interval is 10 s, the shortest: a check has to begin within 5 s of its due time, so a backlog soon shows.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from shared.clock import now_ms
from shared.epoch import to_datetime
from tests.bench import many_monitors
from tests.bench.agents import raw_dialogue
from tests.bench.figures import Figures, Meter, memory_mib, spread
from tests.bench.processes import child_process, product
from tests.fakes.installation import recorded
from tests.system.drills import ledger
from tests.system.product import Product

INTERVAL_SECONDS = 10
LOCATIONS = 2
_FIRST, _FACTOR, _MOST = 1_000, 1.2, 5_000
_HEADROOM = 0.8
_LATE_MS = 1_000.0
_SETTLE_SECONDS = 13.0
_GRACE_SECONDS = 3.0
_UNPACED = {"STARTS_PER_SECOND": "5000"}

_HELD = """
SELECT extract(epoch FROM started_at - due_at) * 1000 AS late, extract(epoch FROM stored_at - due_at) * 1000 AS stored
FROM result WHERE due_at > $1 AND due_at <= $2
"""


async def measure(seconds: int) -> Figures:
    """Raise the rate until checks begin late, then hold eight tenths of the highest punctual rate for `seconds`.

    The rest is for PostgreSQL's housekeeping. A ledger compares checks and results at the end. A rate that does not
    hold is lowered by a tenth.
    """
    best, climbed = await _climb(min(15, seconds))
    found = round(best * _HEADROOM)
    tried: list[Figures] = []
    while found:
        outcome = await _confirm(found, seconds)
        tried.append(outcome)
        if not outcome["gaps"] and not outcome["problems"]:
            break
        found = round(found * 0.9)
    return {"held_per_second": found, "seconds": seconds, "confirmed": tried, "climb": climbed}


async def _climb(seconds: int) -> tuple[int, list[Figures]]:
    """The highest rate that kept up for some seconds, and the figures of each rate that was tried."""
    best, steps = 0, []
    async with mail_server() as (port, _), product(**_UNPACED) as running:
        rate, monitors = float(_FIRST), 0
        while rate < _MOST:
            planned = _monitors(rate)
            await many_monitors.insert(
                running.record["databaseUrl"], planned - monitors, port=port, interval_seconds=INTERVAL_SECONDS
            )
            monitors = planned
            await asyncio.sleep(_SETTLE_SECONDS)
            held = await _hold(running, monitors, seconds)
            steps.append(held)
            print(f"  {json.dumps(held)}", file=sys.stderr)
            if not held["kept_up"]:
                break
            best, rate = round(rate), rate * _FACTOR
    return best, steps


async def _hold(running: Product, monitors: int, seconds: float) -> Figures:
    since = now_ms()
    meter = Meter(running.record["pids"])
    await asyncio.sleep(seconds)
    until, cores = now_ms(), meter.cores()
    await asyncio.sleep(_GRACE_SECONDS)
    connection = await asyncpg.connect(running.record["databaseUrl"])
    try:
        rows = await connection.fetch(_HELD, to_datetime(since), to_datetime(until))
    finally:
        await connection.close()
    planned = monitors * LOCATIONS / INTERVAL_SECONDS
    late = spread(float(row["late"]) for row in rows)
    done = len(rows) / (until - since) * 1000
    return {
        "planned_per_second": round(planned),
        "done_per_second": round(done),
        "begun_late_ms": late,
        "stored_late_ms": spread(float(row["stored"]) for row in rows),
        "cores": cores,
        "kept_up": done > 0.97 * planned and bool(late) and late["p99"] < _LATE_MS,
    }


async def _confirm(rate: float, seconds: int) -> Figures:
    async with mail_server() as (port, connections), product(**_UNPACED) as running:
        record = running.record
        raw = await raw_dialogue.dialogues(port)
        await asyncio.to_thread(connections.write_text, "")
        await ledger.record(record["databaseUrl"])
        since, monitors = now_ms(), _monitors(rate)
        await many_monitors.insert(record["databaseUrl"], monitors, port=port, interval_seconds=INTERVAL_SECONDS)
        await asyncio.sleep(_SETTLE_SECONDS)
        held = await _hold(running, monitors, seconds)
        memory = {name: memory_mib(pid) for name, pid in record["pids"].items()}
        until = now_ms()
        await many_monitors.disable(record["databaseUrl"])
        await asyncio.sleep(1)
        await ledger.settled(record["databaseUrl"], now_ms())
        balance = await ledger.balance(
            record["databaseUrl"], recorded(record), connections, since_ms=since, until_ms=until
        )
    return {
        **held,
        "memory_mib": memory,
        "expected": balance.expected,
        "results": balance.results,
        "gaps": dict(balance.gaps),
        "events": balance.events,
        "connections": balance.connections,
        "problems": balance.problems[:5],
        "baseline_raw_dialogues_per_second": round(raw.per_second),
    }


def _monitors(rate: float) -> int:
    return round(rate * INTERVAL_SECONDS / LOCATIONS)


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[int, Path]]:
    """The port of a mail server, and the file in which it records each connection."""
    with tempfile.TemporaryDirectory(prefix="mp-") as folder:
        connections = Path(folder) / "connections"
        async with child_process("tests.system.mailserver", "1", str(connections)) as ports:
            yield json.loads(ports)[0], connections
