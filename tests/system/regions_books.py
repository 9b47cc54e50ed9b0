"""What the books of an installation across regions say: the balance, and what is missing, where and when."""

from __future__ import annotations

from typing import Any, NamedTuple

import asyncpg

from controller.broker.streams import ACK_WAIT_SECONDS
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from shared.wire.rounds import to_datetime, to_ms
from tests.system import ledger
from tests.system.ledger import Balance
from tests.system.regions_installation import Installation
from tests.system.told import told


class Gap(NamedTuple):
    """A missing check, of a monitor that is checked so often."""

    location: str
    reason: str
    interval_seconds: int
    due_ms: int


class Books(NamedTuple):
    """`late` counts the results of each location that were stored much later than they were due. `overcome` is what
    may have blinded a location without a gap to tell of it.
    """

    balance: Balance
    gaps: list[Gap]
    verdicts: list[VerdictEvent]
    incidents: list[IncidentEvent]
    late: dict[str, int]
    overcome: dict[str, set[str]]


async def close(
    installation: Installation, since_ms: int, until_ms: int, *, late_of: tuple[int, int], half_open: int
) -> Books:
    """Of all checks due in (since, until], when none is open any more; to be asked inside the centre. Late is what was
    due before the first moment of `late_of` and stored after the second; `half_open` is as in `ledger`.
    """
    url, broker = installation.database_url, installation.broker()
    await ledger.settled(url, await ledger.silent_since(url))
    drawn = await ledger.balance(
        url, broker, installation.connections, since_ms=since_ms, until_ms=until_ms, half_open=half_open
    )
    verdicts = await told(broker, EventType.VERDICT, VerdictEvent)
    incidents = await told(broker, EventType.INCIDENT, IncidentEvent)
    return Books(drawn, await _gaps(url), verdicts, incidents, await _late(url, *late_of), await _overcome(url))


async def leader(database_url: str) -> int:
    """The process id of the controller that schedules."""
    [row] = await _rows(database_url, "SELECT leader FROM schedule")
    return int(row["leader"].rpartition("-")[2])


async def _gaps(database_url: str) -> list[Gap]:
    """Each of one check: those of many are made only when nobody has led for long."""
    rows = await _rows(
        database_url,
        "SELECT code, reason, interval_seconds, from_at, to_at FROM gap JOIN location ON location.id = location_id"
        " JOIN monitor ON monitor.id = monitor_id ORDER BY from_at, code",
    )
    assert all(row["from_at"] == row["to_at"] for row in rows), rows
    return [Gap(row["code"], row["reason"], row["interval_seconds"], to_ms(row["from_at"])) for row in rows]


async def _late(database_url: str, due_before: int, after: int) -> dict[str, int]:
    rows = await _rows(
        database_url,
        "SELECT code, count(*) AS results FROM result JOIN location ON location.id = location_id"
        " WHERE due_at < $1 AND stored_at > $2 GROUP BY code",
        to_datetime(due_before),
        to_datetime(after),
    )
    return {row["code"]: row["results"] for row in rows}


async def _overcome(database_url: str) -> dict[str, set[str]]:
    """A result that comes when its check is settled closes the gap, and what could not be seen until then was said: as
    of one that a killed controller had in hand. And a result may tell of a fault of the agent itself.
    """
    found: dict[str, set[str]] = {}
    for row in await _rows(
        database_url,
        "SELECT code, 'no_result' AS reason FROM result JOIN location ON location.id = location_id"
        " JOIN monitor ON monitor.id = monitor_id"
        " WHERE stored_at > due_at + make_interval(secs => interval_seconds / 2.0 + timeout_seconds + $1)"
        " UNION SELECT code, failure ->> 'source' FROM result JOIN location ON location.id = location_id"
        " WHERE result.status = 'unknown'",
        ACK_WAIT_SECONDS + 5,
    ):
        found.setdefault(row["code"], set()).add(row["reason"])
    return found


async def _rows(database_url: str, query: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(database_url)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
