"""Locations and the heartbeats of their agents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from controller.model import AgentSighting, Location
from controller.store.locations.keys import end_keys, give_key
from controller.store.platform.pool import AWAY, Connection, Database, refused
from shared.wire.messages import Heartbeat, Unfitness

_SELECT = """
SELECT id, code, name, country_code, enabled, public_key, nats_url, removed_at IS NOT NULL AS removed, created_at,
  updated_at,
  ARRAY(
    SELECT sealing_key FROM location_key
    WHERE location_key.location_id = location.id AND sealing_key <> public_key AND ends_at > now()
    ORDER BY location_key.id DESC
  ) AS older_keys
FROM location
WHERE ($1::text IS NULL OR code = $1) ORDER BY code
"""


MOST_AGENTS = 64
"""How many agents of one location are stored: anybody with its enrolment file can invent any number of them."""

# All controllers do this at the same time, so they skip rows that another one has locked.
_FORGET_AGENTS = """
DELETE FROM agent WHERE location_id = $1 AND name IN (
  SELECT name FROM agent WHERE location_id = $1 AND name IN (
    SELECT name FROM agent WHERE location_id = $1 ORDER BY last_seen_at DESC OFFSET $2
  ) FOR UPDATE SKIP LOCKED
)
"""

_USE_KEY = """
UPDATE location_key SET last_used_at = now()
WHERE nats_user = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
"""


async def all_locations(database: Database) -> list[Location]:
    """Every location, enabled or not, by code; removed ones too, because results still name them."""
    async with database.connection() as connection:
        rows = await connection.fetch(_SELECT, None)
    return [_location(row) for row in rows]


async def present_locations(database: Database) -> list[Location]:
    """The locations that were not removed, by code."""
    return [here for here in await all_locations(database) if not here.removed]


async def by_code(database: Database, code: str) -> Location | None:
    """The location with this code; None when there is none, or it was removed."""
    async with database.connection() as connection:
        return await _present(connection, code)


async def _present(connection: Connection, code: str) -> Location | None:
    row = await connection.fetchrow(_SELECT, code)
    return None if row is None or row["removed"] else _location(row)


def _location(row: Any) -> Location:
    return Location(**dict(row) | {"older_keys": tuple(row["older_keys"])})


@asynccontextmanager
async def inserting(
    database: Database,
    *,
    code: str,
    name: str,
    country_code: str,
    public_key: str,
    nats_user: str,
    nats_account: str | None = None,
    nats_url: str | None = None,
    request_keys: Sequence[str] | None = None,
) -> AsyncIterator[Location | None]:
    """Yield the new location, or None when the code is taken. It is stored only when the block ends without an error,
    so that its enrolment file can be written within the block.

    A removed location is restored with its history, but only in the same country.
    """
    async with database.transaction() as connection:
        number = await connection.fetchval(
            """
            INSERT INTO location (code, name, country_code, public_key, nats_url) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (code) DO UPDATE
              SET name = excluded.name, public_key = excluded.public_key, nats_url = excluded.nats_url, enabled = true,
                  removed_at = NULL, signed_only_from = NULL, updated_at = now()
              WHERE location.removed_at IS NOT NULL AND location.country_code = excluded.country_code
            RETURNING id
            """,
            code,
            name,
            country_code,
            public_key,
            nats_url,
        )
        if number is None:
            yield None
        else:
            await give_key(connection, number, public_key, nats_user, nats_account, request_keys)
            yield await _present(connection, code)


async def locked(database: Database, code: str) -> Location | None:
    """The location with this code, locked until the transaction of `database` ends; None when there is none."""
    async with database.connection() as connection:
        await connection.execute("SELECT FROM location WHERE code = $1 FOR UPDATE", code)
        return await _present(connection, code)


async def set_enabled(database: Database, code: str, *, enabled: bool) -> Location | None:
    """None when there is no such location."""
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE location SET enabled = $2, updated_at = CASE WHEN enabled = $2 THEN updated_at ELSE now() END"
            " WHERE code = $1 AND removed_at IS NULL",
            code,
            enabled,
        )
        return await _present(connection, code)


async def rename(database: Database, code: str, name: str) -> Location | None:
    """None when there is no such location."""
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE location SET name = $2, updated_at = CASE WHEN name = $2 THEN updated_at ELSE now() END"
            " WHERE code = $1 AND removed_at IS NULL",
            code,
            name,
        )
        return await _present(connection, code)


async def remove(database: Database, code: str) -> bool:
    """Remove a disabled location, and its keys for ever; False when there is none of that code, or it is enabled."""
    async with database.transaction() as connection:
        number = await connection.fetchval(
            """
            UPDATE location SET removed_at = now() WHERE code = $1 AND NOT enabled AND removed_at IS NULL RETURNING id
            """,
            code,
        )
        if number is None:
            return False
        await end_keys(connection, number, timedelta())
        await connection.execute("DELETE FROM agent WHERE location_id = $1", number)
    return True


class Sightings(NamedTuple):
    """`now` by the database's clock, which also gives the moments of heartbeats, and the known agents by location id; a
    location without any is not in it.
    """

    now: datetime
    agents: dict[int, list[AgentSighting]]


async def sightings(database: Database) -> Sightings:
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location_id, name, kinds, version, started_at, last_seen_at, running, waiting, capacity, loop_lag_ms,
              unfit, clock_offset_ms, reads
            FROM agent ORDER BY location_id, name
            """
        )
        now = await connection.fetchval("SELECT clock_timestamp()")
    sightings: dict[int, list[AgentSighting]] = {}
    for row in rows:
        values = dict(row)
        location_id = values.pop("location_id")
        values["unfit"] = [Unfitness(word) for word in values["unfit"]]
        sightings.setdefault(location_id, []).append(AgentSighting(**values))
    return Sightings(now, sightings)


