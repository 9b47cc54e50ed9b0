"""Put the passing checks of some monitors into blocks: read their rows, insert the blocks, delete the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from asyncpg import BitString

from controller.decisions.history.blocks import Block, PassedCheck, blocks_of, is_foldable
from controller.decisions.history.shapes import Shape
from controller.off_loop import off_loop
from controller.store.blocks import fold_locks
from controller.store.platform.pool import Connection
from shared.epoch import to_datetime, to_ms

# A result that was stored lately may not be published yet, so it stays a row. Evaluations read rows. Of a row that
# stays, only its warnings are read, with which those of the next are compared.
_ROWS = """
SELECT result.monitor_id, result.location_id, result.due_at,
  CASE WHEN passed THEN started_at END AS started_at, CASE WHEN passed THEN stored_at END AS stored_at, duration_ms,
  loop_lag_ms, kernel_rtt_ms, CASE WHEN passed THEN phases::text END AS phases,
  CASE WHEN passed THEN agent END AS agent,
  CASE WHEN passed THEN address END AS address, warnings::text, CASE WHEN passed THEN facts::text END AS facts,
  CASE WHEN passed THEN detail::text END AS detail, login_withheld, passed, result.ctid
FROM unnest($1::bigint[]) AS own (id)
CROSS JOIN LATERAL (
  SELECT *, ctid FROM result
  WHERE result.monitor_id = own.id AND due_at >= $2 AND due_at < $3 AND purpose = 'scheduled' OFFSET 0
) AS result
CROSS JOIN LATERAL (
  SELECT status = 'success' AND (transcript IS NULL OR warnings IS NOT NULL)
    AND stored_at < now() - interval '15 minutes' AS passed OFFSET 0
) AS foldable
WHERE NOT EXISTS (SELECT FROM evaluation WHERE monitor_id = own.id AND evaluation.due_at < $3)
ORDER BY result.monitor_id, result.location_id, result.due_at
"""

# The warnings of the last check before, which is in a row or in a block.
_BEFORE = """
SELECT own.monitor_id, own.location_id, COALESCE(found.warnings::text, '')
FROM unnest($1::bigint[], $2::int[]) AS own (monitor_id, location_id)
CROSS JOIN LATERAL (
  SELECT newest_since(
    own.monitor_id, $3::timestamptz - interval '1 day', $3, own.location_id, NULL, 'scheduled', 1
  ) AS at OFFSET 0
) AS begun
CROSS JOIN LATERAL (
  SELECT warnings FROM results_of(own.monitor_id, begun.at, $3) AS result
  WHERE location_id = own.location_id AND purpose = 'scheduled' ORDER BY due_at DESC LIMIT 1
) AS found
"""

_INSERT_SHAPES = """
INSERT INTO result_shape AS old (
  monitor_id, hash, agent, address, phases, warnings, facts, detail, login_withheld, fact_parts, used_until
)
SELECT monitor_id, hash, agent, address, ARRAY(SELECT json_array_elements_text(phases::json)), warnings::json,
  facts::json, detail::json, login_withheld,
  CASE WHEN fact_parts <> 'null' THEN ARRAY(SELECT json_array_elements_text(fact_parts::json)) END, $11
FROM unnest(
  $1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[],
  $10::text[]
) AS given (monitor_id, hash, agent, address, phases, warnings, facts, detail, login_withheld, fact_parts)
ORDER BY monitor_id, hash
ON CONFLICT (monitor_id, hash) DO UPDATE SET used_until = EXCLUDED.used_until
WHERE old.used_until < EXCLUDED.used_until
"""
_SHAPES = """
SELECT monitor_id, hash, id FROM result_shape JOIN unnest($1::bigint[], $2::bytea[]) AS given (monitor_id, hash)
USING (monitor_id, hash)
"""

_INSERT_BLOCK = """
INSERT INTO result_block (monitor_id, first_at, last_at, location_id, interval_ms, stride, checks, indexed, delayed,
  ticks, shapes, gaps, codes, varied, varying)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""

# A row that came to the place of one that was removed since is a new one.
_DELETE = """
WITH removed AS (
  DELETE FROM result WHERE due_at >= $1 AND due_at < $2 AND ctid = ANY ($3::tid[])
    AND stored_at < now() - interval '15 minutes' RETURNING 1
)
SELECT count(*) FROM removed
"""


class FoldError(Exception):
    """The rows that were read are not those that were deleted, so nothing was done."""


class FoldLockedError(Exception):
    """Late results are being stored for long, so nothing was done."""


class _StoredPhase(msgspec.Struct, rename="camel", gc=False):
    phase: str
    start_ms: float
    duration_ms: float


