"""`/api/v1/channels/{id}/unsubscribed`: the addresses that left the digests of a channel."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get
from litestar.params import PathParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.channels.routes import PATH, TAGS
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, channel_for
from controller.operations.channels.unsubscribing import subscribe_again, unsubscribed_of

_LIST = f"{PATH}/{{public_id:str}}/unsubscribed"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_PROBLEMS = problems(s400="id must be a UUID", s403="Forbidden", s404=CHANNEL_NOT_FOUND)

_Address = Annotated[
    str,
    PathParameter(
        description="The address, in upper or lower case.", schema_extra={"examples": ["reader@example.com"]}
    ),
]


class UnsubscribedItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An address that gets no digests of the channel, because somebody used the link in one."""

    address: Annotated[str, Meta(description="In lower case.")]
    at: Annotated[Timestamp, Meta(description="Since when.")]


class UnsubscribedList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of them, by address."""

    items: list[UnsubscribedItem]


EXAMPLE: dict[str, Any] = {"items": [{"address": "reader@example.com", "at": "2026-01-05T08:01:00.000Z"}]}


@get(
    _LIST,
    operation_id="listUnsubscribed",
    opt=_MANAGING,
    security=SECURITY,
    tags=TAGS,
    summary="Who left the digests of a channel",
    responses={200: answers(UnsubscribedList, "The addresses that left", EXAMPLE), **_PROBLEMS},
)
async def list_unsubscribed(
    public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> UnsubscribedList:
    channel = await channel_for(services.database, principal, path_id(public_id))
    found = await unsubscribed_of(services.database, channel.id)
    return UnsubscribedList(items=[UnsubscribedItem(address=one.receiver, at=timestamp(one.at)) for one in found])


@delete(
    f"{_LIST}/{{address:str}}",
    operation_id="deleteUnsubscribed",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=TAGS,
    summary="Send an address the digests of a channel again",
    description="Nothing changes for an address that gets them.",
    responses=_PROBLEMS,
)
async def delete_unsubscribed(
    public_id: PublicId, address: _Address, services: GivenServices, principal: GivenPrincipal
) -> None:
    await subscribe_again(services.database, principal, path_id(public_id), address)


BODIES = (UnsubscribedItem, UnsubscribedList)
ROUTES: list[ControllerRouterHandler] = [list_unsubscribed, delete_unsubscribed]
