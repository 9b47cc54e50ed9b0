"""A running controller rolls up the hours that ended, by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from controller.pipeline.rollups import ROLL_UP_SECONDS
from tests.fakes.ports import free_port
from tests.system import monitors
from tests.system.product import Product, eventually

_RESULT_THREE_HOURS_AGO = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)
SELECT monitor.id, date_trunc('hour', now(), 'UTC') - interval '3 hours', location.id, 'scheduled', 'success', 12.5,
  now(), 'a', '[]'
FROM monitor, location WHERE monitor.public_id = $1
"""
_BACK = (
    "UPDATE rollup_progress SET closed_until = rolled_until - interval '4 hours',"
    " rolled_until = rolled_until - interval '4 hours'"
)

_PASSED = """
SELECT sum(passed) FROM rollup JOIN monitor ON monitor.id = monitor_id WHERE public_id = $1 AND bucket_seconds = 3600
"""
"""When it is before three o'clock, the hour belongs to a day that has ended too, and is rolled up with the day."""


def test_an_hour_that_ended_is_rolled_up(product: Product) -> None:
    monitor = monitors.create(product, free_port(), status="disabled")
    _value(product, _RESULT_THREE_HOURS_AGO, monitor)
    _value(product, _BACK)
    assert eventually(lambda: _value(product, _PASSED, monitor), "rolled up", seconds=ROLL_UP_SECONDS + 30) == 2
    details = product.api.get(f"/api/smtp-monitors/{monitor}/details", params={"range": "week"}).json()
    assert [(bucket["checks"], bucket["bucketSeconds"]) for bucket in details["monitoringData"]] == [(2, 3600)]
    monitors.delete(product, monitor)


def _value(product: Product, statement: str, *arguments: object) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(product.record["databaseUrl"])
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(fetch())