_TIMINGS = msgspec.json.Decoder(list[_StoredPhase])


class _LocatedBlock(NamedTuple):
    monitor_id: int
    location_id: int
    block: Block


async def fold(connection: Connection, monitor_ids: Sequence[int], since: datetime, until: datetime) -> int:
    """Put what can be folded of a time within one day into blocks; return how many checks. The caller has begun the
    transaction with fold_locks.begin. Raises FoldError, FoldLockedError.

    Late results that come meanwhile stay rows. They wait only while blocks take the place of rows.
    """
    rows = await connection.fetch(_ROWS, list(monitor_ids), since, until)
    if not rows:
        return 0
    series = {(row["monitor_id"], row["location_id"]) for row in rows}
    before = await connection.fetch(_BEFORE, *map(list, zip(*series, strict=True)), since)
    made = await off_loop(_blocks, rows, {(row[0], row[1]): row[2] or None for row in before})
    if not made:
        return 0
    if not await fold_locks.keep_late_results_out(connection):
        raise FoldLockedError
    await _insert(connection, made, until)
    places = [place for one in made for place in one.block.places]
    deleted = await connection.fetchval(_DELETE, since, until, [rows[place]["ctid"] for place in places])
    if deleted != len(places):
        raise FoldError(f"{len(places)} checks were read, but {deleted} rows were deleted")
    return len(places)


def _blocks(rows: Sequence[Any], before: dict[tuple[int, int], str | None]) -> list[_LocatedBlock]:
    made: list[_LocatedBlock] = []
    shapes: dict[Shape, Shape] = {}
    for key, own in groupby(enumerate(rows), key=lambda one: itemgetter(0, 1)(one[1])):
        checks = _passed(own, before.get(key), shapes)
        made += [_LocatedBlock(key[0], key[1], block) for block in blocks_of(checks)]
    return made


def _passed(rows: Iterable[tuple[int, Any]], warnings: str | None, shapes: dict[Shape, Shape]) -> list[PassedCheck]:
    """Those that passed with the same warnings as the check before."""
    found: list[PassedCheck] = []
    for place, row in rows:
        (_, _, due_at, started_at, stored_at, duration_ms, loop_lag_ms, kernel_rtt_ms, phases) = row[:9]
        before, warnings = warnings, row["warnings"]
        if not row["passed"] or warnings != before:
            continue
        timings = _TIMINGS.decode(phases)
        shape = Shape(row[9], row[10], tuple(one.phase for one in timings), *row[11:15])
        check = PassedCheck(
            place=place,
            due_ms=to_ms(due_at),
            started_ms=to_ms(started_at),
            stored_ms=to_ms(stored_at),
            duration_ms=duration_ms,
            loop_lag_ms=loop_lag_ms,
            kernel_rtt_ms=kernel_rtt_ms,
            phases=[(one.start_ms, one.duration_ms) for one in timings],
            shape=shapes.setdefault(shape, shape),
        )
        if is_foldable(check):
            found.append(check)
    return found


async def _insert(connection: Connection, made: Sequence[_LocatedBlock], until: datetime) -> None:
    hashes = {(one.monitor_id, shape): _hash(shape) for one in made for shape in one.block.shapes}
    owners, columns = [owner for owner, _ in hashes], zip(*(shape for _, shape in hashes), strict=True)
    agents, addresses, phases, warnings, facts, details, withheld, parts = map(list, columns)
    names, around = ([msgspec.json.encode(one).decode() for one in column] for column in (phases, parts))
    values = (owners, list(hashes.values()), agents, addresses, names, warnings, facts, details, withheld, around)
    await connection.execute(_INSERT_SHAPES, *values, until)
    found = await connection.fetch(_SHAPES, owners, list(hashes.values()))
    ids: dict[tuple[int, bytes], int] = {(row["monitor_id"], row["hash"]): row["id"] for row in found}
    await connection.executemany(
        _INSERT_BLOCK,
        [
            (
                monitor_id,
                to_datetime(block.first_ms),
                to_datetime(block.last_ms),
                location_id,
                block.interval_ms,
                block.stride,
                len(block.places),
                block.indexed,
                block.delayed,
                _bits(block.ticks),
                [ids[monitor_id, hashes[monitor_id, shape]] for shape in block.shapes],
                block.gaps,
                block.codes,
                len(block.varying.numbers),
                block.varying.text,
            )
            for monitor_id, location_id, block in made
        ],
    )


def _bits(ticks: str) -> BitString:
    return BitString.from_int(int(ticks, 2), length=len(ticks), bitorder="big", signed=False)


def _hash(shape: Shape) -> bytes:
    return sha256(msgspec.json.encode(shape)).digest()[:16]
