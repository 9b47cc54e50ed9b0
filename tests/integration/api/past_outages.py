"""Results of the last days as they would be stored: rounds each minute around some outages, at two locations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from controller.store.platform.partitions import make_partitions
from shared.clock import utc_now
from tests.integration.api.conftest import Api
from tests.integration.api.outages import COUNTRIES, REFUSED, make_locations

AROUND = timedelta(minutes=20)
_ROUND = timedelta(minutes=1)


class PastOutage(NamedTuple):
    """So many rounds failed at these locations, the first of them so many hours ago."""

    hours_ago: float
    rounds: int
    locations: Sequence[str] = tuple(COUNTRIES)


async def store_past(api: Api, monitor: dict[str, Any], outages: Sequence[PastOutage]) -> list[datetime]:
    """Store the rounds around these outages, and make the monitor older than them. When each of them began."""
    await make_locations(api)
    now = utc_now()
    await make_partitions(api.database, (now - timedelta(days=8)).date(), now.date())
    number = await api.value(
        "UPDATE monitor SET target_changed_at = now() - interval '30 days' WHERE public_id = $1::text::uuid"
        " RETURNING id",
        str(monitor["publicId"]),
    )
    began = []
    async with api.database.connection() as connection:
        ids = {code: number for code, number in await connection.fetch("SELECT code, id FROM location")}  # noqa: C416 - rows are no pairs to mypy
        for one in outages:
            first = (now - timedelta(hours=one.hours_ago)).replace(second=0, microsecond=0)
            last = first + one.rounds * _ROUND
            began.append(first)
            due = first - AROUND
            rows = []
            while due < min(last + AROUND, now):
                for code in COUNTRIES:
                    fails = first <= due < last and code in one.locations
                    stored = due + timedelta(milliseconds=300)
                    failure = REFUSED if fails else None
                    rows.append((number, due, ids[code], "failure" if fails else "success", stored, failure))
                due += _ROUND
            await connection.executemany(
                "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at,"
                " stored_at, agent, failure, phases) VALUES ($1, $2, $3, 'scheduled', $4, 20, $2, $5, 'a', $6, '[]')",
                rows,
            )
    return began
