"""Leaving the digests of a channel by the link in one of them, and coming back. Who knows the token of a link may leave
in the name of the digest's receiver, and nothing else: the token is the permission.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.errors import GoneError, NotFoundError
from controller.model import Principal
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import record_about
from controller.operations.channels.channels import channel_for
from controller.store.digests import unsubscribing
from controller.store.digests.unsubscribing import Unsubscribed, UnsubscribeToken
from controller.store.platform.pool import Connection, Database, OneTransaction

_FIELD = "noDigestsTo"
_UNKNOWN = "This link is not known, or its channel is gone. Take the one of a newer digest, or ask your administrator."
_EXPIRED = "This link was valid for 60 days. Take the one of a newer digest."


class DigestSubscription(NamedTuple):
    """What a link ends: the digests of a channel to a receiver, who is `subscribed` to them or was."""

    receiver: str
    channel: str
    subscribed: bool


async def read_subscription(database: Database, token: str, now: datetime) -> DigestSubscription:
    """Raises NotFoundError for an unknown token, GoneError for one that expired."""
    async with database.connection() as connection:
        return await _subscription(connection, await _known(connection, token, now))


async def unsubscribe(database: Database, token: str, now: datetime, *, address: str) -> DigestSubscription:
    """Send the receiver of the digest no more of them; nothing happens where that is so already. `address` is the
    client's, for the audit log. Raises NotFoundError, GoneError.
    """
    async with database.transaction() as connection:
        known = await _known(connection, token, now)
        before = await _addresses(connection, known.channel_id)
        if await unsubscribing.unsubscribe(connection, known.channel_id, known.receiver, now):
            actor = Actor(kind=ActorKind.MESSAGE, name=known.receiver, address=address)
            what = _channel(known.channel_public_id, known.channel_name, known.organization_id)
            await _record(connection, actor, what, known.channel_id, before)
        return await _subscription(connection, known)


async def subscribe_again(database: Database, principal: Principal, channel_id: UUID, receiver: str) -> None:
    """Send this address digests again; nothing happens where it gets them. Raises NotFoundError, ForbiddenError."""
    channel = await channel_for(database, principal, channel_id)
    async with database.transaction() as connection:
        before = await _addresses(connection, channel.id)
        if await unsubscribing.subscribe_again(connection, channel.id, receiver):
            what = _channel(channel.public_id, channel.name, channel.organization_id)
            await _record(connection, principal, what, channel.id, before)


async def unsubscribed_of(database: Database, channel_id: int) -> list[Unsubscribed]:
    """Who left the digests of a channel that the caller may see."""
    async with database.connection() as connection:
        return await unsubscribing.unsubscribed_of(connection, channel_id)


async def _known(connection: Connection, token: str, now: datetime) -> UnsubscribeToken:
    known = await unsubscribing.by_token(connection, token)
    if known is None:
        raise NotFoundError(_UNKNOWN)
    if known.expires_at <= now:
        raise GoneError(_EXPIRED)
    return known


async def _subscription(connection: Connection, known: UnsubscribeToken) -> DigestSubscription:
    left = await unsubscribing.still_subscribed(connection, known.channel_id, [known.receiver])
    return DigestSubscription(known.receiver, known.channel_name, bool(left))


async def _addresses(connection: Connection, channel_id: int) -> list[str]:
    return [one.receiver for one in await unsubscribing.unsubscribed_of(connection, channel_id)]


async def _record(
    connection: Connection, by: Principal | Actor, what: AuditObject, channel_id: int, before: list[str]
) -> None:
    after = {_FIELD: await _addresses(connection, channel_id)}
    await record_about(
        OneTransaction(connection), by, AuditAction.CHANNEL_CHANGED, what, before={_FIELD: before}, after=after
    )


def _channel(public_id: UUID, name: str, organization_id: int) -> AuditObject:
    return AuditObject(kind=ObjectKind.CHANNEL, id=str(public_id), name=name, organization_id=organization_id)
