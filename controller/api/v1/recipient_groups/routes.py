"""`/api/v1/recipient-groups`."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.recipient_groups.schemas import (
    BODIES,
    EXAMPLE,
    NAMES,
    RecipientGroupBody,
    RecipientGroupItem,
    RecipientGroupPage,
    RecipientGroupPatch,
    changed_group,
    group_item,
    ids_of,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.mistakes import named
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.notification.recipients import RecipientGroup
from controller.operations.channels import recipient_groups
from controller.operations.channels.recipient_groups import GROUP_NOT_FOUND, GroupChange, change_of

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Recipient groups"]
_PATH = "/api/v1/recipient-groups"
_ONE = f"{_PATH}/{{public_id:str}}"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_GROUP = answers(RecipientGroupItem, "The group", EXAMPLE)
_ID = "id must be a UUID"
_LOST = "The object has changed"
_REFUSED = "channelIds must name those of this organization: 36363636-3636-4636-8636-363636363636 is unknown"
_NEW = GroupChange(name="", monitors={}, recipients=[])
_ABOUT = """\
Which channels hear of which monitors. Without groups every channel hears of all that it may. A monitor in groups is
told to the channels of each of them and to no others; one in no group to those of the default group, if there is one.
Only who manages channels of the whole organization manages groups.
"""


@get(
    _PATH,
    operation_id="listRecipientGroups",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the recipient groups",
    description=_ABOUT,
    responses={
        200: answers(RecipientGroupPage, "All of them", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_groups(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> RecipientGroupPage:
    found = await recipient_groups.list_groups(services.database, principal)
    return RecipientGroupPage(items=[group_item(one) for one in found], next_cursor=None)


@post(
    _PATH,
    operation_id="createRecipientGroup",
    opt=_MANAGING,
    dto=JsonBody[RecipientGroupBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Make a recipient group",
    description=_ABOUT,
    responses={
        201: answers(RecipientGroupItem, "The group", EXAMPLE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden"),
    },
)
async def create_group(
    request: Request[Any, Any, Any],
    data: JSONBody[RecipientGroupBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[RecipientGroupItem]:
    with named(NAMES):
        members = await recipient_groups.members_named(services.database, principal, *ids_of(data))
        change = changed_group(data, members, _NEW)
        made = await recipient_groups.create_group(services.database, principal, change)
    answer = tagged(request, group_item(made), status_code=201)
    answer.headers["Location"] = f"{_PATH}/{made.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getRecipientGroup",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read a recipient group",
    responses={200: _GROUP, **problems(s400=_ID, s403="Forbidden", s404=GROUP_NOT_FOUND)},
)
async def get_group(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[RecipientGroupItem]:
    found = await recipient_groups.get_group(services.database, principal, path_id(public_id))
    return tagged(request, group_item(found))


@patch(
    _ONE,
    operation_id="updateRecipientGroup",
    opt=_MANAGING,
    dto=JsonBody[RecipientGroupPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change a recipient group",
    responses={
        200: _GROUP,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=GROUP_NOT_FOUND, s412=_LOST),
    },
)
async def update_group(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[RecipientGroupPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[RecipientGroupItem]:
    number = path_id(public_id)
    with named(NAMES):
        members = await recipient_groups.members_named(services.database, principal, *ids_of(data))

        def decide(found: RecipientGroup) -> GroupChange:
            require_match(request, group_item(found))
            return changed_group(data, members, change_of(found))

        changed = await recipient_groups.update_group(services.database, principal, number, decide)
    return tagged(request, group_item(changed))


@delete(
    _ONE,
    operation_id="deleteRecipientGroup",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete a recipient group",
    description="Its monitors are told to the default group then, or to every channel.",
    responses=problems(s400=_ID, s403="Forbidden", s404=GROUP_NOT_FOUND, s412=_LOST),
)
async def delete_group(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    def expect(found: RecipientGroup) -> None:
        require_match(request, group_item(found))

    await recipient_groups.delete_group(services.database, principal, path_id(public_id), expect=expect)


ROUTES: list[ControllerRouterHandler] = [list_groups, create_group, get_group, update_group, delete_group]
