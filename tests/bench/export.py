"""What an export of many results costs the controller in memory and time, and how fast it answers pages of them.

The results are those of an hour, from two locations each minute, of as many monitors as that takes. Everything is read
over HTTP from a real controller; the baseline is what PostgreSQL alone needs to return the same rows.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Database
from shared.clock import utc_now
from tests.bench import many_monitors
from tests.bench.figures import Figures, memory_mib, spread
from tests.bench.processes import product
from tests.system.product import Product

_ROUNDS = 50
_LOCATIONS = 2
_PAGES = 200
_SAMPLE_SECONDS = 0.05
_FILL_SECONDS = 900.0
_ANSWER_SECONDS = 600.0

_FILL = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address, failure,
  phases, facts)
SELECT monitor.id, due.at, location.id, 'scheduled',
  (CASE WHEN monitor.id % 100 = 0 THEN 'failure' ELSE 'success' END)::check_status, 20 + 300 * random(), due.at,
  'agent-1', '192.0.2.1',
  CASE WHEN monitor.id % 100 = 0 THEN '{"kind": "refused", "source": "target", "phase": "connect", "detail": "no"}'
    ::json END,
  (SELECT json_agg(json_build_object('phase', phase, 'startMs', 15.123, 'durationMs', 14.987))
   FROM unnest('{resolve,connect,greeting,ehlo,starttls,tls,ehlo,quit}'::text[]) AS phase),
  '{"banner": "smtp.example.com ESMTP", "tlsVersion": "TLSv1.3", "tlsCipher": "TLS_AES_256_GCM_SHA384"}'
FROM monitor CROSS JOIN LATERAL (
  SELECT $1::timestamptz + make_interval(secs => 60.0 * monitor.id / (SELECT max(id) FROM monitor))) AS due (at)
CROSS JOIN (SELECT id FROM location ORDER BY id LIMIT 2) AS location
ORDER BY due.at
"""
_SAME_ROWS = "SELECT * FROM result ORDER BY due_at DESC"


async def measure(count: int) -> Figures:
    """Measure with `count` results in the database."""
    monitors = max(1, count // (_ROUNDS * _LOCATIONS))
    async with product() as running:
        url = running.record["databaseUrl"]
        await many_monitors.insert(url, monitors, port=25, interval_seconds=60)
        await many_monitors.disable(url)
        began = utc_now().replace(second=0, microsecond=0) - timedelta(minutes=_ROUNDS + 2)
        rows, copied = await _fill(url, began)
        window = f"from={_text(began)}&to={_text(began + timedelta(minutes=_ROUNDS + 1))}"
        one = str(await _value(url, "SELECT public_id FROM monitor ORDER BY id LIMIT 1"))
        await _get(running, f"/api/results?limit=100&{window}")
        figures: Figures = {"rows": rows, "monitors": monitors, "baseline_copy_rows_per_second": round(rows / copied)}
        for form in ("csv", "ndjson"):
            figures[form] = await _export(running, form, window, rows)
        figures["page_ms"] = {
            "of_100": await _pages(running, f"limit=100&{window}"),
            "of_1000": await _pages(running, f"limit=1000&{window}"),
            "of_100_ascending": await _pages(running, f"limit=100&order=asc&{window}"),
            "of_100_failures": await _pages(running, f"limit=100&status=failure&{window}"),
            "of_100_of_one_monitor": await _pages(running, f"limit=100&monitor={one}&{window}"),
        }
    return figures


async def _export(running: Product, form: str, window: str, rows: int) -> dict[str, Any]:
    pid = running.record["pids"]["controller"]
    before, peak = memory_mib(pid), 0.0
    began = time.perf_counter()
    reading = asyncio.create_task(read_lines(running, f"/api/results?format={form}&{window}"))
    while not reading.done():
        peak = max(peak, await asyncio.to_thread(memory_mib, pid))
        await asyncio.sleep(_SAMPLE_SECONDS)
    seconds = time.perf_counter() - began
    lines, size = reading.result()
    assert lines == rows + (form == "csv"), (lines, rows)
    return {
        "extra_memory_mib": round(peak - before, 1),
        "rows_per_second": round(rows / seconds),
        "mib": round(size / 2**20, 1),
        "seconds": round(seconds, 1),
    }


async def _pages(running: Product, query: str) -> dict[str, float]:
    """Read page after page by the cursor, and begin again after the last page."""
    took, cursor = [], ""
    for _ in range(_PAGES):
        began = time.perf_counter()
        page = await _get(running, f"/api/results?{query}{cursor}")
        took.append(1000 * (time.perf_counter() - began))
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else ""
    return spread(took)


async def _open(running: Product, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=2**20)
    token = running.record["token"]
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    async with asyncio.timeout(_ANSWER_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return reader, writer, head


async def _get(running: Product, path: str) -> dict[str, Any]:
    reader, writer, head = await _open(running, path)
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    async with asyncio.timeout(_ANSWER_SECONDS):
        body = await reader.readexactly(length)
    writer.close()
    page: dict[str, Any] = msgspec.json.decode(body)
    return page


async def read_lines(running: Product, path: str) -> tuple[int, int]:
    """How many lines and bytes a chunked body has; asserts that it ends properly."""
    reader, writer, _ = await _open(running, path)
    lines = size = 0
    async with asyncio.timeout(_ANSWER_SECONDS):
        while length := int(await reader.readuntil(b"\r\n"), 16):
            chunk = await reader.readexactly(length + 2)
            lines += chunk.count(b"\n") - 1  # the last two bytes end the chunk
            size += length
    writer.close()
    return lines, size


async def _fill(url: str, began: datetime) -> tuple[int, float]:
    """Fill the database; return how many results there are, and how long PostgreSQL takes to return them."""
    async with Database.open(url, size=1) as db:
        await make_partitions(db, began.date(), utc_now().date())
    connection = await asyncpg.connect(url, command_timeout=_FILL_SECONDS)
    try:
        for number in range(_ROUNDS):
            await connection.execute(_FILL, began + timedelta(minutes=number))
        await connection.execute("VACUUM ANALYZE")
        before = time.perf_counter()
        await connection.copy_from_query(_SAME_ROWS, output=_nowhere)
        copied = time.perf_counter() - before
        return int(await connection.fetchval("SELECT count(*) FROM result")), copied
    finally:
        await connection.close()


async def _nowhere(_: bytes) -> None:
    """Discard the rows of the baseline."""


async def _value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
