"""`/api/v1/channels/{id}/deliveries`: what was sent through a channel. Names and errors are masked, because a
webhook's URL is a password.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.channels.routes import PATH, TAGS
from controller.api.v1.incidents.deliveries import DELIVERY, IncidentDelivery, delivery_item
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, PageSize, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import ChannelDelivery
from controller.model.values.masking import masked
from controller.operations.channels.channels import CHANNEL_NOT_FOUND
from controller.operations.channels.deliveries import STATES, channel_deliveries

_State = Annotated[
    str | None,
    QueryParameter(name="state", description="Only those in this state.", schema_extra={"enum": list(STATES)}),
]


class ChannelDeliveryItem(IncidentDelivery, frozen=True, kw_only=True, rename="camel"):
    """A notification that was sent through the channel, or is to be. `change` is `notice` without an incident."""

    incident_id: Annotated[UUID | None, Meta(description="Null for a notice about the installation.")]
    monitor_id: Annotated[UUID | None, Meta(description="Likewise.")]
    subject: Annotated[str, Meta(description="The monitor's name, or the title of the notice.")]


class ChannelDeliveryPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Newest first. `nextCursor` is null at the end."""

    items: list[ChannelDeliveryItem]
    next_cursor: str | None


EXAMPLE: dict[str, Any] = {
    **DELIVERY,
    "incidentId": "77777777-7777-4777-8777-777777777777",
    "monitorId": "33333333-3333-4333-8333-333333333333",
    "subject": "MX of example.com",
}


@get(
    f"{PATH}/{{public_id:str}}/deliveries",
    operation_id="listChannelDeliveries",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="What was sent through a channel, newest first",
    responses={
        200: answers(ChannelDeliveryPage, "Some deliveries", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400=f"state must be one of {', '.join(STATES)}", s403="Forbidden", s404=CHANNEL_NOT_FOUND),
    },
)
async def list_deliveries(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    in_state: _State = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> ChannelDeliveryPage:
    found = await channel_deliveries(
        services.database,
        services.vault,
        principal,
        path_id(public_id),
        state=in_state,
        cursor=cursor,
        limit=limit,
    )
    return ChannelDeliveryPage(items=[_item(one) for one in found.items], next_cursor=found.next_cursor)


ROUTES: list[ControllerRouterHandler] = [list_deliveries]
BODIES = (ChannelDeliveryPage,)


def _item(found: ChannelDelivery) -> ChannelDeliveryItem:
    return ChannelDeliveryItem(
        **msgspec.structs.asdict(delivery_item(found.record)),
        incident_id=found.incident_public_id,
        monitor_id=found.monitor_public_id,
        subject=masked(found.subject),
    )
