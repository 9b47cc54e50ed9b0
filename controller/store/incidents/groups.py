"""Groups of incidents that have one cause.

Whoever puts an incident into a group, or tells people about one, holds the organization's row (`lock`), so that the
decisions of several controllers come one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from controller.decisions.notification.grouping import (
    STORM_LASTS,
    STORM_SPAN,
    Cause,
    GroupingSettings,
    GroupKind,
    OpenGroup,
)
from controller.store.platform.pool import Connection


async def lock(connection: Connection, organization_ids: Collection[int]) -> None:
    """Have no other controller decide about groups of these organizations until the transaction ends. Call it before
    changing incidents that people are notified of: those who hold the lock change incidents too.
    """
    await connection.execute(
        "SELECT FROM organization WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", sorted(organization_ids)
    )


# An incident is grouped long before the checks of its round are put into a block.
_ADDRESSES = """
SELECT DISTINCT address FROM (
  SELECT address FROM result WHERE monitor_id = $1 AND due_at = $2
  UNION ALL SELECT address FROM last_good WHERE monitor_id = $1
) AS reached WHERE address IS NOT NULL
"""


async def addresses(connection: Connection, monitor_id: int, due_at: datetime) -> list[str]:
    """The addresses that checks of the monitor reached: those due at that moment, and the latest that passed."""
    return [row["address"] for row in await connection.fetch(_ADDRESSES, monitor_id, due_at)]


_CANDIDATES = """
SELECT id, kind, weak_key, opened_at,
  ARRAY(SELECT key FROM incident_group_key WHERE group_id = one.id AND key = ANY ($2::text[])) AS keys,
  CASE WHEN kind = 'storm' THEN (
    SELECT count(*) FROM (
      SELECT FROM incident WHERE group_id = one.id AND started_at > $4::timestamptz - $5::interval LIMIT $6
    ) AS latest
  ) ELSE 0 END AS joined
FROM incident_group AS one
WHERE organization_id = $1 AND closed_at IS NULL AND weak_key IS NOT NULL AND (
  kind = 'storm' OR opened_at >= $4::timestamptz - $3::interval
  OR id IN (SELECT group_id FROM incident_group_key WHERE key = ANY ($2::text[]))
)
"""


async def candidates(
    connection: Connection, organization_id: int, cause: Cause, settings: GroupingSettings, now: datetime
) -> list[OpenGroup]:
    """The open groups that an incident of this cause may join or make a storm of, with the keys that they share, and
    counted no further than up to the limit of storms.
    """
    soon = max(timedelta(seconds=settings.group_seconds), STORM_SPAN)
    rows = await connection.fetch(
        _CANDIDATES, organization_id, cause.all_keys, soon, now, STORM_LASTS, settings.storm_limit
    )
    return [
        OpenGroup(row["id"], GroupKind(row["kind"]), row["keys"], row["weak_key"], row["opened_at"], row["joined"])
        for row in rows
    ]


async def insert(
    connection: Connection, organization_id: int, kind: GroupKind, cause: Cause, now: datetime, *, joinable: bool
) -> int:
    """A new group. One that is not `joinable` stays that of a single incident."""
    number: int = await connection.fetchval(
        "INSERT INTO incident_group (organization_id, kind, cause, weak_key, opened_at)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        organization_id,
        kind.value,
        cause.words,
        cause.weak_key if joinable else None,
        now,
    )
    return number


_PUT = """
WITH joined AS (UPDATE incident SET group_id = $2, cause = $3 WHERE id = $1)
INSERT INTO incident_group_key (group_id, key)
SELECT id, key FROM incident_group CROSS JOIN unnest($4::text[]) AS key WHERE id = $2 AND weak_key IS NOT NULL
ON CONFLICT DO NOTHING
"""


async def put(connection: Connection, incident_id: int, group_id: int, cause: Cause) -> None:
    """Put an incident into a group, which others with the same keys then join too."""
    await connection.execute(_PUT, incident_id, group_id, cause.words, cause.all_keys)


_TAKE = (
    "UPDATE incident SET group_id = $1 WHERE group_id = ANY ($2::bigint[])",
    "UPDATE grouped_change SET group_id = $1 WHERE group_id = ANY ($2::bigint[])",
    """
    INSERT INTO group_receiver (group_id, receiver_key, channel_id, channel_name, type, receiver, thread_incident_id,
      incidents, open_incidents, messages, notified_at, due_at)
    SELECT $1, receiver_key, (array_agg(channel_id ORDER BY group_id))[1],
      (array_agg(channel_name ORDER BY group_id))[1], min(type), (array_agg(receiver ORDER BY group_id))[1],
      (array_agg(thread_incident_id ORDER BY group_id))[1],
      sum(incidents), sum(open_incidents), LEAST(sum(messages), 1), max(notified_at), min(due_at)
    FROM group_receiver WHERE group_id = ANY ($2::bigint[]) GROUP BY receiver_key
    """,
    "DELETE FROM group_receiver WHERE group_id = ANY ($2::bigint[]) AND group_id <> $1",
    """
    WITH taken AS (DELETE FROM incident_group_key WHERE group_id = ANY ($2::bigint[]) RETURNING key)
    INSERT INTO incident_group_key (group_id, key) SELECT DISTINCT $1::bigint, key FROM taken ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO escalation_done (group_id, policy_id, step, at, notified)
    SELECT $1, policy_id, step, max(at), COALESCE(json_agg(DISTINCT name) FILTER (WHERE name IS NOT NULL), '[]')
    FROM escalation_done LEFT JOIN LATERAL json_array_elements_text(notified) AS name ON true
    WHERE group_id = ANY ($2::bigint[]) GROUP BY policy_id, step ON CONFLICT DO NOTHING
    """,
    "UPDATE incident_group SET merged_into = $1, closed_at = now() WHERE id = ANY ($2::bigint[])",
)


async def take_over(connection: Connection, storm_id: int, group_ids: Sequence[int]) -> None:
    """Make the incidents of these groups those of a storm, with all that their receivers were told and will be. The
    first message about it follows the latest one as those about what joins a group do, and an escalation step that was
    told of one of them is not told of the storm.
    """
    for statement in _TAKE:
        await connection.execute(statement, storm_id, group_ids)


_CLOSE = """
WITH closed AS (
  UPDATE incident_group SET closed_at = now() WHERE id = $1 AND closed_at IS NULL
    AND NOT EXISTS (SELECT FROM incident WHERE group_id = $1 AND resolved_at IS NULL) RETURNING id
)
DELETE FROM incident_group_key USING closed WHERE group_id = closed.id
"""


async def close(connection: Connection, group_id: int) -> None:
    """Close the group if all its incidents have ended: what fails from now on has another cause."""
    await connection.execute(_CLOSE, group_id)


class HoldingIncident(NamedTuple):
    """The open incident of a monitor on which another one depends."""

    incident_id: int
    group_id: int | None


_HOLDING = """
SELECT one.id, one.group_id FROM monitor_dependency AS dependency CROSS JOIN LATERAL (
  SELECT id, group_id, held_by IS NOT NULL AND released_at IS NULL AS held FROM incident
  WHERE monitor_id = dependency.parent_id AND resolved_at IS NULL AND severity = 'down' LIMIT 1
) AS one
WHERE dependency.monitor_id = $1 AND (
  held
  OR EXISTS (SELECT FROM delivery WHERE incident_id = one.id AND state NOT IN ('failed', 'skipped'))
  OR EXISTS (
    SELECT FROM grouped_change LEFT JOIN delivery ON delivery.id = delivery_id
    WHERE grouped_change.incident_id = one.id AND kind IN ('opened', 'escalated') AND dropped IS NULL
      AND (delivery_id IS NULL OR state NOT IN ('failed', 'skipped'))
  )
)
ORDER BY one.id LIMIT 1
"""
"""LATERAL: each monitor's open incident is looked up, however many others there are."""


