"""What an installation across regions recorded: the balance, and which checks are missing, where and when."""

from __future__ import annotations

from typing import Any, NamedTuple

import asyncpg

from controller.broker.streams import ACK_WAIT_SECONDS
from shared.epoch import to_datetime, to_ms
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from tests.system.drills import ledger
from tests.system.drills.ledger import Balance
from tests.system.event_log import read_events
from tests.system.regions.regions_installation import Installation


class Gap(NamedTuple):
    """A missing check of a monitor with this interval."""

    location: str
    reason: str
    interval_seconds: int
    due_ms: int


class RegionsReport(NamedTuple):
    """`late` counts the results of each location that were stored much later than they were due. `overcome` holds
    reasons that may have blinded a location for a time without leaving a gap.
    """

    balance: Balance
    gaps: list[Gap]
    verdicts: list[VerdictEvent]
    incidents: list[IncidentEvent]
    late: dict[str, int]
    overcome: dict[str, set[str]]


async def draw_up(
    installation: Installation, since_ms: int, until_ms: int, *, late_of: tuple[int, int], half_open: int
) -> RegionsReport:
    """The report on all checks due in (since, until], once all are settled; call it inside the centre. Late is what was
    due before the first moment of `late_of` and stored after the second; `half_open` is as in `ledger`.
    """
    url, broker = installation.database_url, installation.broker()
    await ledger.settled(url, await ledger.silent_since(url))
    drawn = await ledger.balance(
        url, broker, installation.connections, since_ms=since_ms, until_ms=until_ms, half_open=half_open
    )
    verdicts = await read_events(broker, EventType.VERDICT, VerdictEvent)
    incidents = await read_events(broker, EventType.INCIDENT, IncidentEvent)
    return RegionsReport(drawn, await _gaps(url), verdicts, incidents, await _late(url, *late_of), await _overcome(url))


async def leader(database_url: str) -> int:
    """The process id of the controller that schedules."""
    [row] = await _rows(database_url, "SELECT leader FROM schedule")
    return int(row["leader"].rpartition("-")[2])


async def _gaps(database_url: str) -> list[Gap]:
    """Gaps of one check each. Gaps of many checks are made only when no controller has led for long."""
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
    """A result that comes after its check was settled closes the gap, but the location counted as blind until then, for
    example when a killed controller had the result. And a result may report a fault of the agent itself.
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
