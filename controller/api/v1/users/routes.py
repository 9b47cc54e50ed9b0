"""`/api/v1/users`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.users.schemas import (
    BODIES,
    EXAMPLE,
    NewUserItem,
    UserBody,
    UserItem,
    UserPage,
    UserPatch,
    account_change,
    user_fields,
    user_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.item_fields import with_fields
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PartOfText, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Account, Principal, Role
from controller.operations.accounts import people
from controller.operations.accounts.lists import ACCOUNT_ORDERS, accounts_page, customer_public_ids
from controller.operations.listing import PageRequest

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Users"]
_PATH = "/api/v1/users"
_ONE = f"{_PATH}/{{public_id:str}}"
_USER = answers(UserItem, "The person", EXAMPLE)
_NOT_FOUND = "User not found"
_TAKEN = "A user with this email exists already"
_REFUSED = "email must be an e-mail address"
_CHANGED = problems(
    body=True, s400=_REFUSED, s403="Forbidden", s404=_NOT_FOUND, s409=_TAKEN, s412="The object has changed"
)

RoleFilter = Annotated[Role | None, QueryParameter(name="role", description="Only people with this role.")]
UserSort = Annotated[str | None, sort_parameter(*ACCOUNT_ORDERS)]


@get(
    _PATH,
    operation_id="listUsers",
    opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
    security=SECURITY,
    tags=_TAGS,
    summary="List people: all of the organization for its admins, oneself for others",
    responses={
        200: answers(UserPage, "Some people", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of email, name", s403="Forbidden", s404=_NOT_FOUND),
    },
)
async def list_users(
    services: GivenServices,
    principal: GivenPrincipal,
    q: PartOfText = None,
    role: RoleFilter = None,
    sort: UserSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    request = PageRequest(sort=sort, limit=limit, cursor=cursor)
    found = await accounts_page(services.database, services.vault, principal, request, role=role, text=q)
    known = await customer_public_ids(services.database, principal.organization_id, found.items)
    items = [user_item(account, known) for account in found.items]
    return with_fields(UserPage(items=items, next_cursor=found.next_cursor), fields)


@post(
    _PATH,
    operation_id="createUser",
    opt={PERMISSION: Permission.MANAGE_USERS},
    dto=JsonBody[UserBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Create a person",
    responses={
        201: answers(NewUserItem, "The new person", {**EXAMPLE, "password": None}),
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s409=_TAKEN),
    },
)
async def create_user(
    request: Request[Any, Any, Any],
    data: JSONBody[UserBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[NewUserItem]:
    made, password = await people.create_account(
        services.database,
        services.passwords,
        principal,
        principal.organization_id,
        account_change(data),
        every_breach=True,
    )
    known = await customer_public_ids(services.database, made.organization_id, [made])
    item = NewUserItem(**user_fields(made, known), password=None if password is None else password.reveal())
    answer = tagged(request, item, status_code=201)
    answer.headers["Location"] = f"{_PATH}/{made.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getUser",
    opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
    security=SECURITY,
    tags=_TAGS,
    summary="Read a person: admins anybody of the organization, others themselves",
    responses={200: _USER, **problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND)},
)
async def get_user(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[UserItem]:
    return tagged(request, await _item(services, principal, public_id))


@patch(
    _ONE,
    operation_id="updateUser",
    opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
    dto=JsonBody[UserPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change a person",
    responses={200: _USER, **_CHANGED},
)
async def update_user(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[UserPatch],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[UserItem]:
    return await _changed(request, public_id, data, services, principal)


@put(
    _ONE,
    operation_id="replaceUser",
    opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
    dto=JsonBody[UserBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Replace a person; the password stays when it is left out",
    responses={200: _USER, **_CHANGED},
)
async def replace_user(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[UserBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[UserItem]:
    return await _changed(request, public_id, data, services, principal)


@delete(
    _ONE,
    operation_id="deleteUser",
    opt={PERMISSION: Permission.MANAGE_USERS},
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete a person and their sessions",
    description="Nobody can delete themselves.",
    responses=problems(
        s400="You cannot delete your own account", s403="Forbidden", s404=_NOT_FOUND, s412="The object has changed"
    ),
)
async def delete_user(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> None:
    found = await people.get_account(services.database, principal, path_id(public_id))
    known = await customer_public_ids(services.database, found.organization_id)
    await people.delete_account(
        services.database,
        principal,
        found.public_id,
        expect=lambda account: require_match(request, user_item(account, known)),
    )


ROUTES: list[ControllerRouterHandler] = [list_users, create_user, get_user, update_user, replace_user, delete_user]


async def _item(services: Services, principal: Principal, public_id: str) -> UserItem:
    found = await people.get_account(services.database, principal, path_id(public_id))
    return user_item(found, await customer_public_ids(services.database, found.organization_id, [found]))


async def _changed(
    request: Request[Any, Any, Any],
    public_id: str,
    body: UserBody | UserPatch,
    services: Services,
    principal: Principal,
) -> Response[UserItem]:
    before = await people.get_account(services.database, principal, path_id(public_id))
    known = await customer_public_ids(services.database, before.organization_id)

    def expect(found: Account) -> None:
        require_match(request, user_item(found, known))

    changed = await people.update_account(
        services.database,
        services.passwords,
        principal,
        before.public_id,
        account_change(body, user_item(before, known)),
        expect=expect,
        every_breach=True,
    )
    now = await customer_public_ids(services.database, changed.organization_id, [changed])
    return tagged(request, user_item(changed, now))