async def holding(connection: Connection, monitor_id: int) -> HoldingIncident | None:
    """The longest open incident of those monitors on which this one depends that are down, if people were notified of
    it or will be, or it is held itself: nobody would hear of anything otherwise.
    """
    row = await connection.fetchrow(_HOLDING, monitor_id)
    return HoldingIncident(*row) if row else None


async def hold(connection: Connection, incident_id: int, by: HoldingIncident) -> None:
    await connection.execute(
        "UPDATE incident SET held_by = $2, group_id = $3, released_at = NULL WHERE id = $1",
        incident_id,
        by.incident_id,
        by.group_id,
    )


async def held_by(connection: Connection, incident_id: int) -> UUID | None:
    """The incident because of which nobody is notified of this one, or was until its end; None when it is not held."""
    found: UUID | None = await connection.fetchval(
        "SELECT parent.public_id FROM incident JOIN incident AS parent ON parent.id = incident.held_by"
        " WHERE incident.id = $1 AND incident.released_at IS NULL",
        incident_id,
    )
    return found


class HeldIncident(NamedTuple):
    """An open incident that nobody was notified of, because a monitor that it depends on was down until `over_at`."""

    incident_id: int
    monitor_id: int
    change_id: int
    over_at: datetime
    now: datetime
    organization_id: int


_HELD = """
SELECT incident.id, incident.monitor_id, change.id, parent.resolved_at, now(), incident.organization_id
FROM incident JOIN incident AS parent ON parent.id = incident.held_by AND parent.resolved_at IS NOT NULL
CROSS JOIN LATERAL (
  SELECT id FROM incident_change WHERE incident_id = incident.id AND kind IN ('opened', 'escalated')
  ORDER BY id DESC LIMIT 1
) AS change
WHERE incident.held_by IS NOT NULL AND incident.resolved_at IS NULL AND incident.released_at IS NULL
  AND incident.id > $1 AND ($2::bigint IS NULL OR incident.id = $2)
ORDER BY incident.id LIMIT $3
"""


async def held_too_long(
    connection: Connection, at_most: int, *, after: int = 0, only: int | None = None
) -> list[HeldIncident]:
    """Held incidents whose reason is over, by number: those beyond `after`, or the one with the number `only`."""
    return [HeldIncident(*row) for row in await connection.fetch(_HELD, after, only, at_most)]


async def release(connection: Connection, incident_id: int) -> None:
    """Hold the incident no longer. The group that it leaves is closed if nothing else is open in it."""
    left: int | None = await connection.fetchval(
        "WITH held AS (SELECT id, group_id FROM incident WHERE id = $1)"
        " UPDATE incident SET released_at = now(), group_id = NULL FROM held WHERE incident.id = held.id"
        " RETURNING held.group_id",
        incident_id,
    )
    if left is not None:
        await close(connection, left)
