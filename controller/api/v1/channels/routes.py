"""`/api/v1/channels`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.channels.changes import new_change, owner_of, patched, replacement, type_of
from controller.api.v1.channels.schemas import (
    EXAMPLE,
    PATCH_BODY,
    ChannelBody,
    ChannelItem,
    ChannelPage,
    ChannelPatch,
    ChannelToCreate,
    channel_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody, body_of
from controller.http.documents.item_fields import with_fields
from controller.http.documents.mistakes import named
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.kinds import BY_NAME
from controller.model import Channel, Principal
from controller.notify.registry import CHANNELS
from controller.operations.channels import channels, removal
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, ChannelChange, ChannelOwner, channel_view
from controller.operations.channels.config_keys import names_of
from controller.operations.channels.listing import CHANNEL_ORDERS, channels_page, get_channel
from controller.operations.listing import PageRequest

TAGS = ["Channels"]
PATH = "/api/v1/channels"
_ONE = f"{PATH}/{{public_id:str}}"
_CHANNEL = answers(ChannelItem, "The channel, without its secrets", EXAMPLE)
_REFUSED = "config.to must have an e-mail address, or several separated by commas"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_CHANGED = problems(body=True, s400=_REFUSED, s403="Forbidden", s404=CHANNEL_NOT_FOUND, s412="The object has changed")

CustomerChannels = Annotated[
    UUID | None, QueryParameter(name="customer", description="Only those of this customer and its monitors.")
]
MonitorChannels = Annotated[
    UUID | None,
    QueryParameter(
        name="monitor", description="Only those told of this monitor: its own, its customer's, the organization's."
    ),
]
TypeFilter = Annotated[
    str | None,
    QueryParameter(name="type", description="Only those of this type.", schema_extra={"enum": list(CHANNELS)}),
]
ChannelSort = Annotated[str | None, sort_parameter(*CHANNEL_ORDERS)]


@get(
    PATH,
    operation_id="listChannels",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="List notification channels",
    responses={
        200: answers(ChannelPage, "Some channels", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of priority, name, createdAt", s403="Forbidden", s404="Monitor not found"),
    },
)
async def list_channels(
    services: GivenServices,
    principal: GivenPrincipal,
    customer: CustomerChannels = None,
    monitor: MonitorChannels = None,
    type_: TypeFilter = None,
    sort: ChannelSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    request = PageRequest(sort=sort, limit=limit, cursor=cursor)
    owner = ChannelOwner(customer=customer, monitor=monitor, kinds=tuple(BY_NAME))
    views, following = await channels_page(services.database, services.vault, principal, request, owner, type_=type_)
    return with_fields(ChannelPage(items=[channel_item(view) for view in views], next_cursor=following), fields)


@post(
    PATH,
    operation_id="createChannel",
    opt=_MANAGING,
    dto=JsonBody[ChannelToCreate],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Create a notification channel",
    responses={
        201: answers(ChannelItem, "The new channel", EXAMPLE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404="Monitor not found"),
    },
)
async def create_channel(
    request: Request[Any, Any, Any],
    data: JSONBody[ChannelToCreate],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[ChannelItem]:
    customer, monitor = owner_of(data.customer_id, data.monitor_id)
    type_ = type_of(data)
    with named(names_of(type_)):
        view = await channels.create_channel(
            services.database,
            services.vault,
            services.outlets,
            principal,
            type_,
            ChannelOwner(customer=customer, monitor=monitor, kinds=tuple(BY_NAME)),
            new_change(data),
            source_id=data.source_channel_id,
            every_breach=True,
        )
    answer = tagged(request, channel_item(view), status_code=201)
    answer.headers["Location"] = f"{PATH}/{view.channel.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getChannel",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Read a notification channel",
    responses={200: _CHANNEL, **problems(s400="id must be a UUID", s403="Forbidden", s404=CHANNEL_NOT_FOUND)},
)
async def read_channel(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[ChannelItem]:
    return tagged(request, channel_item(await get_channel(services.database, principal, path_id(public_id))))


@patch(
    _ONE,
    operation_id="updateChannel",
    opt=_MANAGING,
    dto=body_of(PATCH_BODY),
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Change a notification channel",
    responses={200: _CHANNEL, **_CHANGED},
)
async def update_channel(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[ChannelPatch],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[ChannelItem]:
    return await _changed(request, public_id, data, services, principal)


@put(
    _ONE,
    operation_id="replaceChannel",
    opt=_MANAGING,
    dto=JsonBody[ChannelBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Replace a notification channel; secrets that are left out stay",
    responses={200: _CHANNEL, **_CHANGED},
)
async def replace_channel(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[ChannelBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[ChannelItem]:
    return await _changed(request, public_id, data, services, principal)


@delete(
    _ONE,
    operation_id="deleteChannel",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=TAGS,
    summary="Delete a notification channel",
    description="What was sent stays in the history; what waits to be sent is not sent.",
    responses=problems(
        s400="id must be a UUID", s403="Forbidden", s404=CHANNEL_NOT_FOUND, s412="The object has changed"
    ),
)
async def delete_channel(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> None:
    await removal.delete_channel(services.database, principal, path_id(public_id), expect=_matching(request, principal))


BODIES = (ChannelToCreate, ChannelBody, PATCH_BODY, ChannelItem, ChannelPage)
ROUTES: list[ControllerRouterHandler] = [
    list_channels,
    create_channel,
    read_channel,
    update_channel,
    replace_channel,
    delete_channel,
]


async def _changed(
    request: Request[Any, Any, Any],
    public_id: str,
    body: ChannelBody | ChannelPatch,
    services: Services,
    principal: Principal,
) -> Response[ChannelItem]:
    found = await channels.channel_for(services.database, principal, path_id(public_id))

    def change(channel: Channel) -> ChannelChange:
        return replacement(body, channel) if isinstance(body, ChannelBody) else patched(body, channel)

    with named(names_of(found.type)):
        view = await channels.update_channel(
            services.database,
            services.vault,
            services.outlets,
            principal,
            found.public_id,
            change,
            expect=_matching(request, principal),
            every_breach=True,
        )
    return tagged(request, channel_item(view))


def _matching(request: Request[Any, Any, Any], principal: Principal) -> Callable[[Channel], None]:
    def expect(channel: Channel) -> None:
        require_match(request, channel_item(channel_view(principal, channel, [])))

    return expect
