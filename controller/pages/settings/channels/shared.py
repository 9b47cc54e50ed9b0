"""What the routes of channels share."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from controller.errors import NotFoundError
from controller.http.services import Services
from controller.model import Channel, Principal
from controller.operations.accounts.customers import list_customers
from controller.operations.channels.channels import channel_for

SECTION = "settings"
_NO_CHANNEL = "There is no such channel."


async def channel_at(services: Services, principal: Principal, text: str) -> Channel:
    """The channel of a path, when the person may change it. Raises NotFoundError, ForbiddenError."""
    return await channel_for(services.database, principal, channel_id(text))


def channel_id(text: str) -> UUID:
    """Raises NotFoundError for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(_NO_CHANNEL) from None


async def customer_names(services: Services, principal: Principal) -> Mapping[UUID, str]:
    return {one.public_id: one.name for one in await list_customers(services.database, principal)}
