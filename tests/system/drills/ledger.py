"""The ledger compares the checks that should have run, by calculation, with everything that records them.

Every check due in a span of time was recorded before it was requested and has one result, or one gap with its reason;
never both, neither or two. Every triggered check ends the same way. Every result is exactly once in EVENTS. The mail
server accepted as many connections as the results report.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from shared.clock import now_ms
from shared.epoch import to_datetime, to_ms
from shared.nats.broker import Broker
from shared.wire.messages import Event, EventType
from shared.wire.rounds import Purpose, check_id, next_due_ms
from tests.system.event_log import read_events

_SHOWN = 20
_OPEN = """
SELECT (SELECT planned_until FROM schedule) < $1
  OR EXISTS (SELECT FROM dispatch, unnest(due_ats) AS due_at WHERE due_at <= $1)
"""


@dataclass
class Balance:
    """`unreported` counts connections at the mail server that no result reports: checks of a killed agent."""

    expected: int = 0
    results: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    events: int = 0
    connections: int = 0
    unreported: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        more = len(self.problems) - _SHOWN
        total = (
            f"expected {self.expected}, results {self.results}, gaps {dict(self.gaps)}, events {self.events},"
            f" connections {self.connections} ({self.unreported} unreported)"
        )
        return "\n".join([total, *self.problems[:_SHOWN], *([f"… and {more} more"] if more > 0 else [])])


_RECORD = """
CREATE TABLE IF NOT EXISTS ledger_dispatched AS TABLE dispatch;
CREATE OR REPLACE FUNCTION ledger_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO ledger_dispatched SELECT NEW.*; RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER ledger_copy AFTER INSERT ON dispatch FOR EACH ROW EXECUTE FUNCTION ledger_copy();
"""


async def record(database_url: str) -> None:
    """Keep a copy of what is dispatched from now on, because the product deletes it when it is settled."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_RECORD)
    finally:
        await connection.close()


async def planned(database_url: str, until_ms: int) -> None:
    """Wait until every check due until that moment was recorded."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(60):
            while await connection.fetchval("SELECT planned_until < $1 FROM schedule", to_datetime(until_ms)):
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def silent_since(database_url: str) -> int:
    """A moment after which monitors that were disabled just now have no check due. The scheduler may have been about to
    plan, and plans once more before it knows of the change.
    """
    await planned(database_url, now_ms())
    return now_ms()


async def settled(database_url: str, until_ms: int) -> None:
    """Wait until every check due until that moment is settled."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(150):
            while await connection.fetchval(_OPEN, to_datetime(until_ms)):
                await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def balance(
    database_url: str,
    broker: Broker,
    connections: Path,
    *,
    since_ms: int,
    until_ms: int,
    received: Sequence[UUID] | None = None,
    half_open: int = 0,
) -> Balance:
    """Draw the balance of all checks due in (since, until]; nothing may be open (`settled`).

    `received` is what a subscriber got: every result once. Up to `half_open` connections may have been cut before the
    mail server knew of them.
    """
    connection = await asyncpg.connect(database_url)
    try:
        outcome = Balance()
        expected = await _expected(connection, since_ms, until_ms)
        results = await _results(connection)
        dispatched = await _dispatched(connection)
        triggered = {key for key in dispatched if key[3] == Purpose.TRIGGERED}
        gaps = await _gaps(connection, expected | triggered)
    finally:
        await connection.close()
    outcome.expected = len(expected)
    outcome.problems += [f"{key}: never recorded" for key in expected - dispatched]
    outcome.problems += _compare(expected | triggered, results, gaps, since_ms, until_ms)
    outcome.results = sum(1 for key in results if key in expected)
    outcome.gaps = Counter(reason for reasons in gaps.values() for reason in reasons)
    events = Counter(event.event_id for event in await read_events(broker, EventType.RESULT, Event))
    outcome.events = sum(events.values())
    stored = {check_id(key[0], key[1], key[2], Purpose(key[3])) for key in results}
    outcome.problems += [f"{identity} is stored but not in EVENTS" for identity in stored - events.keys()]
    outcome.problems += [f"{identity} is in EVENTS but not stored" for identity in events.keys() - stored]
    outcome.problems += [f"{identity} is {n} times in EVENTS" for identity, n in events.items() if n > 1]
    if received is not None:
        subscribed = Counter(received)
        outcome.problems += [f"{identity} was not received" for identity in stored - subscribed.keys()]
        outcome.problems += [f"{identity} was received but is not stored" for identity in subscribed.keys() - stored]
        outcome.problems += [f"{identity} was received {n} times" for identity, n in subscribed.items() if n > 1]
    outcome.connections = await asyncio.to_thread(_lines, connections)
    outcome.unreported = outcome.connections - sum(1 for connected in results.values() if connected)
    if outcome.unreported < -half_open:
        outcome.problems.append(f"{-outcome.unreported} results report connections that the mail server never accepted")
    return outcome


