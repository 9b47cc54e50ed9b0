"""What single checks in blocks (decisions.history.blocks) are made of, and how far to read for a few, as functions of
SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from controller.decisions.history.scale import ms_of
from controller.decisions.sql_function import SqlFunction
from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming

UNFOLDED_PHASES = SqlFunction(
    "unfolded_phases(text[], smallint[], real[])",
    """
    CREATE OR REPLACE FUNCTION unfolded_phases(names text[], codes smallint[], gaps real[]) RETURNS json
    LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      number integer := COALESCE(array_length(names, 1), 0);
      started double precision := 0;
      lasted real;
      made text := '';
    BEGIN
      IF names IS NULL THEN
        RETURN NULL;
      END IF;
      FOR n IN 1 .. number LOOP
        IF array_length(codes, 1) > number THEN
          started := ms_of(codes[number + n]);
        ELSE
          started := GREATEST(0, started + gaps[n]);
        END IF;
        lasted := ms_of(codes[n]);
        made := made || CASE WHEN n > 1 THEN ',' ELSE '' END || '{"phase":' || to_json(names[n])::text
          || ',"startMs":' || started::real::text || ',"durationMs":' || lasted::text || '}';
        started := started + lasted;
      END LOOP;
      RETURN '[' || made || ']';
    END
    $$
    """,
)
"""The phases of a check as the wire has them."""


def unfolded_phases(names: str, codes: Sequence[int], gaps: Sequence[float]) -> list[PhaseTiming]:
    """As UNFOLDED_PHASES, of names with commas between, but rounded to thousandths: for many checks at once, as the
    database takes longer to write JSON than all the rest of a check takes.
    """
    phases = _phases_of(names)
    regular, ended, made = len(codes) == len(phases), 0.0, list[PhaseTiming]()
    for n, phase in enumerate(phases):
        started = max(0.0, ended + gaps[n]) if regular else _rounded_ms(codes[len(phases) + n])
        lasted = _rounded_ms(codes[n])
        made.append(PhaseTiming(phase=phase, start_ms=round(started, 3), duration_ms=lasted))
        ended = started + lasted
    return made


@lru_cache
def _phases_of(names: str) -> list[Phase]:
    return [Phase(name) for name in names.split(",")] if names else []


@lru_cache(maxsize=4096)
def _rounded_ms(code: int) -> float:
    return round(ms_of(code) or 0.0, 3)


IS_FOLDED = SqlFunction(
    "is_folded(bigint, integer, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION is_folded(of_monitor bigint, at_location integer, was_due_at timestamptz)
    RETURNS boolean LANGUAGE plpgsql STABLE COST 1000 AS $$
    BEGIN
      RETURN EXISTS (
        SELECT FROM result_block AS block
        CROSS JOIN LATERAL (
          SELECT round((date_part('epoch', was_due_at - block.first_at) * 1000)::numeric)::bigint AS ms
        ) AS after
        WHERE block.monitor_id = of_monitor AND block.last_at >= was_due_at
          AND block.last_at < was_due_at + interval '1 day' AND block.first_at <= was_due_at
          AND block.location_id = at_location AND after.ms % block.interval_ms = 0
          AND get_bit(block.ticks, (after.ms / block.interval_ms)::integer) = 1
      );
    END
    $$
    """,
)
"""Whether the scheduled check that was due then is in a block."""

NEWEST_SINCE = SqlFunction(
    "newest_since(bigint, timestamptz, timestamptz, integer, check_status, check_purpose, bigint)",
    """
    CREATE OR REPLACE FUNCTION newest_since(
      of_monitor bigint, since timestamptz, until timestamptz, at_location integer, with_status check_status,
      with_purpose check_purpose, wanted bigint
    ) RETURNS timestamptz LANGUAGE plpgsql STABLE COST 1000 AS $$
    DECLARE
      of_rows timestamptz;
      of_blocks timestamptz := until;
      checks bigint := 0;
      block record;
    BEGIN
      SELECT due_at INTO of_rows FROM result
      WHERE monitor_id = of_monitor AND due_at >= since AND due_at < until
        AND (at_location IS NULL OR location_id = at_location) AND (with_status IS NULL OR status = with_status)
        AND (with_purpose IS NULL OR purpose = with_purpose)
      ORDER BY due_at DESC OFFSET wanted - 1 LIMIT 1;
      of_rows := COALESCE(of_rows, since);
      IF with_status <> 'success' OR with_purpose <> 'scheduled' THEN
        RETURN of_rows;
      END IF;
      FOR block IN
        SELECT result_block.first_at, result_block.checks FROM result_block
        WHERE monitor_id = of_monitor AND last_at >= of_rows AND last_at < until
          AND (at_location IS NULL OR location_id = at_location)
        ORDER BY last_at DESC
      LOOP
        of_blocks := LEAST(of_blocks, block.first_at);
        checks := checks + block.checks;
        IF checks >= wanted THEN
          RETURN GREATEST(of_rows, of_blocks);
        END IF;
      END LOOP;
      RETURN of_rows;
    END
    $$
    """,
)
"""A moment from which on, before `until`, there are at least so many checks, or `since` when there are fewer. NULL is
any location, status or purpose.
"""

OLDEST_UNTIL = SqlFunction(
    "oldest_until(bigint, timestamptz, timestamptz, integer, check_status, check_purpose, bigint)",
    """
    CREATE OR REPLACE FUNCTION oldest_until(
      of_monitor bigint, since timestamptz, until timestamptz, at_location integer, with_status check_status,
      with_purpose check_purpose, wanted bigint
    ) RETURNS timestamptz LANGUAGE plpgsql STABLE COST 1000 AS $$
    DECLARE
      of_rows timestamptz;
      checks bigint := 0;
      block record;
    BEGIN
      SELECT due_at + interval '1 millisecond' INTO of_rows FROM result
      WHERE monitor_id = of_monitor AND due_at >= since AND due_at < until
        AND (at_location IS NULL OR location_id = at_location) AND (with_status IS NULL OR status = with_status)
        AND (with_purpose IS NULL OR purpose = with_purpose)
      ORDER BY due_at OFFSET wanted - 1 LIMIT 1;
      of_rows := LEAST(COALESCE(of_rows, until), until);
      IF with_status <> 'success' OR with_purpose <> 'scheduled' THEN
        RETURN of_rows;
      END IF;
      FOR block IN
        SELECT result_block.last_at, result_block.checks FROM result_block
        WHERE monitor_id = of_monitor AND last_at >= since AND first_at >= since AND last_at < of_rows
          AND (at_location IS NULL OR location_id = at_location)
        ORDER BY last_at
      LOOP
        checks := checks + block.checks;
        IF checks >= wanted THEN
          RETURN block.last_at + interval '1 millisecond';
        END IF;
      END LOOP;
      RETURN of_rows;
    END
    $$
    """,
)
"""A moment before which, from `since` on, there are at least so many checks, or `until` when there are fewer."""
