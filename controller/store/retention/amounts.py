"""How much would be removed if less were kept, counted by roll-ups: those of days hold how many results there were.

A check that passed is removed with its block. Of days before the first block of all, rows hold these, too.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Connection


class Removed(NamedTuple):
    """Numbers of results and of roll-ups (one for each monitor, location and hour or day)."""

    results: int
    rollups: int


class Cut(NamedTuple):
    """What is removed of a time: from its beginning to a later one. It is empty if that is not later."""

    since: datetime
    until: datetime


_COUNT = """
WITH begun AS (
  SELECT COALESCE(date_trunc('day', min(last_at), 'UTC'), 'infinity') AS at FROM result_block
)
SELECT
  (SELECT COALESCE(sum(
     CASE WHEN bucket_at >= $2 AND bucket_at < $3 THEN failed + blind ELSE 0 END
     + CASE WHEN bucket_at < begun.at THEN CASE WHEN bucket_at >= $2 AND bucket_at < $3 THEN passed ELSE 0 END
       WHEN bucket_at >= $6 AND bucket_at < $7 THEN passed ELSE 0 END
   ), 0)::bigint FROM rollup, begun
   WHERE bucket_seconds = 86400 AND bucket_at >= LEAST($2, $6) AND bucket_at < GREATEST($3, $7)
     AND ($1::bigint IS NULL OR monitor_id IN (SELECT id FROM monitor WHERE organization_id = $1))),
  (SELECT count(*) FROM rollup
   WHERE bucket_at >= $4 AND bucket_at < $5
     AND ($1::bigint IS NULL OR monitor_id IN (SELECT id FROM monitor WHERE organization_id = $1)))
"""


async def removed_by(
    connection: Connection, organization_id: int | None, results: Cut, rollups: Cut, blocks: Cut
) -> Removed:
    """Of this organization, or of all (None). Days whose roll-ups are not made yet are not counted."""
    row = await connection.fetchrow(_COUNT, organization_id, *results, *rollups, *blocks)
    assert row is not None  # noqa: S101 - a row without FROM
    return Removed(*row)
