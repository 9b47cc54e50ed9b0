"""`/api/users`: the people of an organization. Only people manage people; each has a name and password of their own."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import customer_identifier, monitor_public_id
from controller.api.http.openapi import answers, refusals
from controller.api.http.parameters import OrganizationId, PublicId
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.api.http.timestamps import Moment, moment, moment_or_none
from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.model import Account, Role
from controller.operations.accounts import people
from controller.operations.accounts.passwords import LONGEST, SHORTEST
from controller.operations.accounts.people import AccountChange
from controller.operations.accounts.tokens import INVALID_CUSTOMER
from shared.wire.targets import Secret

_WANTED = "User public ID (UUID) required"
_NOT_FOUND = "User not found"
_TAKEN = "A user with this email exists already"
_MOST_CUSTOMERS = 1000

Password = Annotated[
    str,
    Meta(
        description=f"{SHORTEST} to {LONGEST} characters.",
        extra_json_schema={"minLength": SHORTEST, "maxLength": LONGEST, "format": "password"},
    ),
]
RoleName = Annotated[str, Meta(extra_json_schema={"enum": [role.value for role in Role]})]
CustomerIds = Annotated[
    list[int | str] | None,
    Meta(description="Numbers or public UUIDs of the customers the user is limited to; null or empty: no limit."),
]


class UserFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What create and update have in common."""

    REFUSALS: ClassVar[dict[str, str]] = {"role": "Invalid role", "customerIds": INVALID_CUSTOMER}

    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    role: RoleName | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    customer_ids: CustomerIds | UnsetType = UNSET


class NewUserBody(UserFields, frozen=True, kw_only=True, rename="camel"):
    """A person to create; the role is `user` when not given, and the password is made up when not given."""

    email: Annotated[str, Meta(examples=["person@example.com"])]


class UserUpdate(UserFields, frozen=True, kw_only=True, rename="camel"):
    """New values; what is left out stays. `currentPassword` is needed to change one's own email or password."""

    email: str | UnsetType = UNSET
    current_password: Annotated[str, Meta(extra_json_schema={"format": "password"})] | UnsetType = UNSET


class UserAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    organization_id: int
    email: str
    first_name: str | None
    last_name: str | None
    role: str
    customer_ids: list[int] | None
    last_login_at: Moment | None
    created_at: Moment
    updated_at: Moment


class UserCreated(msgspec.Struct, frozen=True, kw_only=True):
    """`password` is the one that was made up, shown this once; null when one was given."""

    success: bool
    user: UserAnswer
    password: str | None


BODIES = (NewUserBody, UserUpdate, UserAnswer, UserCreated)

EXAMPLE: dict[str, Any] = {
    "id": 3,
    "publicId": "66666666-6666-4666-8666-666666666666",
    "organizationId": 1,
    "email": "person@example.com",
    "firstName": "Ada",
    "lastName": "Example",
    "role": "user",
    "customerIds": [10],
    "lastLoginAt": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


class Users(Controller):
    path = "/api/users"
    tags = ("Users",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
        summary="List users: all of the organization for its admins, oneself for others",
        responses={
            200: answers(list[UserAnswer], "Users, oldest first, 1,000 at most", [EXAMPLE]),
            **refusals(s400="Invalid organizationId", s403="Forbidden", s404=_NOT_FOUND),
        },
    )
    async def list_users(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> list[UserAnswer]:
        return [user_answer(account) for account in await people.list_accounts(services.database, principal)]

    @post(
        opt={PERMISSION: Permission.MANAGE_USERS},
        status_code=200,
        dto=JsonBody[NewUserBody],
        return_dto=None,
        summary="Create a user",
        responses={
            200: answers(UserCreated, "The new user", {"success": True, "user": EXAMPLE, "password": None}),
            **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s409=_TAKEN),
        },
    )
    async def create_user(
        self,
        data: JSONBody[NewUserBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> UserCreated:
        account, password = await people.create_account(
            services.database, services.passwords, principal, principal.organization_id, _change(data)
        )
        made = None if password is None else password.reveal()
        return UserCreated(success=True, user=user_answer(account), password=made)

    @get(
        "/{public_id:str}",
        opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
        summary="Get a user",
        responses={
            200: answers(UserAnswer, "The user", EXAMPLE),
            **refusals(s400=_WANTED, s403="Forbidden", s404=_NOT_FOUND),
        },
    )
    async def get_user(self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> UserAnswer:
        return user_answer(await people.get_account(services.database, principal, _id(public_id)))

    @patch(
        "/{public_id:str}",
        opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
        dto=JsonBody[UserUpdate],
        return_dto=None,
        summary="Update a user; a new password ends the user's sessions",
        responses={
            200: answers(UserAnswer, "The user as it is now", EXAMPLE),
            **refusals(body=True, s400=_WANTED, s403="Forbidden", s404=_NOT_FOUND, s409=_TAKEN),
        },
    )
    async def update_user(
        self, public_id: PublicId, data: JSONBody[UserUpdate], services: GivenServices, principal: GivenPrincipal
    ) -> UserAnswer:
        account = await people.update_account(
            services.database, services.passwords, principal, _id(public_id), _change(data)
        )
        return user_answer(account)

    @delete(
        "/{public_id:str}",
        opt={PERMISSION: Permission.MANAGE_USERS},
        status_code=200,
        summary="Delete a user",
        responses={
            200: answers(DeleteAnswer, "Deleted", {"success": True}),
            **refusals(s400=_WANTED, s403="Forbidden", s404=_NOT_FOUND),
        },
    )
    async def delete_user(
        self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
    ) -> DeleteAnswer:
        await people.delete_account(services.database, principal, _id(public_id))
        return DeleteAnswer(success=True)


ROUTES = [Users]


def user_answer(account: Account) -> UserAnswer:
    return UserAnswer(
        id=account.id,
        public_id=account.public_id,
        organization_id=account.organization_id,
        email=account.email,
        first_name=account.first_name,
        last_name=account.last_name,
        role=account.role.value,
        customer_ids=account.customer_ids,
        last_login_at=moment_or_none(account.last_login_at),
        created_at=moment(account.created_at),
        updated_at=moment(account.updated_at),
    )


def _id(text: str) -> UUID:
    return monitor_public_id(text, wanted=_WANTED)


def _change(body: NewUserBody | UserUpdate) -> AccountChange:
    current = body.current_password if isinstance(body, UserUpdate) else UNSET
    return AccountChange(
        email=body.email,
        first_name=body.first_name,
        last_name=body.last_name,
        role=body.role,
        password=Secret(body.password) if isinstance(body.password, str) else UNSET,
        current_password=Secret(current) if isinstance(current, str) else UNSET,
        customers=_customers(body.customer_ids) if isinstance(body.customer_ids, list) else body.customer_ids,
    )


def _customers(values: list[int | str]) -> list[int | UUID]:
    if len(values) > _MOST_CUSTOMERS:
        raise InvalidError("customerIds", f"must hold {_MOST_CUSTOMERS} at most")
    try:
        return [customer_identifier(value) for value in values]
    except InvalidError as error:
        raise InvalidError("customerIds", error.rule, message=INVALID_CUSTOMER) from error
