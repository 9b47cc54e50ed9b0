"""What begins and ends: written for each monitor as times in maintenance, with an event, when it does.

Whoever calls this holds the rows of the monitors locked, or leaves them out while somebody else does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from controller.decisions.maintenance.covering import covering
from controller.decisions.maintenance.settling import Settled, changed_spans, settle
from controller.model.maintenance import Effect, InMaintenance, WindowTime
from controller.off_loop import off_loop
from controller.store.events.announcing import maintenance_changed
from controller.store.platform.pool import Connection

# The windows come first, so that the monitors of only these are found, however many windows there are.
_DIFFERING = """
WITH meant AS (
  SELECT window_id, monitor_id FROM maintained_monitor
  WHERE window_id = ANY (ARRAY(
    SELECT window_id FROM maintenance_occurrence WHERE from_at <= $1 AND (to_at IS NULL OR to_at > $2)
  ))
), holding AS (
  SELECT DISTINCT monitor.id AS monitor_id, maintenance_window.id AS window_id, maintenance_occurrence.to_at, effect
  FROM maintenance_occurrence
  JOIN maintenance_window ON maintenance_window.id = maintenance_occurrence.window_id
  JOIN meant ON meant.window_id = maintenance_window.id
  JOIN monitor ON monitor.id = meant.monitor_id
  WHERE from_at <= $1 AND (to_at IS NULL OR to_at > $1) AND deleted_at IS NULL AND monitor.status <> 'disabled'
), written AS (
  SELECT monitor_id, window_id, to_at, effect FROM maintenance_time
  WHERE from_at <= $1 AND (to_at IS NULL OR to_at > $1)
), missed AS (
  SELECT meant.monitor_id
  FROM maintenance_occurrence JOIN meant ON meant.window_id = maintenance_occurrence.window_id
  WHERE to_at > $2 AND to_at <= $1 AND NOT EXISTS (
    SELECT FROM maintenance_time
    WHERE maintenance_time.monitor_id = meant.monitor_id
      AND maintenance_time.window_id = maintenance_occurrence.window_id
      AND maintenance_time.from_at >= maintenance_occurrence.from_at
  )
)
SELECT monitor_id FROM (SELECT * FROM holding EXCEPT SELECT * FROM written) AS to_begin
UNION
SELECT monitor_id FROM (SELECT * FROM written EXCEPT SELECT * FROM holding) AS to_end
UNION
SELECT monitor_id FROM (SELECT monitor_id FROM monitor_in_maintenance EXCEPT SELECT monitor_id FROM holding) AS over
UNION
SELECT monitor_id FROM (SELECT monitor_id FROM holding EXCEPT SELECT monitor_id FROM monitor_in_maintenance) AS begun
UNION
SELECT monitor_id FROM missed
ORDER BY monitor_id
"""

# The windows that matter now come first, and nothing else is joined with those for whom they are: PostgreSQL thinks a
# window has one monitor, and would look for all windows and monitors once more for each monitor.
# The moment of a monitor's creation is rounded and comes from the database's clock, so it may be after `now` ($4).
_OCCURRING = """
WITH occurring AS MATERIALIZED (
  SELECT window_id, from_at, to_at, effect
  FROM maintenance_occurrence JOIN maintenance_window ON maintenance_window.id = window_id
  WHERE (to_at IS NULL OR to_at > $3) AND from_at <= $2
    AND organization_id = ANY (ARRAY(SELECT organization_id FROM monitor WHERE id = ANY ($1::bigint[])))
), meant AS MATERIALIZED (
  SELECT window_id, monitor_id FROM maintained_monitor
  WHERE window_id = ANY (ARRAY(SELECT window_id FROM occurring)) AND monitor_id = ANY (ARRAY(
    SELECT id FROM monitor WHERE id = ANY ($1::bigint[]) AND deleted_at IS NULL AND status <> 'disabled'
  ))
)
SELECT monitor_id, window_id, GREATEST(from_at, CASE WHEN from_at > $3 THEN LEAST(
  (SELECT created_at FROM monitor WHERE id = monitor_id), $4
) END), to_at, effect
FROM meant JOIN occurring USING (window_id)
"""

_COMING = """
SELECT from_at, to_at FROM maintenance_occurrence
WHERE to_at > $2 AND window_id IN (SELECT window_id FROM maintained_monitor WHERE monitor_id = ANY ($1::bigint[]))
"""


# Whether an hour was rolled up already makes no difference: to do it too soon does no harm.
_ROLL_AGAIN = """
INSERT INTO rollup_due (monitor_id, hour)
SELECT DISTINCT monitor_id, hour
FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS late (monitor_id, since, until)
CROSS JOIN generate_series(
  date_trunc('hour', GREATEST(since, $4::timestamptz - interval '31 days'), 'UTC'),
  LEAST(until, date_trunc('hour', $4::timestamptz, 'UTC')) - interval '1 millisecond', interval '1 hour'
) AS ended (hour)
"""


class Applied(NamedTuple):
    """Monitors whose maintenance began, and those whose maintenance ended."""

    began: frozenset[int]
    ended: frozenset[int]


async def applied_until(connection: Connection) -> datetime:
    """Until when all that begins and ends was written."""
    moment: datetime = await connection.fetchval("SELECT applied_until FROM maintenance_progress")
    return moment


async def note_applied(connection: Connection, until: datetime) -> None:
    await connection.execute("UPDATE maintenance_progress SET applied_until = GREATEST(applied_until, $1)", until)


async def first_border(connection: Connection, since: datetime, now: datetime) -> datetime | None:
    """When the first occurrence begins or ends after `since`, up to `now`; None when none does."""
    found: datetime | None = await connection.fetchval(
        """
        SELECT LEAST(
          (SELECT min(from_at) FROM maintenance_occurrence WHERE from_at > $1 AND from_at <= $2),
          (SELECT min(to_at) FROM maintenance_occurrence WHERE to_at > $1 AND to_at <= $2)
        )
        """,
        since,
        now,
    )
    return found


async def differing(connection: Connection, since: datetime, now: datetime) -> list[int]:
    """The monitors for which something is to be written."""
    return [row["monitor_id"] for row in await connection.fetch(_DIFFERING, now, since)]


async def monitors_of(connection: Connection, window: int) -> list[int]:
    """The monitors that a window is for."""
    rows = await connection.fetch(
        "SELECT DISTINCT monitor_id FROM maintained_monitor WHERE window_id = $1 ORDER BY monitor_id", window
    )
    return [row["monitor_id"] for row in rows]


async def lock(connection: Connection, monitors: Collection[int], *, wait: bool) -> list[int]:
    """Lock the rows of these monitors, in order. Without `wait` those that are locked already are left out."""
    statement = (
        "SELECT id FROM monitor WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"
        if wait
        else "SELECT id FROM monitor WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
    )
    return [row["id"] for row in await connection.fetch(statement, sorted(monitors))]


async def apply(connection: Connection, monitors: Sequence[int], since: datetime, now: datetime) -> Applied:
    """Write what began and ended for these monitors since that moment, whose rows are locked."""
    occurring = await _times(connection, _OCCURRING, monitors, await _reach(connection, monitors, now), since, now)
    written = await _times(
        connection,
        "SELECT monitor_id, window_id, from_at, to_at, effect FROM maintenance_time"
        " WHERE monitor_id = ANY ($1::bigint[]) AND (to_at IS NULL OR to_at > $2)",
        monitors,
        since,
    )
    before = await current(connection, monitors)
    settled = await off_loop(
        lambda: {
            number: settle(occurring.get(number, ()), written.get(number, ()), before.get(number), since, now)
            for number in monitors
        }
    )
    await _write(connection, settled)
    await _roll_again(connection, written, settled, now)
    began = {number: one.current for number, one in settled.items() if one.current and number not in before}
    ended = {
        number: before[number]._replace(until=min(before[number].until or now, now))
        for number, one in settled.items()
        if not one.current and number in before
    }
    await maintenance_changed(connection, began, ended)
    return Applied(frozenset(began), frozenset(ended))


async def current(connection: Connection, monitors: Collection[int]) -> dict[int, InMaintenance]:
    """Those of these monitors that are in maintenance."""
    rows = await connection.fetch(
        "SELECT monitor_id, effect, since, until FROM monitor_in_maintenance WHERE monitor_id = ANY ($1::bigint[])",
        list(monitors),
    )
    return {number: InMaintenance(Effect(effect), since, until) for number, effect, since, until in rows}


async def _reach(connection: Connection, monitors: Sequence[int], now: datetime) -> datetime:
    """Until when maintenance can last without a break for any of these monitors. What begins later makes no difference
    now, and there is much of it: 40 days of each window, for each monitor.
    """
    rows = await connection.fetch(_COMING, monitors, now)
    found = covering([WindowTime(0, from_at, to_at, Effect.SILENCE) for from_at, to_at in rows], now)
    return found.until or now if found else now


async def _times(connection: Connection, statement: str, *values: Any) -> Mapping[int, list[WindowTime]]:
    rows = await connection.fetch(statement, *values)

    def by_monitor() -> Mapping[int, list[WindowTime]]:
        found: dict[int, list[WindowTime]] = defaultdict(list)
        for monitor, window, from_at, to_at, effect in rows:
            found[monitor].append(WindowTime(window, from_at, to_at, Effect(effect)))
        return found

    return await off_loop(by_monitor)


async def _roll_again(
    connection: Connection, written: Mapping[int, Sequence[WindowTime]], settled: Mapping[int, Settled], now: datetime
) -> None:
    """Write down the hours that ended and of which more or less is maintenance now."""
    late = [
        (number, since, until)
        for number, one in settled.items()
        for since, until in changed_spans(written.get(number, ()), one, now)
    ]
    if late:
        await connection.execute(_ROLL_AGAIN, *map(list, zip(*late, strict=True)), now)


async def _write(connection: Connection, settled: Mapping[int, Settled]) -> None:
    begun = [(number, *time) for number, one in settled.items() for time in one.begun]
    changed = [(number, *time) for number, one in settled.items() for time in one.changed]
    if begun:
        await connection.execute(
            """
            INSERT INTO maintenance_time (monitor_id, window_id, from_at, to_at, effect)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[])
            ON CONFLICT (monitor_id, from_at, window_id) DO UPDATE SET to_at = EXCLUDED.to_at, effect = EXCLUDED.effect
            """,
            *map(list, zip(*begun, strict=True)),
        )
    if changed:
        await connection.execute(
            """
            UPDATE maintenance_time AS time SET to_at = new.to_at, effect = new.effect
            FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[])
              AS new (monitor_id, window_id, from_at, to_at, effect)
            WHERE (time.monitor_id, time.window_id, time.from_at) = (new.monitor_id, new.window_id, new.from_at)
            """,
            *map(list, zip(*changed, strict=True)),
        )
    quiet = [(number, *one.current) for number, one in settled.items() if one.current is not None]
    over = [number for number, one in settled.items() if one.current is None]
    await connection.execute("DELETE FROM monitor_in_maintenance WHERE monitor_id = ANY ($1::bigint[])", over)
    if quiet:
        await connection.execute(
            """
            INSERT INTO monitor_in_maintenance (monitor_id, effect, since, until)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[])
            ON CONFLICT (monitor_id) DO UPDATE SET effect = EXCLUDED.effect, since = EXCLUDED.since,
              until = EXCLUDED.until
            """,
            *map(list, zip(*quiet, strict=True)),
        )
