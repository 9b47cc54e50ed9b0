"""Migration 0010_names renames tables and columns and keeps every row; its rollback restores the old names."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import msgspec
import pytest

from controller.decisions.evaluation.state import MonitorState, VerdictKind
from controller.decisions.received_results import RejectionReason
from controller.store.platform import migrate
from tests.integration.store.migrating import apply_before, take_back

OLD_TABLES = {
    "standing": "SELECT to_json(one) FROM standing AS one",
    "look": "SELECT to_json(one) FROM look AS one",
    "parked": "SELECT to_json(one) FROM parked AS one",
    "parked_tally": "SELECT to_json(one) FROM parked_tally AS one",
    "ops_trouble": "SELECT to_json(one) FROM ops_trouble AS one",
    "mail_route": "SELECT to_json(one) FROM mail_route AS one",
    "probe_problem": "SELECT to_json(one) FROM probe_problem AS one",
}
NEW_TABLES = {
    "standing": "SELECT to_json(one) FROM monitor_state AS one",
    "look": "SELECT to_json(one) FROM evaluation AS one",
    "parked": "SELECT to_json(one) FROM dead_letter AS one",
    "parked_tally": "SELECT to_json(one) FROM dead_letter_count AS one",
    "ops_trouble": "SELECT to_json(one) FROM ops_notice AS one",
    "mail_route": "SELECT to_json(one) FROM mail_route AS one",
    "probe_problem": "SELECT to_json(one) FROM probe_problem AS one",
}
"""Before and after 0010, what reads a table, by its old name."""
NEW_COLUMNS = {
    "at_rest": "stable",
    "parked_at": "put_aside_at",
    "told_at": "warned_at",
    "looked_up_at": "resolved_at",
    "looks": "evaluations",
}
NEW_STATE_KEYS = {
    "failingLooks": "failingEvaluations",
    "goodLooks": "goodEvaluations",
    "partlyLooks": "partlyEvaluations",
}
STATES = [
    {"verdict": "down", "failingLooks": 3, "failingRounds": 2, "byLocation": {"1": 2}, "firstFailingMs": 5},
    {"verdict": "up", "goodLooks": 4, "partlyLooks": 1, "changes": [7, 9]},
    {"verdict": "up", "reason": "failingLooks"},
    {},
]
ROWS = """
INSERT INTO organization (name) VALUES ('O');
INSERT INTO customer (organization_id, name) SELECT id, 'C' FROM organization;
INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'DE', 'DE', 'k');
INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds, timeout_seconds,
    config)
  SELECT organization_id, id, 'smtp', 'M', 'h.example.com', 'active', 60, 5, '{}' FROM customer, generate_series(1, 4);
INSERT INTO look (monitor_id, due_at, purpose, ripe_at, check_at)
  SELECT id, now(), 'scheduled', now() + interval '10 s', now() + interval '5 s' FROM monitor;
INSERT INTO parked (subject, reason, body) VALUES ('mailprobe.result.DE.de', 'not a result', 'x'), ('s', 'r', '');
INSERT INTO parked_tally (hour, subject, why, messages, last_at) VALUES
  (now(), 'mailprobe.result.DE.de', 'nobody_asked', 3, now()),
  (now() + interval '1 hour', 'mailprobe.result.DE.de', 'wrong_check_id', 1, now());
INSERT INTO ops_trouble (kind, subject, number, since) VALUES ('location_silent', 'de', gen_random_uuid(), now());
INSERT INTO mail_route (domain, hosts) VALUES ('example.com', '{mx.example.com}');
INSERT INTO probe_problem (monitor_id, location_id, kind, detail, first_at, last_at, looks)
  SELECT monitor.id, location.id, 'temporary_refusal', '450', now(), now(), 6 FROM monitor, location;
"""


@pytest.fixture
async def connection(empty_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A database that is migrated to 0009, with rows in every table that 0010 renames."""
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        await apply_before(connection, "0010")
        await connection.execute(ROWS)
        monitors = await connection.fetch("SELECT id FROM monitor ORDER BY id")
        for (monitor_id,), state in zip(monitors, STATES, strict=True):
            await connection.execute(
                "INSERT INTO standing (monitor_id, state, verdict, at_rest, blind_ids)"
                " VALUES ($1, $2, 'up', $3, '{1}')",
                monitor_id,
                json.dumps(state),
                state == {},
            )
        yield connection
    finally:
        await connection.close(timeout=10)


async def contents(connection: asyncpg.Connection[asyncpg.Record], tables: Mapping[str, str]) -> dict[str, list[Any]]:
    """The rows of the tables, each by its old name."""
    return {
        table: [json.loads(row) for (row,) in await connection.fetch(statement)] for table, statement in tables.items()
    }


def renamed(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row as 0010 must leave it."""
    new = {NEW_COLUMNS.get(column, column): value for column, value in row.items()}
    if table == "standing":
        new["state"] = {NEW_STATE_KEYS.get(key, key): value for key, value in new["state"].items()}
    if new.get("why") == "nobody_asked":
        new["why"] = "not_expected"
    return new


def in_order(rows: dict[str, list[Any]]) -> dict[str, list[str]]:
    return {table: sorted(json.dumps(row, sort_keys=True) for row in found) for table, found in rows.items()}


async def test_every_row_is_kept_under_the_new_names_and_the_rollback_restores_the_old_ones(
    connection: asyncpg.Connection[asyncpg.Record], empty_url: str
) -> None:
    before = await contents(connection, OLD_TABLES)
    assert all(before.values())

    await migrate.apply(empty_url)
    after = await contents(connection, NEW_TABLES)
    assert in_order(after) == in_order({table: [renamed(table, row) for row in rows] for table, rows in before.items()})

    await take_back(connection, since="0010")
    assert in_order(await contents(connection, OLD_TABLES)) == in_order(before)


async def test_the_product_reads_what_was_stored_under_the_old_names(
    connection: asyncpg.Connection[asyncpg.Record], empty_url: str
) -> None:
    await migrate.apply(empty_url)
    rows = await connection.fetch("SELECT state FROM monitor_state ORDER BY monitor_id")
    down, up, reason, empty = (msgspec.json.decode(row["state"], type=MonitorState) for row in rows)
    assert (down.verdict, down.failing_evaluations, down.failing_rounds) == (VerdictKind.DOWN, 3, 2)
    assert (up.good_evaluations, up.partly_evaluations, up.changes) == (4, 1, [7, 9])
    assert reason == MonitorState(verdict=VerdictKind.UP, reason="failingLooks")
    assert empty == MonitorState()
    reasons = await connection.fetch("SELECT why FROM dead_letter_count ORDER BY hour")
    assert [RejectionReason(row["why"]) for row in reasons] == [
        RejectionReason.NOT_EXPECTED,
        RejectionReason.WRONG_CHECK_ID,
    ]
    assert (
        await connection.fetchval("INSERT INTO dead_letter (subject, reason, body) VALUES ('s', 'r', '') RETURNING id")
        == 3
    )


async def test_changes_are_announced_under_the_new_names(
    connection: asyncpg.Connection[asyncpg.Record], empty_url: str
) -> None:
    await migrate.apply(empty_url)
    triggers = await connection.fetch(
        "SELECT DISTINCT tgname FROM pg_trigger WHERE tgname IN ('notify_change', 'tell_change')"
    )
    assert [row["tgname"] for row in triggers] == ["notify_change"]
