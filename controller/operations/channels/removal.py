"""Deletes notification channels."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from controller.errors import NotFoundError
from controller.model import Channel, Principal
from controller.model.audit import AuditAction
from controller.operations.audit.recording import record
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, channel_for
from controller.store.notifications import channels as store
from controller.store.platform.pool import Database


async def delete_channel(
    database: Database,
    principal: Principal,
    channel_id: int | UUID,
    *,
    expect: Callable[[Channel], None] = lambda _: None,
) -> None:
    """`expect` looks at the channel as it is, while it is locked, and raises what it will. Raises NotFoundError,
    ForbiddenError.
    """
    number = (await channel_for(database, principal, channel_id)).id
    async with database.one_transaction() as own:
        channel = await store.locked(own, number)
        if channel is None:
            raise NotFoundError(CHANNEL_NOT_FOUND)
        expect(channel)
        await store.delete(own, number)
        await record(own, principal, AuditAction.CHANNEL_DELETED, before=channel)
