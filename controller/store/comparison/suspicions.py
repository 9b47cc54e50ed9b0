"""What differs at one location: read by the evaluator, and by those who decide whose network it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from controller.decisions.comparison.own_network import CheckedServer, is_own_network
from controller.decisions.comparison.server_views import Starttls
from controller.decisions.comparison.signs import ABOUT_STARTTLS, SignKind
from controller.decisions.comparison.suspicions import Suspicion
from controller.decisions.evaluation.doubts import Doubts, SaidWarning
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime

_ABOUT_STARTTLS = sorted(kind.value for kind in ABOUT_STARTTLS)

_REPLACE = """
WITH given AS (
  SELECT * FROM unnest(
    $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::boolean[]
  ) AS given (location_id, kind, address, detail, since_at, confirmed_at, said)
), gone AS (
  DELETE FROM suspicion AS old WHERE monitor_id = $1 AND NOT EXISTS (
    SELECT FROM given WHERE given.location_id = old.location_id AND given.kind = old.kind
  )
)
INSERT INTO suspicion AS old (monitor_id, location_id, kind, address, detail, since_at, confirmed_at, said)
SELECT $1, given.* FROM given ORDER BY location_id, kind
ON CONFLICT (monitor_id, location_id, kind) DO UPDATE SET address = EXCLUDED.address, detail = EXCLUDED.detail,
  since_at = EXCLUDED.since_at, confirmed_at = EXCLUDED.confirmed_at, said = EXCLUDED.said
"""

# Of each server that offers somebody STARTTLS, whether this location is suspected not to get it.
_SERVERS = """
SELECT fact.location_id, monitor.hostname, monitor.port, fact.address, monitor.customer_id, false AS stripped
FROM server_fact AS fact JOIN monitor ON monitor.id = fact.monitor_id
WHERE fact.location_id = ANY ($1::int[]) AND fact.name = 'starttls' AND fact.holds AND fact.value = $2
  AND monitor.deleted_at IS NULL AND monitor.status <> 'disabled' AND NOT EXISTS (
    SELECT FROM suspicion WHERE suspicion.monitor_id = fact.monitor_id
      AND suspicion.location_id = fact.location_id AND suspicion.kind = ANY ($3::text[])
  )
UNION ALL
SELECT suspicion.location_id, monitor.hostname, monitor.port, suspicion.address, monitor.customer_id, true
FROM suspicion JOIN monitor ON monitor.id = suspicion.monitor_id
WHERE suspicion.location_id = ANY ($1::int[]) AND suspicion.kind = ANY ($3::text[])
  AND monitor.deleted_at IS NULL AND monitor.status <> 'disabled'
"""


async def replace(connection: Connection, monitor_id: int, suspicions: Sequence[Suspicion]) -> None:
    """Have these suspicions, and no others, of a monitor."""
    await connection.execute(
        _REPLACE,
        monitor_id,
        [one.location_id for one in suspicions],
        [one.kind.value for one in suspicions],
        [one.address for one in suspicions],
        [one.detail.replace("\0", " ") for one in suspicions],
        [to_datetime(one.since_ms) for one in suspicions],
        [None if one.confirmed_ms is None else to_datetime(one.confirmed_ms) for one in suspicions],
        [one.said for one in suspicions],
    )


async def doubts_of(connection: Connection, monitor_ids: Sequence[int]) -> dict[int, Doubts]:
    """What is said of these monitors, and at which of their locations a failure may be our own fault."""
    said: dict[int, list[SaidWarning]] = defaultdict(list)
    starttls: dict[int, set[int]] = defaultdict(set)
    disliked: dict[int, set[int]] = defaultdict(set)
    rows = await connection.fetch(
        "SELECT monitor_id, location_id, location.code, country_code, kind, detail, said FROM suspicion"
        " JOIN location ON location.id = location_id"
        " WHERE monitor_id = ANY ($1::bigint[]) ORDER BY monitor_id, country_code, code, kind",
        monitor_ids,
    )
    for row in rows:
        kind = SignKind(row["kind"])
        if row["said"]:
            said[row["monitor_id"]].append(
                SaidWarning(row["location_id"], row["code"], row["country_code"], kind, row["detail"])
            )
        elif kind in ABOUT_STARTTLS:
            starttls[row["monitor_id"]].add(row["location_id"])
        elif kind is SignKind.PROBE_DISLIKED:
            disliked[row["monitor_id"]].add(row["location_id"])
    networks = await own_networks(connection)
    return {
        number: Doubts(
            said.get(number, []), frozenset(starttls.get(number, set()) | networks), frozenset(disliked.get(number, ()))
        )
        for number in monitor_ids
        if networks or number in said or number in starttls or number in disliked
    }


async def own_networks(connection: Connection) -> set[int]:
    """The locations whose own network takes STARTTLS away."""
    return {row["location_id"] for row in await connection.fetch("SELECT location_id FROM intercepted_location")}


async def suspected_networks(connection: Connection, location_ids: Collection[int]) -> set[int]:
    """Those of these locations whose own network takes STARTTLS away, as far as is known by now."""
    servers: dict[int, list[CheckedServer]] = defaultdict(list)
    if location_ids:
        offered = Starttls.OFFERED.value
        for row in await connection.fetch(_SERVERS, list(location_ids), offered, _ABOUT_STARTTLS):
            servers[row["location_id"]].append(CheckedServer(*row[1:]))
    return {here for here, own in servers.items() if is_own_network(own)}


async def confirmed_networks(connection: Connection) -> set[int]:
    """The locations whose own network takes STARTTLS away, where a recheck confirmed it for one server at least."""
    rows = await connection.fetch(
        "SELECT DISTINCT location_id FROM suspicion WHERE kind = ANY ($1::text[]) AND confirmed_at IS NOT NULL",
        _ABOUT_STARTTLS,
    )
    return await suspected_networks(connection, [row["location_id"] for row in rows])


class InterceptedLocation(NamedTuple):
    """A location whose own network takes STARTTLS away, and how many servers show it."""

    location_id: int
    code: str
    name: str
    since_at: datetime
    monitors: int


async def note_networks(connection: Connection, location_ids: Collection[int]) -> None:
    await connection.execute(
        "INSERT INTO intercepted_location (location_id) SELECT unnest($1::int[]) ORDER BY 1 ON CONFLICT DO NOTHING",
        list(location_ids),
    )


async def clear_networks(connection: Connection, location_ids: Collection[int]) -> None:
    await connection.execute("DELETE FROM intercepted_location WHERE location_id = ANY ($1::int[])", list(location_ids))


async def intercepted(db: Database) -> list[InterceptedLocation]:
    """The enabled ones by code. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location.id, code, name, since_at, (
              SELECT count(*) FROM suspicion WHERE suspicion.location_id = location.id AND kind = ANY ($1::text[])
            ) AS monitors
            FROM intercepted_location JOIN location ON location.id = location_id
            WHERE enabled AND removed_at IS NULL ORDER BY code
            """,
            _ABOUT_STARTTLS,
        )
    return [InterceptedLocation(*row) for row in rows]
