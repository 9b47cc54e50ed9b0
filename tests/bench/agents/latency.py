"""The time from the POST of a monitor to its first stored result, as its owner sees both over the API."""

from __future__ import annotations

import asyncio
import time

import asyncpg

from tests.bench import many_monitors
from tests.bench.agents import raw_dialogue
from tests.bench.figures import Figures, spread
from tests.bench.processes import child_process, product
from tests.system import monitors
from tests.system.product import Product

CREATED = 60
_BESIDE_INTERVAL_SECONDS = 600
_LONGEST_SECONDS = 10.0
_SETTLE_SECONDS = 5.0

_STEPS = """
SELECT extract(epoch FROM started_at - due_at) * 1000 AS due_to_start, duration_ms AS check,
  extract(epoch FROM stored_at - started_at) * 1000 - duration_ms AS end_to_stored
FROM result JOIN monitor ON monitor.id = monitor_id
WHERE monitor.public_id = ANY ($1::uuid[]) AND purpose = 'scheduled' AND due_at = monitor.target_changed_at
"""


async def measure(others: int) -> Figures:
    """Create CREATED monitors, one after the other, beside `others` that are checked every ten minutes."""
    async with child_process("tests.bench.responder") as line, product() as running:
        port = int(line)
        database_url = running.record["databaseUrl"]
        await many_monitors.insert(database_url, others, port=port, interval_seconds=_BESIDE_INTERVAL_SECONDS)
        await asyncio.sleep(_SETTLE_SECONDS)
        posts: list[float] = []
        firsts: list[float] = []
        made: list[str] = []
        for number in range(CREATED):
            # A result comes with a slot of the scheduler; without a pause all POSTs would meet the same part of a slot.
            await asyncio.sleep(number * 37 % 100 / 1000)
            post, first, monitor = await asyncio.to_thread(_first_result, running, port)
            posts.append(post)
            firsts.append(first)
            made.append(monitor)
        bare_ms = await raw_dialogue.durations_ms(port, CREATED)
        steps = await _steps(database_url, made)
    return {
        "created": CREATED,
        "first_result_ms": spread(firsts),
        "steps_ms": steps,
        "baseline_post_ms": spread(posts),
        "baseline_bare_dialogue_ms": spread(bare_ms),
        "ratio_to_post_and_dialogue_p50": round(
            spread(firsts)["p50"] / (spread(posts)["p50"] + spread(bare_ms)["p50"]), 1
        ),
    }


def _first_result(running: Product, port: int) -> tuple[float, float, str]:
    """Milliseconds until the POST was answered and until a result was readable, and the monitor."""
    began = time.perf_counter()
    monitor = monitors.create(running, port, checkIntervalSeconds=_BESIDE_INTERVAL_SECONDS)
    answered = time.perf_counter()
    while not monitors.history(running, monitor):
        assert time.perf_counter() - began < _LONGEST_SECONDS, "no result"
        time.sleep(0.002)
    return 1000 * (answered - began), 1000 * (time.perf_counter() - began), monitor


async def _steps(database_url: str, made: list[str]) -> dict[str, dict[str, float]]:
    """How long each step took, for the first results from all locations."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(_STEPS, made)
    finally:
        await connection.close()
    assert len(rows) > len(made)
    return {name: spread(float(row[name]) for row in rows) for name in ("due_to_start", "check", "end_to_stored")}
