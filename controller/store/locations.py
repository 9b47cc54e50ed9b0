"""Locations and the heartbeats of their agents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from controller.model import AgentSighting, Location
from controller.store.pool import Database
from shared.messages import Heartbeat, Unfitness

_COLUMNS = "id, code, name, country_code, enabled, public_key"


async def all_locations(database: Database) -> list[Location]:
    """Every location, enabled or not, by code."""
    async with database.connection() as connection:
        rows = await connection.fetch(f"SELECT {_COLUMNS} FROM location ORDER BY code")  # noqa: S608 - constants only
    return [Location(**row) for row in rows]


async def by_code(database: Database, code: str) -> Location | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            f"SELECT {_COLUMNS} FROM location WHERE code = $1",  # noqa: S608 - constants only
            code,
        )
    return Location(**row) if row else None


@asynccontextmanager
async def inserting(
    database: Database, *, code: str, name: str, country_code: str, public_key: str
) -> AsyncIterator[Location | None]:
    """Yield the new location, or None when the code is taken. It is stored only when the block ends without an error,
    so that its enrolment file can be written in between.
    """
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            f"""
            INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $2, $3, $4)
            ON CONFLICT (code) DO NOTHING RETURNING {_COLUMNS}
            """,  # noqa: S608 - constants only
            code,
            name,
            country_code,
            public_key,
        )
        yield Location(**row) if row else None


class Sightings(NamedTuple):
    """`now` by the database's clock, as the moments of heartbeats are, and the agents ever seen by location id; a
    location without any is not in it.
    """

    now: datetime
    agents: dict[int, list[AgentSighting]]


async def sightings(database: Database) -> Sightings:
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location_id, name, kinds, version, started_at, last_seen_at, running, waiting, capacity, loop_lag_ms,
              unfit, clock_offset_ms
            FROM agent ORDER BY location_id, name
            """
        )
        now = await connection.fetchval("SELECT clock_timestamp()")
    seen: dict[int, list[AgentSighting]] = {}
    for row in rows:
        values = dict(row)
        location_id = values.pop("location_id")
        values["unfit"] = [Unfitness(word) for word in values["unfit"]]
        seen.setdefault(location_id, []).append(AgentSighting(**values))
    return Sightings(now, seen)


async def record_heartbeat(database: Database, heartbeat: Heartbeat) -> bool:
    """False, and nothing stored, when there is no such location in that country."""
    async with database.connection() as connection:
        known = await connection.fetchval(
            """
            INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at, running, waiting, capacity,
              loop_lag_ms, unfit, clock_offset_ms)
            SELECT id, $3, $4, $5, $6, now(), $7, $8, $9, $10, $11, $12 FROM location
            WHERE code = lower($1) AND country_code = upper($2)
            ON CONFLICT (location_id, name) DO UPDATE
              SET kinds = excluded.kinds, version = excluded.version, started_at = excluded.started_at,
                  last_seen_at = excluded.last_seen_at, running = excluded.running, waiting = excluded.waiting,
                  capacity = excluded.capacity, loop_lag_ms = excluded.loop_lag_ms, unfit = excluded.unfit,
                  clock_offset_ms = excluded.clock_offset_ms
            RETURNING true
            """,
            heartbeat.location,
            heartbeat.country,
            heartbeat.agent,
            heartbeat.kinds,
            heartbeat.version,
            heartbeat.started_at,
            heartbeat.running,
            heartbeat.waiting,
            heartbeat.capacity,
            heartbeat.loop_lag_ms,
            heartbeat.unfit,
            heartbeat.clock_offset_ms,
        )
    return known is True
