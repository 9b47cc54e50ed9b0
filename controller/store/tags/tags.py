"""Tags: the rows that give labels without a value a number and a color."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from controller.model.tags import Tag, TagColor
from controller.store.platform.pool import Connection

_ADOPT = """
INSERT INTO tag (organization_id, name, kept)
SELECT $1, name, false FROM (
  SELECT label.key AS name FROM monitor CROSS JOIN LATERAL jsonb_each_text(labels) AS label
  WHERE organization_id = $1 AND deleted_at IS NULL AND label.value = ''
  UNION
  SELECT label_key FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
  WHERE organization_id = $1 AND label_key IS NOT NULL AND COALESCE(label_value, '') = ''
) AS used
WHERE NOT EXISTS (SELECT FROM tag WHERE tag.organization_id = $1 AND tag.name = used.name)
ON CONFLICT (organization_id, name) DO NOTHING
"""

_LIST = """
SELECT id, public_id, organization_id, name, color, made_by, created_at, updated_at FROM tag
WHERE organization_id = $1 AND ($2::bigint IS NULL OR made_by = $2) AND (
  kept
  OR EXISTS (
    SELECT FROM monitor
    WHERE monitor.organization_id = $1 AND deleted_at IS NULL AND labels ->> tag.name = ''
      AND ($3::bigint[] IS NULL OR monitor.customer_id = ANY ($3))
  )
  OR EXISTS (
    SELECT FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
    WHERE maintenance_window.organization_id = $1 AND label_key = tag.name AND COALESCE(label_value, '') = ''
      AND ($3::bigint[] IS NULL OR maintenance_window.customer_id = ANY ($3))
  )
)
ORDER BY id
"""


async def tags_of(
    connection: Connection,
    organization_id: int,
    *,
    made_by: int | None = None,
    customer_ids: Collection[int] | None = None,
) -> list[Tag]:
    """The tags that somebody made, and those that the monitors and windows of these customers (None: of all) have,
    oldest first. With `made_by` only those of this account. A label without a value that has no number yet gets one.
    """
    await connection.execute(_ADOPT, organization_id)
    limits = None if customer_ids is None else sorted(customer_ids)
    return [_tag(row) for row in await connection.fetch(_LIST, organization_id, made_by, limits)]


async def tags_named(connection: Connection, organization_id: int, names: Collection[str]) -> list[Tag]:
    """The tags with these names, which get numbers where they have none."""
    if not names:
        return []
    await connection.execute(
        """
        INSERT INTO tag (organization_id, name, kept)
        SELECT $1, name, false FROM unnest($2::text[]) AS name
        WHERE NOT EXISTS (SELECT FROM tag WHERE tag.organization_id = $1 AND tag.name = name)
        ON CONFLICT (organization_id, name) DO NOTHING
        """,
        organization_id,
        sorted(names),
    )
    rows = await connection.fetch(
        """
        SELECT id, public_id, organization_id, name, color, made_by, created_at, updated_at FROM tag
        WHERE organization_id = $1 AND name = ANY ($2::text[]) ORDER BY id
        """,
        organization_id,
        sorted(names),
    )
    return [_tag(row) for row in rows]


async def insert(
    connection: Connection, organization_id: int, name: str, color: TagColor, made_by: int | None
) -> Tag | None:
    """None when somebody has made a tag of this name. One that nobody made keeps its number."""
    row = await connection.fetchrow(
        """
        INSERT INTO tag (organization_id, name, color, kept, made_by) VALUES ($1, $2, $3, true, $4)
        ON CONFLICT (organization_id, name)
        DO UPDATE SET color = EXCLUDED.color, kept = true, made_by = EXCLUDED.made_by, updated_at = clock_timestamp()
        WHERE NOT tag.kept
        RETURNING id, public_id, organization_id, name, color, made_by, created_at, updated_at
        """,
        organization_id,
        name,
        color,
        made_by,
    )
    return _tag(row) if row else None


async def tagged_since(connection: Connection, monitor_id: int, tag_id: int, *, anew: bool) -> datetime:
    """Since when the monitor has the tag; from now on if it has it `anew`, or nobody has written it yet."""
    at: datetime = await connection.fetchval(
        """
        INSERT INTO tagged_monitor (monitor_id, tag_id) VALUES ($1, $2)
        ON CONFLICT (monitor_id, tag_id) DO UPDATE
        SET created_at = CASE WHEN $3 THEN EXCLUDED.created_at ELSE tagged_monitor.created_at END
        RETURNING created_at
        """,
        monitor_id,
        tag_id,
        anew,
    )
    return at


def _tag(row: Any) -> Tag:
    return msgspec.convert(dict(row), Tag)
