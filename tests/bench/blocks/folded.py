"""How fast history is read from rows, and from the blocks that they are put into: the same requests before and after.

Three monitors have thirty days of checks, each minute from three locations, and the others a day in the middle and the
last two; all have roll-ups of a year. One check in 200 fails. One monitor is read, in the middle of its days and at
their end, and a day of all monitors. The last two hours stay rows. The baselines read no checks: their ratios say how
much faster or slower the machine has become.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from controller.model.retention import Kept
from controller.pipeline.folding.folder import fold_due
from controller.pipeline.folding.space import give_back_space
from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.rollups.months import make_months
from shared.clock import utc_now
from tests.bench import disk, export, load, many_monitors, reading
from tests.bench.figures import Figures
from tests.bench.load import Load, Request
from tests.bench.processes import product
from tests.system.product import Product

_DAYS = 30
_LOCATIONS = 3
_WHOLE = 3
"""So many monitors have checks of all days."""
_READ_SECONDS = 3.0
_STATEMENT_SECONDS = 900.0
_FOLD_SECONDS = 1800.0
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

# As if a controller were running that does not read blocks, so that nothing is folded yet.
_WAIT = """
INSERT INTO retention_setting (controller, results_days, rollups_months, seen_at)
VALUES ('bench', 30, 24, now() + interval '1 day')
"""


async def measure(monitors: int) -> Figures:
    async with product() as running:
        url = running.record["databaseUrl"]
        await _execute(url, _WAIT)
        await many_monitors.insert(url, monitors, port=25, interval_seconds=60)
        await many_monitors.disable(url)
        begin = _midnight() - _DAYS * _DAY
        middle = begin + _DAYS // 2 * _DAY
        name = await _fill(url, begin, middle)
        paths = _paths(name, middle)
        before = await _read(running, paths, middle)
        await _fold(url, begin)
        after = await _read(running, paths, middle)
        counted = await _counted(url)
    return {
        **counted,
        "before_ms": before,
        "after_ms": after,
        "ratio_of_p50": {path: round(after[path]["p50"] / before[path]["p50"], 2) for path in before},
        "ratio_of_p95": {path: round(after[path]["p95"] / before[path]["p95"], 2) for path in before if path in paths},
    }


def _midnight() -> datetime:
    return utc_now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _paths(name: str, middle: datetime) -> dict[str, str]:
    day = f"from={_text(middle)}&to={_text(middle + _DAY)}"
    month = f"from={_text(middle - 14 * _DAY)}&to={_text(middle + 14 * _DAY)}"
    of_monitor, details = f"/api/v1/monitors/{name}", f"/api/smtp-monitors/{name}/details"
    return {
        "newest_50_results": f"{of_monitor}/results?limit=50",
        "check_history_of_100": f"/api/smtp-monitors/{name}/check-history?limit=100",
        "page_of_500_of_a_monitor": f"{of_monitor}/results?limit=500&{month}",
        "page_of_500_failures_of_a_monitor": f"{of_monitor}/results?limit=500&status=failure&{month}",
        "page_of_500_of_all_monitors": f"/api/results?limit=500&{day}",
        "page_of_500_of_all_monitors_ascending": f"/api/results?limit=500&order=asc&{day}",
        "chart_of_a_past_day": f"{of_monitor}/chart?{day}",
        "chart_of_the_last_day": f"{of_monitor}/chart?range=day",
        "details_of_a_past_day": f"{details}?range=day&startDate={_text(middle)}&endDate={_text(middle + _DAY)}",
        "details_of_the_last_day": f"{details}?range=day",
        "baseline_details_of_a_year": f"{details}?range=year",
        "baseline_healthz": "/healthz",
    }


async def _read(running: Product, paths: Mapping[str, str], middle: datetime) -> dict[str, dict[str, float]]:
    """Milliseconds of each request, and of an export of all checks of a day. The first turn only fills caches."""
    found: dict[str, dict[str, float]] = {}
    for name, path in (*paths.items(), *paths.items()):
        answers = await load.run(
            Load(
                port=running.port,
                token=running.record["token"],
                requests=[Request(name, "GET", path)],
                seconds=_READ_SECONDS,
                connections=1,
            )
        )
        assert answers.statuses.keys() == {"200"}, (name, answers.statuses)
        found[name] = answers.latency_ms[name]
    began = time.perf_counter()
    await export.read_lines(running, f"/api/results?format=ndjson&from={_text(middle)}&to={_text(middle + _DAY)}")
    found["export_of_a_day"] = {"p50": round(1000 * (time.perf_counter() - began), 1)}
    return found


async def _fill(url: str, begin: datetime, middle: datetime) -> str:
    """Fill the database; return the public id of the monitor to read."""
    async with Database.open(url, size=1) as db:
        await make_partitions(db, begin.date(), utc_now().date())
        await make_months(db, utc_now().date())
    connection = await asyncpg.connect(url, command_timeout=_STATEMENT_SECONDS)
    try:
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key)"
            " SELECT 'at-' || n, '', 'AT', '' FROM generate_series((SELECT count(*) + 1 FROM location), $1) AS n",
            _LOCATIONS,
        )
        for (statement,) in await connection.fetch(reading.MONTHS, begin - 336 * _DAY):
            await connection.execute(statement)
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM monitor ORDER BY id")]
        rolled: datetime = await connection.fetchval("SELECT rolled_until FROM rollup_progress")
        for seconds, bins, since in ((3600, 8, begin), (86_400, 20, begin - 336 * _DAY)):
            until = rolled - _HOUR if seconds == 3600 else begin + (_DAYS - 1) * _DAY
            await connection.execute(reading.FILL_ROLLUPS, seconds, bins, since, until, ids)
            await connection.execute(reading.FILL_UPTIME, seconds, since, until, ids)
        while begin < rolled:
            whole = begin == middle or begin + 2 * _DAY > rolled
            until = min(begin + _DAY, rolled) - timedelta(minutes=1)
            await connection.execute(disk.FILL, begin, until, "steady", ids if whole else ids[:_WHOLE])
            begin += _DAY
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        return str(await connection.fetchval("SELECT public_id FROM monitor WHERE id = $1", ids[1]))
    finally:
        await connection.close()


async def _fold(url: str, begin: datetime) -> None:
    """With the product, which folds as well."""
    async with Database.open(url, size=4) as db:
        async with db.connection() as connection:
            await connection.execute("DELETE FROM retention_setting")
            await choices.note_setting(connection, "bench", Kept(), lasts_seconds=_FOLD_SECONDS)
            await connection.execute("UPDATE fold_progress SET at = $1, after_monitor = 0, compacted_until = $1", begin)
        async with asyncio.timeout(_FOLD_SECONDS):
            while not await _all_folded(db):
                await fold_due(db)
                await give_back_space(db)
                await asyncio.sleep(1)
        async with db.connection() as connection:
            await connection.execute("VACUUM ANALYZE", timeout=_STATEMENT_SECONDS)
            await connection.execute("CHECKPOINT", timeout=_STATEMENT_SECONDS)


async def _all_folded(db: Database) -> bool:
    async with db.connection() as connection:
        compacted: datetime = await connection.fetchval(
            "SELECT compacted_until FROM fold_progress WHERE span_seconds = 86400"
        )
    return compacted >= _midnight() - _DAY


async def _counted(url: str) -> dict[str, Any]:
    connection = await asyncpg.connect(url, command_timeout=_STATEMENT_SECONDS)
    try:
        return {
            "checks_in_rows": await connection.fetchval("SELECT count(*) FROM result"),
            "checks_in_blocks": await connection.fetchval("SELECT sum(checks) FROM result_block"),
            "blocks": await connection.fetchval("SELECT count(*) FROM result_block"),
        }
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
