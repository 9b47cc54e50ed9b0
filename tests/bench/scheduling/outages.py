"""How soon checks are punctual again after a part was away, and what is left to do then.

Nothing that was missed is made up for: its rounds become gaps. So what counts is when the parts are back together.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

import asyncpg

from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.rounds import Rounds
from controller.store.checks.leadership import leadership
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import now_ms
from shared.epoch import to_datetime, to_ms
from tests.bench import many_monitors
from tests.bench.end_to_end import INTERVAL_SECONDS, LOCATIONS, mail_server
from tests.bench.figures import Figures
from tests.bench.processes import product, servers
from tests.bench.scheduling.scheduler import TimedDispatcher, monitors, registry
from tests.fakes.installation import SIGNER
from tests.system.drills import ledger
from tests.system.processes import family
from tests.system.product import Product, eventually

_CHECKS_PER_SECOND = 500
_SETTLE_SECONDS = 15.0
_WATCHED_SECONDS = 40.0
_HOUR_MS = 3_600_000
_LONGEST_SECONDS = 180.0

_LAST_LATE = """
SELECT greatest(
  (SELECT max(due_at) FROM result WHERE due_at > $1 AND started_at > due_at + interval '1 second'),
  (SELECT max(to_at) FROM gap WHERE to_at > $1)
)
"""
_GAPS = "SELECT reason, count(*) AS gaps FROM gap WHERE recorded_at > $1 GROUP BY reason"


async def measure(seconds: int) -> Figures:
    """Each part is frozen for so many seconds, then killed and started anew, under 500 checks a second."""
    async with mail_server() as (port, _), product(STARTS_PER_SECOND="5000") as running:
        await many_monitors.insert(
            running.record["databaseUrl"],
            _CHECKS_PER_SECOND * INTERVAL_SECONDS // LOCATIONS,
            port=port,
            interval_seconds=INTERVAL_SECONDS,
        )
        await asyncio.sleep(_SETTLE_SECONDS)
        return {name: await _away(running, name, seconds) for name in running.record["pids"]}


async def _away(running: Product, name: str, seconds: int) -> Figures:
    pid = running.record["pids"][name]
    parts = [each.pid for each in family(pid)]
    since = to_datetime(now_ms())
    for each in parts:
        os.kill(each, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    back = now_ms()
    for each in parts:
        os.kill(each, signal.SIGKILL)
    await asyncio.to_thread(eventually, lambda: running.record["pids"].get(name, pid) != pid, f"{name} runs again")
    await asyncio.sleep(_WATCHED_SECONDS)
    connection = await asyncpg.connect(running.record["databaseUrl"])
    try:
        last = await connection.fetchval(_LAST_LATE, to_datetime(back))
        gaps = {row["reason"]: row["gaps"] for row in await connection.fetch(_GAPS, since)}
    finally:
        await connection.close()
    await ledger.settled(running.record["databaseUrl"], now_ms() - 2 * 1000 * INTERVAL_SECONDS)
    return {"punctual_after_seconds": 0.0 if last is None else round((to_ms(last) - back) / 1000, 1), "gaps": gaps}


async def an_hour(count: int) -> Figures:
    """How long a controller takes that becomes the leader of `count` monitors after an hour without one."""
    async with servers() as started:
        await prepare_partitions(started.db)
        dispatcher = TimedDispatcher(started.db, started.bus, Vault(VaultKeys(new_key().reveal())), SIGNER)
        dispatcher.late_ms = []
        known = monitors(count, now_ms() - 24 * _HOUR_MS, max(60, count * 3 // 5_000))
        async with leadership(started.database_url, "bench") as lead:
            await lead.skip(now_ms() - _HOUR_MS)
            began, cpu = time.monotonic(), time.process_time()
            rounds = Rounds(lead, registry(started), dispatcher)
            await rounds.begin(known)
            begun = time.monotonic() - began
            is_punctual = False
            while not is_punctual and time.monotonic() - began < _LONGEST_SECONDS:
                before = len(dispatcher.late_ms)
                await rounds.tick()
                is_punctual = max(dispatcher.late_ms[before:], default=0) < 1_000
            wall, cpu = time.monotonic() - began, time.process_time() - cpu
        async with started.db.connection() as connection:
            gaps = await connection.fetchval("SELECT count(*) FROM gap")
    return {
        "gaps_recorded": gaps,
        "seconds_until_recorded": round(begun, 2),
        "seconds_until_punctual": round(wall, 2) if is_punctual else None,
        "checks_made_up_for": len(dispatcher.late_ms),
        "cpu_seconds": round(cpu, 2),
    }
