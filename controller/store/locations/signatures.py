"""What is stored about the signatures of locations: whose keys they are, who must sign, and what was refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from controller.decisions.signing import SigningAgents
from controller.store.platform.pool import Database
from controller.trust.location_signatures import LocationKeys, StoredKey, place_of
from shared.wire import subjects


async def location_keys(database: Database) -> LocationKeys:
    """The keys that locations were ever given, and the locations that must sign by now. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        keys = await connection.fetch(
            """
            SELECT nats_user, country_code, code, COALESCE(ends_at <= now(), false) AS ended
            FROM location_key JOIN location ON location.id = location_id
            """
        )
        signing = await connection.fetch("SELECT code FROM location WHERE signed_only_from <= now()")
    return LocationKeys(
        keys={user: StoredKey(_place(country, code), ended) for user, country, code, ended in keys},
        signing=frozenset(row["code"] for row in signing),
    )


def _place(country: str, code: str) -> str:
    return place_of(subjects.result(country, code))


async def signing_agents(database: Database, live_seconds: float) -> dict[int, SigningAgents]:
    """How many agents of each location sent a heartbeat lately and how many of them signed it, by location id. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location.id, signed_only_from, signed_only_from <= now(), count(agent.name), count(signed_by)
            FROM location LEFT JOIN agent
              ON agent.location_id = location.id AND last_seen_at > now() - make_interval(secs => $1)
            WHERE removed_at IS NULL GROUP BY location.id
            """,
            live_seconds,
        )
    return {number: SigningAgents(*rest) for number, *rest in rows}


async def begin_signing(database: Database, location_id: int, grace: timedelta) -> bool:
    """Refuse unsigned messages of the location after `grace`; False if that was decided before."""
    async with database.connection() as connection:
        done = await connection.fetchval(
            "UPDATE location SET signed_only_from = now() + $2 WHERE id = $1 AND signed_only_from IS NULL RETURNING 1",
            location_id,
            grace,
        )
    return done is not None


async def put_off_signing(database: Database, location_id: int) -> bool:
    """Undo `begin_signing` as long as its grace lasts; False afterwards."""
    async with database.connection() as connection:
        done = await connection.fetchval(
            "UPDATE location SET signed_only_from = NULL WHERE id = $1 AND signed_only_from > now() RETURNING 1",
            location_id,
        )
    return done is not None


async def require_signatures(database: Database, code: str, *, required: bool) -> bool:
    """Refuse unsigned messages of a location from now on, or accept them; False when there is no such location."""
    async with database.connection() as connection:
        done = await connection.fetchval(
            """
            UPDATE location SET signed_only_from = CASE WHEN $2 THEN LEAST(signed_only_from, now()) END
            WHERE code = $1 AND removed_at IS NULL RETURNING 1
            """,
            code,
            required,
        )
        if done is not None:
            await connection.execute(
                "DELETE FROM refused_heartbeat WHERE why = 'unsigned'"
                " AND location_id = (SELECT id FROM location WHERE code = $1)",
                code,
            )
    return done is not None


async def record_refusal(database: Database, *, country: str, location: str, agent: str, why: str) -> None:
    """Store that a heartbeat was refused; nothing when there is no such location. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO refused_heartbeat (location_id, agent, why, refused_at)
            SELECT id, $3, $4, now() FROM location
            WHERE code = lower($2) AND country_code = upper($1) AND removed_at IS NULL
            ON CONFLICT (location_id) DO UPDATE
              SET agent = excluded.agent, why = excluded.why, refused_at = excluded.refused_at
            """,
            country,
            location,
            agent,
            why,
        )


class RefusedHeartbeat(NamedTuple):
    agent: str
    why: str
    at: datetime


async def refused_heartbeats(database: Database, since: datetime) -> Mapping[str, RefusedHeartbeat]:
    """The latest refused heartbeat of each location since then, by the location's code. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT code, agent, why, refused_at FROM refused_heartbeat JOIN location ON location.id = location_id
            WHERE refused_at >= $1 AND removed_at IS NULL
            """,
            since,
        )
    return {code: RefusedHeartbeat(*rest) for code, *rest in rows}


class UsedKey(NamedTuple):
    """A key of a location that has not ended. `request_keys` are those in its enrolment file, None if that is not
    recorded; `newest` is the one in the location's latest file.
    """

    code: str
    user: str
    created_at: datetime
    ends_at: datetime | None
    last_used_at: datetime | None
    request_keys: list[str] | None
    newest: bool


async def used_keys(database: Database) -> list[UsedKey]:
    """The keys of all locations, enabled or not, the newest of each first. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT code, nats_user, location_key.created_at, ends_at, last_used_at, request_keys,
              sealing_key = location.public_key AS newest
            FROM location_key JOIN location ON location.id = location_id
            WHERE removed_at IS NULL AND (ends_at IS NULL OR ends_at > now())
            ORDER BY code, location_key.id DESC
            """
        )
    return [UsedKey(*row) for row in rows]


async def unsigned_agents(database: Database, live_seconds: float) -> Mapping[str, Collection[str]]:
    """The agents that sent an unsigned heartbeat lately, by the code of their location."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT code, array_agg(agent.name ORDER BY agent.name) AS names FROM agent
            JOIN location ON location.id = location_id
            WHERE signed_by IS NULL AND last_seen_at > now() - make_interval(secs => $1) GROUP BY code
            """,
            live_seconds,
        )
    return {row["code"]: row["names"] for row in rows}


async def signed_only(database: Database) -> Mapping[str, datetime]:
    """From when on unsigned messages of locations are refused, by code; others are not in it."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT code, signed_only_from FROM location WHERE signed_only_from IS NOT NULL AND removed_at IS NULL"
        )
    return {row["code"]: row["signed_only_from"] for row in rows}
