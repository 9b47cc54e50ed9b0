"""Migration 0040_maintenance_windows makes windows of the status maintenance; its rollback makes the status again."""

from __future__ import annotations

import asyncpg

from controller.store.platform import migrate
from tests.integration.store.migrating import apply_before, take_back

NAME = "0040_maintenance_windows"
BEFORE = """
INSERT INTO organization (name, time_zone) VALUES ('O', 'Asia/Tokyo');
INSERT INTO customer (organization_id, name) SELECT id, 'C' FROM organization;
INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds, timeout_seconds,
    config, deleted_at)
  SELECT organization_id, id, 'smtp', given.name, 'h.example.com', given.status, 60, 5, '{}', given.deleted_at
  FROM customer, (VALUES
    ('active', 'active', NULL), ('maintenance', 'maintenance', NULL), ('disabled', 'disabled', NULL),
    ('deleted', 'maintenance', now())
  ) AS given (name, status, deleted_at);
"""
FOUND = """
SELECT monitor.name, starts_on, ends_on, effect, set_status(monitor.id, monitor.status) AS status, from_at, to_at
FROM maintenance_window JOIN monitor ON monitor.id = of_status
JOIN maintenance_occurrence ON window_id = maintenance_window.id
"""


async def test_the_status_becomes_a_window_and_the_status_again(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url)
    try:
        await apply_before(connection, NAME)
        await connection.execute(BEFORE)
        began = await connection.fetchval(
            "SELECT from_at FROM maintenance_time JOIN monitor ON monitor.id = monitor_id WHERE name = 'maintenance'"
        )
        await migrate.apply(empty_url)
        assert await _statuses(connection) == {
            "active": "active",
            "maintenance": "active",
            "disabled": "disabled",
            "deleted": "active",
        }
        found = await connection.fetch(FOUND)
        assert [dict(row) for row in found] == [
            {
                "name": "maintenance",
                "starts_on": await connection.fetchval("SELECT ($1 AT TIME ZONE 'Asia/Tokyo')::timestamp(0)", began),
                "ends_on": None,
                "effect": "silence",
                "status": "maintenance",
                "from_at": began,
                "to_at": None,
            }
        ]
        assert await connection.fetchval("SELECT count(*) FROM maintained_monitor") == 1
        lasting = "SELECT name FROM maintenance_time JOIN monitor ON monitor.id = monitor_id WHERE to_at IS NULL"
        assert [row["name"] for row in await connection.fetch(lasting)] == ["maintenance"]
        await take_back(connection, NAME)
        assert (await _statuses(connection))["maintenance"] == "maintenance"
        await connection.execute("UPDATE monitor SET status = 'active'")
        assert await connection.fetch(lasting) == []
    finally:
        await connection.close()


async def _statuses(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, str]:
    return {row["name"]: row["status"] for row in await connection.fetch("SELECT name, status FROM monitor")}
