"""What the judge remembers of each monitor. Whoever changes it, or the monitor's incident, holds its row locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.state import Standing
from controller.store.platform.pool import Connection, Database


class Judged(NamedTuple):
    """A standing after a look, and the locations that were blind in that."""

    standing: Standing
    blind_ids: Iterable[int] = ()


async def begin_missing(db: Database) -> None:
    """Give every monitor that is to be judged for the first time a standing that can be locked.

    Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        await connection.execute(
            """
            INSERT INTO standing (monitor_id, state, verdict, at_rest)
            SELECT monitor_id, $1::json, $2, false FROM (
              SELECT DISTINCT monitor_id FROM look
              WHERE check_at <= now() AND NOT EXISTS (SELECT FROM standing WHERE standing.monitor_id = look.monitor_id)
            ) AS new ORDER BY monitor_id
            ON CONFLICT DO NOTHING
            """,
            Standing(),
            Standing().verdict.value,
        )


async def claim(connection: Connection, at_most: int, *, only: int | None = None) -> dict[int, Standing]:
    """Lock the standings of monitors with a look to take, the longest waiting first; none that somebody else holds.

    `only` limits it to one monitor.
    """
    rows = await connection.fetch(
        """
        SELECT monitor_id, state FROM standing
        WHERE monitor_id IN (
          SELECT monitor_id FROM look WHERE check_at <= now() AND ($2::bigint IS NULL OR monitor_id = $2)
          GROUP BY monitor_id ORDER BY min(check_at) LIMIT $3
        )
        LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
        """,
        at_most,
        only,
        4 * at_most,  # the first ones may be with other judges
    )
    return {monitor: _standing(state) for monitor, state in rows}


async def lock(connection: Connection, monitor_id: int) -> Standing | None:
    """The standing of one monitor, locked until the transaction ends; None when it was never judged."""
    state = await connection.fetchval("SELECT state FROM standing WHERE monitor_id = $1 FOR NO KEY UPDATE", monitor_id)
    return None if state is None else _standing(state)


async def save(connection: Connection, judged: Mapping[int, Judged]) -> None:
    """Write standings down, by monitor id; they are locked."""
    if not judged:
        return
    await connection.execute(
        """
        UPDATE standing SET state = judged.state, verdict = judged.verdict, at_rest = judged.at_rest,
          blind_ids = judged.blind_ids::int[], updated_at = now()
        FROM unnest($1::bigint[], $2::json[], $3::text[], $4::boolean[], $5::text[])
          AS judged (monitor_id, state, verdict, at_rest, blind_ids)
        WHERE standing.monitor_id = judged.monitor_id
        """,
        list(judged),
        [one.standing for one in judged.values()],
        [one.standing.verdict.value for one in judged.values()],
        [one.standing.at_rest for one in judged.values()],
        [f"{{{','.join(map(str, sorted(one.blind_ids)))}}}" for one in judged.values()],
    )


def _standing(state: object) -> Standing:
    return msgspec.convert(state, Standing, str_keys=True)  # location ids are keys