async def record_heartbeat(database: Database, heartbeat: Heartbeat, *, signed_by: str | None = None) -> bool:
    """False, and nothing stored, when there is no such location in that country. `signed_by` is the key that signed the
    heartbeat. Of more than MOST_AGENTS agents those with the oldest heartbeats are deleted. Raises UnstorableError when
    PostgreSQL refuses a value, StoreUnavailableError.
    """
    async with database.connection() as connection:
        try:
            number = await _upsert_agent(connection, heartbeat, signed_by)
        except AWAY:
            raise
        except (asyncpg.PostgresError, ValueError, OverflowError) as error:
            raise refused(error) from error
        if number is not None:
            await connection.execute(_FORGET_AGENTS, number, MOST_AGENTS)
            if signed_by is not None:
                await connection.execute(_USE_KEY, signed_by)
    return number is not None


async def _upsert_agent(connection: Connection, heartbeat: Heartbeat, signed_by: str | None) -> int | None:
    """The id of its location, if there is one."""
    number: int | None = await connection.fetchval(
        """
        INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at, running, waiting, capacity,
          loop_lag_ms, unfit, clock_offset_ms, reads, signed_by)
        SELECT id, $3, $4, $5, $6, now(), $7, $8, $9, $10, $11, $12, $13, $14 FROM location
        WHERE code = lower($1) AND country_code = upper($2) AND removed_at IS NULL
        ON CONFLICT (location_id, name) DO UPDATE
          SET kinds = excluded.kinds, version = excluded.version, started_at = excluded.started_at,
              last_seen_at = excluded.last_seen_at, running = excluded.running, waiting = excluded.waiting,
              capacity = excluded.capacity, loop_lag_ms = excluded.loop_lag_ms, unfit = excluded.unfit,
              clock_offset_ms = excluded.clock_offset_ms, reads = excluded.reads,
              signed_by = excluded.signed_by
        RETURNING location_id
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
        heartbeat.reads,
        signed_by,
    )
    return number
