"""Migration 0034_properties_as_labels makes labels of stored custom properties; its rollback keeps them."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

from controller.store.platform import migrate
from tests.integration.store.migrating import apply_before, take_back

NAME = "0034_properties_as_labels"
OWNERS = """
INSERT INTO organization (name) VALUES ('O');
INSERT INTO customer (organization_id, name) SELECT id, 'C' FROM organization;
"""
MONITORS = """
INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds, timeout_seconds,
    config, alertsite)
  SELECT organization_id, id, 'smtp', 'M', 'h.example.com', 'active', 60, 5, '{}', one::json
  FROM customer, unnest($1::text[]) WITH ORDINALITY AS given (one, place) ORDER BY place
"""
FIT = {"id": 1, "name": "Team", "value": "Mail", "value_id": 7}
NUMBER = {"id": "b", "name": 5, "value": 6}
UNFIT: list[dict[str, Any]] = [
    {"id": 2, "name": "Team", "value": "twice"},
    {"id": 3, "value": "without a name"},
    {"id": 4, "name": "Tier", "value_id": 9},
    {"id": 5, "name": "a:b", "value": "v"},
    {"id": 6, "name": "n", "value": "two\nlines"},
    {"id": 7, "name": "n" * 51, "value": "v"},
    {"id": 8, "name": "x", "value": "v" * 101},
]
MANY = [{"id": place, "name": f"n{place}", "value": "v"} for place in range(40)]
KEPT: list[dict[str, Any]] = [
    {"note": "n", "custom_properties": [*UNFIT[1:], FIT, UNFIT[0], NUMBER]},
    {"custom_properties": MANY},
    {"custom_properties": []},
    {"note": "no properties"},
]


async def test_stored_properties_become_labels_and_stay(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url)
    try:
        await apply_before(connection, NAME)
        await connection.execute(OWNERS)
        await connection.execute(MONITORS, [json.dumps(kept) for kept in KEPT])
        await migrate.apply(empty_url)
        rows = await _rows(connection)
        assert [labels for labels, _ in rows] == [
            {"Team": "Mail", "5": "6"},
            {f"n{place}": "v" for place in range(32)},
            {},
            {},
        ]
        kept = [dict(alertsite) for _, alertsite in rows]
        assert [alertsite.pop("labelled_properties", None) for alertsite in kept] == [
            ["1", "b"],
            sorted(map(str, range(32))),
            None,
            None,
        ]
        assert kept == KEPT
        await take_back(connection, NAME)
        assert [alertsite for _, alertsite in await _rows(connection)] == KEPT
    finally:
        await connection.close()


async def _rows(connection: asyncpg.Connection[asyncpg.Record]) -> list[tuple[dict[str, str], dict[str, Any]]]:
    rows = await connection.fetch("SELECT labels, alertsite FROM monitor ORDER BY id")
    return [(json.loads(row["labels"]), json.loads(row["alertsite"])) for row in rows]
