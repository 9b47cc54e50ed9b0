"""Migration 0053_keys_of_groups keeps the keys of open groups, and so does its rollback."""

from __future__ import annotations

import asyncpg

from controller.store.platform import migrate
from tests.integration.store.migrating import apply_before, take_back

NAME = "0053_keys_of_groups"
GROUPS = """
INSERT INTO organization (name) VALUES ('O');
INSERT INTO incident_group (organization_id, kind, cause, keys, weak_key, closed_at)
SELECT id, 'cause', name, keys, 'weak', closed_at FROM organization, (VALUES
  ('two', ARRAY['host a', 'addresses 192.0.2.1'], NULL), ('none', '{}', NULL), ('closed', ARRAY['host c'], now())
) AS given (cause, keys, closed_at)
"""


async def test_keys_of_open_groups_are_kept_both_ways(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url)
    try:
        await apply_before(connection, NAME)
        await connection.execute(GROUPS)
        await migrate.apply(empty_url)
        kept = await connection.fetch("SELECT key FROM incident_group_key ORDER BY key")
        assert [row["key"] for row in kept] == ["addresses 192.0.2.1", "host a"]
        await take_back(connection, NAME)
        rows = await connection.fetch("SELECT keys FROM incident_group ORDER BY id")
        assert [row["keys"] for row in rows] == [["addresses 192.0.2.1", "host a"], [], []]
    finally:
        await connection.close()
