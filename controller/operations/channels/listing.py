"""Notification channels as our own API reads them: one, and page by page."""

from __future__ import annotations

from uuid import UUID

from controller.decisions.access import Permission, limits_to
from controller.errors import ForbiddenError, NotFoundError
from controller.model import Channel, Principal
from controller.operations.access import require
from controller.operations.channels import mail_routes
from controller.operations.channels.channel_configs import check_type
from controller.operations.channels.channels import (
    CHANNEL_NOT_FOUND,
    ChannelOwner,
    ChannelView,
    addresses_of,
    channel_view,
    find_owner,
)
from controller.operations.listing import Listed, PageRequest, page_of
from controller.store.accounts import organizations
from controller.store.notifications import channel_pages
from controller.store.notifications import channels as store
from controller.store.notifications.channel_pages import ChannelFilter
from controller.store.platform.pool import Database
from controller.vault import Vault

CHANNEL_ORDERS = ("priority", "name", "createdAt")


async def get_channel(database: Database, principal: Principal, public_id: UUID) -> ChannelView:
    """Raises NotFoundError, ForbiddenError."""
    channel = await store.by_id(database, limits_to(principal), public_id)
    if channel is None:
        raise NotFoundError(CHANNEL_NOT_FOUND)
    require(principal, Permission.READ, channel.organization_id, channel.owner_id, not_found=CHANNEL_NOT_FOUND)
    if principal.customer_ids is not None and channel.owner_id not in principal.customer_ids:
        raise ForbiddenError  # who is limited to customers does not see the organization's own channels
    (warnings,) = await mail_routes.warnings(database, principal, channel.organization_id, [addresses_of(channel)])
    return channel_view(principal, channel, warnings)


async def channels_page(
    database: Database,
    vault: Vault,
    principal: Principal,
    request: PageRequest,
    named_owner: ChannelOwner,
    *,
    type_: str | None,
) -> tuple[list[ChannelView], str | None]:
    """The channels that the principal may see: all, those of a customer and its monitors, or those notified about a
    monitor; and where the next page begins. Raises InvalidError, UnknownCustomerError, NotFoundError, ForbiddenError.
    """
    if type_ is not None:
        check_type(type_)
    number, limits = principal.organization_id, principal.customer_ids
    owner = await find_owner(database, number, named_owner)
    if owner.owner_id is not None:
        require(principal, Permission.READ, number, owner.owner_id, not_found=CHANNEL_NOT_FOUND)
    chosen = ChannelFilter(
        organization_id=number,
        customer_ids=limits,
        customer_id=owner.customer_id if owner.monitor_id is None else None,
        concerning_monitor_id=owner.monitor_id,
        type=type_,
    )
    query = ("channels", number, None if limits is None else sorted(limits), owner, type_)
    found: Listed[Channel] = await page_of(
        vault, request, CHANNEL_ORDERS, query, lambda walk: channel_pages.channels_page(database, walk, chosen)
    )
    warnings = await mail_routes.warnings(database, principal, number, [addresses_of(each) for each in found.items])
    views = [channel_view(principal, each, warned) for each, warned in zip(found.items, warnings, strict=True)]
    return views, found.next_cursor


async def may_serve_ops(database: Database, principal: Principal) -> bool:
    """Whether the principal could make a channel for notices about the installation."""
    return principal.customer_ids is None and await organizations.is_operating(database, principal.organization_id)
