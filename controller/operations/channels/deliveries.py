"""What was sent through a notification channel, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.history.cursor import fingerprint
from controller.errors import InvalidError
from controller.model import Channel, ChannelDelivery, Principal
from controller.operations.channels.channels import channel_for
from controller.operations.channels.listing import get_channel
from controller.operations.cursors import cursor_behind, position_in
from controller.store.notifications import channel_deliveries as store
from controller.store.notifications import channels
from controller.store.notifications.channel_deliveries import STATES
from controller.store.platform.pool import Database
from controller.vault import Vault

__all__ = ["STATES"]


class DeliveriesFound(NamedTuple):
    """A page, newest first, and the cursor of the next one; None at the end."""

    items: list[ChannelDelivery]
    next_cursor: str | None


class LatestDelivery(NamedTuple):
    state: str
    at: datetime
    error: str | None


class DeletionEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What ends with a channel: `waiting` deliveries are not sent any more. `others` are the channels that stay active
    for the same incidents.
    """

    channel: Channel
    waiting: int
    others: list[Channel]


async def channel_deliveries(
    database: Database,
    vault: Vault,
    principal: Principal,
    public_id: UUID,
    *,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> DeliveriesFound:
    """The deliveries of a channel that the principal may see. Raises InvalidError, NotFoundError, ForbiddenError."""
    if state is not None and state not in STATES:
        raise InvalidError("state", f"must be one of {', '.join(STATES)}")
    number = (await get_channel(database, principal, public_id)).channel.id
    query = fingerprint("deliveries", number, state)
    before = None if cursor is None else position_in(vault, cursor, query)[0]
    found = await store.deliveries_page(database, number, state=state, before=before, limit=limit + 1)
    if len(found) <= limit:
        return DeliveriesFound(found, None)
    return DeliveriesFound(found[:limit], cursor_behind(vault, query, [found[limit - 1].id]))


async def latest_deliveries(database: Database, shown: Sequence[Channel]) -> dict[int, LatestDelivery]:
    """How the latest delivery of each of these channels went, which the principal may see; by their numbers."""
    rows = await store.latest_of(database, [one.id for one in shown])
    return {number: LatestDelivery(row["state"], row["at"], row["error"]) for number, row in rows.items()}


async def effect_of_deletion(database: Database, principal: Principal, public_id: UUID) -> DeletionEffect:
    """What it would do to delete or disable a channel. Raises NotFoundError, ForbiddenError."""
    channel = await channel_for(database, principal, public_id)
    waiting = await store.waiting_for(database, channel.id)
    every = await channels.channels_of(database, channel.organization_id, customer_ids=principal.customer_ids)
    others = [one for one in every if one.id != channel.id and one.is_active and _covers(one, channel)]
    return DeletionEffect(channel=channel, waiting=waiting, others=others)


def _covers(other: Channel, channel: Channel) -> bool:
    """Whether the other one is notified of everything that this one is notified of, as far as owners say it."""
    if other.for_ops or channel.for_ops:
        return other.for_ops and channel.for_ops
    if other.monitor_id is not None:
        return other.monitor_id == channel.monitor_id
    return other.customer_id in (None, channel.owner_id)
