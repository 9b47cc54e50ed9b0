"""The evaluator's state of each monitor. A caller that changes it or the monitor's incident must hold its row lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.state import MonitorState, VerdictKind
from controller.store.platform.pool import Connection, Database


class EvaluatedState(NamedTuple):
    """A monitor state after an evaluation, and the locations that were blind in it."""

    state: MonitorState
    blind_ids: Iterable[int] = ()


async def insert_missing(db: Database) -> None:
    """Insert a monitor state that can be locked for every monitor that is about to be evaluated for the first time.

    Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        await connection.execute(
            """
            INSERT INTO monitor_state (monitor_id, state, verdict, stable)
            SELECT monitor_id, $1::json, $2, false FROM (
              SELECT DISTINCT monitor_id FROM evaluation
              WHERE check_at <= now()
                AND NOT EXISTS (SELECT FROM monitor_state WHERE monitor_state.monitor_id = evaluation.monitor_id)
            ) AS new ORDER BY monitor_id
            ON CONFLICT DO NOTHING
            """,
            MonitorState(),
            MonitorState().verdict.value,
        )


async def claim(connection: Connection, at_most: int, *, only: int | None = None) -> dict[int, MonitorState]:
    """Lock the states of monitors with a due evaluation, the longest waiting first; skip those that are locked already.

    `only` limits it to one monitor.
    """
    rows = await connection.fetch(
        """
        SELECT monitor_id, state FROM monitor_state
        WHERE monitor_id IN (
          SELECT monitor_id FROM evaluation WHERE check_at <= now() AND ($2::bigint IS NULL OR monitor_id = $2)
          GROUP BY monitor_id ORDER BY min(check_at) LIMIT $3
        )
        LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
        """,
        at_most,
        only,
        4 * at_most,  # other evaluators may have locked the first ones
    )
    return {monitor: _state(state) for monitor, state in rows}


async def lock(connection: Connection, monitor_id: int) -> MonitorState | None:
    """The state of one monitor, locked until the transaction ends; None when it was never evaluated."""
    state = await connection.fetchval(
        "SELECT state FROM monitor_state WHERE monitor_id = $1 FOR NO KEY UPDATE", monitor_id
    )
    return None if state is None else _state(state)


async def save(connection: Connection, evaluated: Mapping[int, EvaluatedState]) -> None:
    """Write these monitor states, by monitor id; the caller holds their locks."""
    if not evaluated:
        return
    await connection.execute(
        """
        UPDATE monitor_state SET state = evaluated.state, verdict = evaluated.verdict, stable = evaluated.stable,
          blind_ids = evaluated.blind_ids::int[], updated_at = now()
        FROM unnest($1::bigint[], $2::json[], $3::text[], $4::boolean[], $5::text[])
          AS evaluated (monitor_id, state, verdict, stable, blind_ids)
        WHERE monitor_state.monitor_id = evaluated.monitor_id
        """,
        list(evaluated),
        [one.state for one in evaluated.values()],
        [one.state.verdict.value for one in evaluated.values()],
        [one.state.stable for one in evaluated.values()],
        [f"{{{','.join(map(str, sorted(one.blind_ids)))}}}" for one in evaluated.values()],
    )


async def with_other_reason(
    connection: Connection, reasons: Mapping[int, str], *, only_unknown: bool
) -> dict[int, MonitorState]:
    """Lock the states of those of these monitors whose verdict is not unknown for the reason that is given, and with
    `only_unknown` those that are unknown for another one; skip those that are locked already. A monitor without a state
    gets one.
    """
    await connection.execute(
        """
        INSERT INTO monitor_state (monitor_id, state, verdict, stable)
        SELECT id, $2::json, $3, false FROM monitor WHERE id = ANY ($1::bigint[]) ORDER BY id ON CONFLICT DO NOTHING
        """,
        list(reasons),
        MonitorState(),
        MonitorState().verdict.value,
    )
    rows = await connection.fetch(
        """
        SELECT monitor_id, state FROM monitor_state
        JOIN unnest($1::bigint[], $2::text[]) AS given (id, reason) ON given.id = monitor_id
        WHERE CASE WHEN verdict = $3 THEN state ->> 'reason' IS DISTINCT FROM given.reason ELSE NOT $4 END
        ORDER BY monitor_id FOR NO KEY UPDATE OF monitor_state SKIP LOCKED
        """,
        list(reasons),
        list(reasons.values()),
        VerdictKind.UNKNOWN.value,
        only_unknown,
    )
    return {monitor: _state(state) for monitor, state in rows}


async def save_reasons(connection: Connection, changed: Mapping[int, MonitorState]) -> None:
    """Write these monitor states, by monitor id, without an evaluation: which locations were blind in the latest one
    stays known. The caller holds their locks.
    """
    await connection.executemany(
        "UPDATE monitor_state SET state = $2, verdict = $3, stable = $4, updated_at = now() WHERE monitor_id = $1",
        [(number, state, state.verdict.value, state.stable) for number, state in changed.items()],
    )


def _state(state: object) -> MonitorState:
    return msgspec.convert(state, MonitorState, str_keys=True)  # location ids are keys


async def unsettle(connection: Connection, monitor_id: int) -> None:
    """Have the monitor's next results evaluated, though they pass and it is stable: something else changed."""
    await connection.execute("UPDATE monitor_state SET stable = false WHERE monitor_id = $1", monitor_id)
