"""Who wants no more digests of a channel, and the tokens of the links in digests by which people say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.link_tokens import digest, is_link_token
from controller.store.platform.pool import Connection, Database
from shared.secret import Secret

VALID = timedelta(days=60)
_KNOWN_FOR = timedelta(days=30)
"""For so long an expired token is told apart from one that never was."""


class UnsubscribeToken(NamedTuple):
    """What a token is bound to: the channel, with its organization, and who received its digest."""

    channel_id: int
    receiver: str
    expires_at: datetime
    channel_public_id: UUID
    channel_name: str
    organization_id: int


class Unsubscribed(NamedTuple):
    """An address that gets no digests of a channel, and since when."""

    receiver: str
    at: datetime


async def insert(connection: Connection, token: Secret, *, channel_id: int, receiver: str, now: datetime) -> None:
    """Store a token, valid from now on."""
    await connection.execute(
        "INSERT INTO unsubscribe_token (digest, channel_id, receiver, expires_at) VALUES ($1, $2, $3, $4)",
        digest(token.reveal()),
        channel_id,
        receiver,
        now + VALID,
    )


async def by_token(connection: Connection, token: str) -> UnsubscribeToken | None:
    """None for a token that never was, that expired long ago, or whose channel is gone."""
    if not is_link_token(token):
        return None
    row = await connection.fetchrow(
        """
        SELECT token.channel_id, token.receiver, token.expires_at, channel.public_id, channel.name,
          channel.organization_id
        FROM unsubscribe_token AS token JOIN notification_channel AS channel ON channel.id = token.channel_id
        WHERE token.digest = $1
        """,
        digest(token),
    )
    return UnsubscribeToken(*row) if row else None


async def unsubscribe(connection: Connection, channel_id: int, receiver: str, now: datetime) -> bool:
    """Whether it was subscribed until now."""
    done = await connection.fetchval(
        "INSERT INTO digest_unsubscription (channel_id, receiver, at) VALUES ($1, lower($2), $3)"
        " ON CONFLICT DO NOTHING RETURNING true",
        channel_id,
        receiver,
        now,
    )
    return done is not None


async def subscribe_again(connection: Connection, channel_id: int, receiver: str) -> bool:
    """Whether it was unsubscribed until now."""
    done = await connection.fetchval(
        "DELETE FROM digest_unsubscription WHERE channel_id = $1 AND receiver = lower($2) RETURNING true",
        channel_id,
        receiver,
    )
    return done is not None


async def unsubscribed_of(connection: Connection, channel_id: int) -> list[Unsubscribed]:
    """Everybody who gets no digests of the channel, by address."""
    rows = await connection.fetch(
        "SELECT receiver, at FROM digest_unsubscription WHERE channel_id = $1 ORDER BY receiver", channel_id
    )
    return [Unsubscribed(*row) for row in rows]


async def still_subscribed(connection: Connection, channel_id: int, receivers: Sequence[str]) -> list[str]:
    """Those of the addresses that get digests of the channel, in their order."""
    rows = await connection.fetch(
        """
        SELECT receiver FROM unnest($2::text[]) WITH ORDINALITY AS given (receiver, number)
        WHERE NOT EXISTS (
          SELECT FROM digest_unsubscription AS one WHERE one.channel_id = $1 AND one.receiver = lower(given.receiver)
        )
        ORDER BY number
        """,
        channel_id,
        list(receivers),
    )
    return [row["receiver"] for row in rows]


async def forget_expired(db: Database) -> None:
    """Delete tokens that expired long ago. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute("DELETE FROM unsubscribe_token WHERE expires_at < now() - $1::interval", _KNOWN_FOR)