def _lines(file: Path) -> int:
    return len(file.read_text().splitlines())


Key = tuple[UUID, int, str, str]
"""Monitor, due moment, location, purpose."""


def _compare(
    expected: set[Key], results: dict[Key, bool], gaps: dict[Key, list[str]], since_ms: int, until_ms: int
) -> list[str]:
    problems = []
    for key in sorted(expected, key=lambda key: key[1]):
        found = (key in results) + len(gaps.get(key, ()))
        if found != 1:
            problems.append(f"{key}: {'a' if key in results else 'no'} result, gaps {gaps.get(key, [])}")
    problems += [
        f"{key}: an unexpected result" for key in results if since_ms < key[1] <= until_ms and key not in expected
    ]
    return problems


async def _expected(connection: asyncpg.Connection[asyncpg.Record], since_ms: int, until_ms: int) -> set[Key]:
    """Every enabled location is expected to check every monitor (the drills limit no countries)."""
    locations = [row["code"] for row in await connection.fetch("SELECT code FROM location WHERE enabled")]
    keys: set[Key] = set()
    for monitor, interval, changed in await connection.fetch(
        "SELECT public_id, interval_seconds, target_changed_at FROM monitor WHERE deleted_at IS NULL"
    ):
        due = next_due_ms(monitor, interval * 1000, to_ms(changed), since_ms)
        while due <= until_ms:
            keys |= {(monitor, due, location, Purpose.SCHEDULED.value) for location in locations}
            due = next_due_ms(monitor, interval * 1000, to_ms(changed), due)
    return keys


async def _dispatched(connection: asyncpg.Connection[asyncpg.Record]) -> set[Key]:
    """Every check that was recorded, to be requested or to become a gap."""
    return {
        (row["public_id"], to_ms(row["due_at"]), row["code"], row["purpose"])
        for row in await connection.fetch(
            "SELECT public_id, due_at, code, purpose FROM ledger_dispatched,"
            " unnest(monitor_ids, due_ats, location_ids) AS planned (monitor_id, due_at, location_id)"
            " JOIN monitor ON monitor.id = planned.monitor_id JOIN location ON location.id = planned.location_id"
        )
    }


async def _results(connection: asyncpg.Connection[asyncpg.Record]) -> dict[Key, bool]:
    """Every result, and whether it connected to its server. The primary key rules out two of one check."""
    return {
        (row["public_id"], to_ms(row["due_at"]), row["code"], row["purpose"]): row["connected"]
        for row in await connection.fetch(
            "SELECT public_id, due_at, code, purpose, EXISTS (SELECT FROM json_array_elements(phases) AS phase"
            " WHERE phase ->> 'phase' = 'greeting') AS connected"
            " FROM result JOIN monitor ON monitor.id = monitor_id JOIN location ON location.id = location_id"
        )
    }


async def _gaps(connection: asyncpg.Connection[asyncpg.Record], expected: set[Key]) -> dict[Key, list[str]]:
    """The reasons of the gaps that cover each expected check."""
    ranges: dict[tuple[UUID, str, str], list[tuple[int, int, str]]] = {}
    for row in await connection.fetch(
        "SELECT public_id, code, purpose, from_at, to_at, reason"
        " FROM gap JOIN monitor ON monitor.id = monitor_id JOIN location ON location.id = location_id"
    ):
        span = (to_ms(row["from_at"]), to_ms(row["to_at"]), row["reason"])
        ranges.setdefault((row["public_id"], row["code"], row["purpose"]), []).append(span)
    covering: dict[Key, list[str]] = {}
    for key in expected:
        monitor, due, location, purpose = key
        for first, last, reason in ranges.get((monitor, location, purpose), ()):
            if first <= due <= last:
                covering.setdefault(key, []).append(reason)
    return covering
