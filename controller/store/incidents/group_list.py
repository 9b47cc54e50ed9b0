"""Groups of incidents in a list: the newest first, limited by what a reader looks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection

OPEN, RESOLVED = "open", "resolved"
STATES = (OPEN, RESOLVED)


class GroupScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which groups: None is any. Of `customer_ids` are the incidents that count, and there must be `at_least` so many.
    `since` limits them to those that were open at that moment or later.
    """

    organization_id: int | None
    customer_ids: list[int] | None
    at_least: int = 1
    state: str | None = None
    since: datetime | None = None


class PlaceInList(NamedTuple):
    """The place of a group in the order of the pages."""

    opened_at: datetime
    id: int


class ListedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group with how many of its incidents nobody has, somebody has, and are over. Where only those of some customers
    count, `cause` is that of the first one.
    """

    id: int
    public_id: UUID
    kind: str
    cause: str
    opened_at: datetime
    closed_at: datetime | None
    unacknowledged: int
    acknowledged: int
    resolved: int

    @property
    def total(self) -> int:
        return self.unacknowledged + self.acknowledged + self.resolved

    @property
    def place(self) -> PlaceInList:
        return PlaceInList(self.opened_at, self.id)


# The first parameters are the fields of GroupScope in order; $6 and $7 are the place before, $8 the limit.
_PAGE = """
SELECT own.id, own.public_id, own.kind, CASE WHEN $2::bigint[] IS NULL THEN own.cause ELSE (
    SELECT COALESCE(NULLIF(cause, ''), reason) FROM incident WHERE group_id = own.id AND customer_id = ANY ($2)
    ORDER BY cause = '', started_at, id LIMIT 1
  ) END AS cause, own.opened_at, own.closed_at, counted.unacknowledged, counted.acknowledged,
  counted.total - counted.unacknowledged - counted.acknowledged AS resolved
FROM incident_group AS own CROSS JOIN LATERAL (
  SELECT count(*) AS total,
    count(*) FILTER (
      WHERE resolved_at IS NULL AND NOT is_acknowledged(acknowledged_at, acknowledged_until, now())
    ) AS unacknowledged,
    count(*) FILTER (
      WHERE resolved_at IS NULL AND is_acknowledged(acknowledged_at, acknowledged_until, now())
    ) AS acknowledged
  FROM incident WHERE group_id = own.id AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
) AS counted
WHERE ($1::bigint IS NULL OR own.organization_id = $1) AND own.merged_into IS NULL
  AND counted.total >= GREATEST(1, $3::int)
  AND ($4::text IS NULL OR ($4 = 'open') = (counted.unacknowledged + counted.acknowledged > 0))
  AND ($4 IS DISTINCT FROM 'open' OR own.closed_at IS NULL)
  AND ($5::timestamptz IS NULL OR own.closed_at IS NULL OR own.closed_at >= $5)
  AND ($6::timestamptz IS NULL OR (own.opened_at, own.id) < ($6, $7::bigint))
ORDER BY own.opened_at DESC, own.id DESC LIMIT $8
"""


async def page_of(
    connection: Connection, scope: GroupScope, *, after: PlaceInList | None, limit: int
) -> Sequence[ListedGroup]:
    """The groups after a place in the order; the first ones without a place."""
    place = (None, None) if after is None else after
    rows = await connection.fetch(_PAGE, *msgspec.structs.astuple(scope), *place, limit)
    return [ListedGroup(**row) for row in rows]
