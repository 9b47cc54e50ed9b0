"""The tokens of links in messages, each of which acknowledges what its message is about. Only their SHA-256 is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from controller.store.platform.link_tokens import digest, is_link_token
from controller.store.platform.pool import Connection, Database
from shared.secret import Secret

VALID = timedelta(hours=72)
_KNOWN_FOR = timedelta(days=7)
"""For so long an expired token is told apart from one that never was."""


class AckToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is bound to: the message, who received it (an address, or the name of a channel), and what it is
    about, in groups of incidents or alone.
    """

    delivery_id: int
    incident_id: int
    group_id: int | None
    organization_id: int
    receiver: str
    receiver_key: str
    expires_at: datetime


async def insert(connection: Connection, token: Secret, *, incident_id: int, delivery_id: int, now: datetime) -> None:
    """Store a token, valid from now on."""
    await connection.execute(
        "INSERT INTO ack_token (digest, incident_id, delivery_id, expires_at) VALUES ($1, $2, $3, $4)",
        digest(token.reveal()),
        incident_id,
        delivery_id,
        now + VALID,
    )


async def by_token(connection: Connection, token: str) -> AckToken | None:
    """None for a token that never was, or that expired long ago."""
    if not is_link_token(token):
        return None
    row = await connection.fetchrow(
        """
        SELECT ack_token.delivery_id, ack_token.incident_id, ack_token.expires_at,
          COALESCE(delivery.group_id, incident.group_id) AS group_id, delivery.organization_id, delivery.receiver,
          receiver_key(delivery.type, delivery.receiver, delivery.channel_id) AS receiver_key
        FROM ack_token JOIN delivery ON delivery.id = ack_token.delivery_id
        JOIN incident ON incident.id = ack_token.incident_id
        WHERE digest = $1
        """,
        digest(token),
    )
    return None if row is None else AckToken(**row)


_OPEN = """
WITH RECURSIVE groups (id) AS (
  SELECT $2::bigint WHERE $2::bigint IS NOT NULL
  UNION SELECT merged_into FROM incident_group JOIN groups USING (id) WHERE merged_into IS NOT NULL
)
SELECT incident.id FROM incident
WHERE incident.resolved_at IS NULL AND (
  incident.id = $1 OR incident.group_id IN (SELECT id FROM groups) AND EXISTS (
    SELECT FROM delivery
    WHERE delivery.incident_id = incident.id AND delivery.state IN ('sent', 'waiting')
      AND receiver_key(delivery.type, delivery.receiver, delivery.channel_id) = $3
  ) OR incident.group_id IN (SELECT id FROM groups) AND EXISTS (
    SELECT FROM grouped_change
    WHERE grouped_change.incident_id = incident.id AND grouped_change.receiver_key = $3
      AND kind IN ('opened', 'escalated') AND delivery_id IS NOT NULL
  )
)
ORDER BY incident.outage_started_at, incident.id
"""


async def open_incidents(connection: Connection, token: AckToken) -> list[int]:
    """The numbers of the open incidents that it covers, the longest first: the one of the message, and those of its
    group that the receiver was notified of.
    """
    rows = await connection.fetch(_OPEN, token.incident_id, token.group_id, token.receiver_key)
    return [row["id"] for row in rows]


async def forget_expired(db: Database) -> None:
    """Delete tokens that expired long ago. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute("DELETE FROM ack_token WHERE expires_at < now() - $1::interval", _KNOWN_FOR)
