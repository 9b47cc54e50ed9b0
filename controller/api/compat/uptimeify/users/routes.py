"""`/api/users`: the people of an organization. Only people manage people, never a token."""

from __future__ import annotations

from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody

from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.api.compat.uptimeify.users.schemas import (
    EXAMPLE,
    ID_REQUIRED,
    NOT_FOUND,
    TAKEN,
    NewUserBody,
    UserAnswer,
    UserCreated,
    UserUpdate,
    account_change,
    user_answer,
    user_id,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import people
from controller.operations.accounts.tokens import INVALID_CUSTOMER


class Users(Controller):
    path = "/api/users"
    tags = ("Users",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
        operation_id="uptimeifyListUsers",
        summary="List users: all of the organization for its admins, oneself for others",
        responses={
            200: answers(list[UserAnswer], "Users, oldest first, 1,000 at most", [EXAMPLE]),
            **refusals(s400="Invalid organizationId", s403="Forbidden", s404=NOT_FOUND),
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
        operation_id="uptimeifyCreateUser",
        summary="Create a user",
        responses={
            200: answers(UserCreated, "The new user", {"success": True, "user": EXAMPLE, "password": None}),
            **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s409=TAKEN),
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
            services.database, services.passwords, principal, principal.organization_id, account_change(data)
        )
        made = None if password is None else password.reveal()
        return UserCreated(success=True, user=user_answer(account), password=made)

    @get(
        "/{public_id:str}",
        opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
        operation_id="uptimeifyGetUser",
        summary="Get a user",
        responses={
            200: answers(UserAnswer, "The user", EXAMPLE),
            **refusals(s400=ID_REQUIRED, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def get_user(self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> UserAnswer:
        return user_answer(await people.get_account(services.database, principal, user_id(public_id)))

    @patch(
        "/{public_id:str}",
        opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
        dto=JsonBody[UserUpdate],
        return_dto=None,
        operation_id="uptimeifyUpdateUser",
        summary="Update a user; a new password ends the user's sessions",
        responses={
            200: answers(UserAnswer, "The user as it is now", EXAMPLE),
            **refusals(body=True, s400=ID_REQUIRED, s403="Forbidden", s404=NOT_FOUND, s409=TAKEN),
        },
    )
    async def update_user(
        self, public_id: PublicId, data: JSONBody[UserUpdate], services: GivenServices, principal: GivenPrincipal
    ) -> UserAnswer:
        account = await people.update_account(
            services.database, services.passwords, principal, user_id(public_id), account_change(data)
        )
        return user_answer(account)

    @delete(
        "/{public_id:str}",
        opt={PERMISSION: Permission.MANAGE_USERS},
        status_code=200,
        operation_id="uptimeifyDeleteUser",
        summary="Delete a user",
        responses={
            200: answers(DeleteAnswer, "Deleted", {"success": True}),
            **refusals(s400=ID_REQUIRED, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def delete_user(
        self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
    ) -> DeleteAnswer:
        await people.delete_account(services.database, principal, user_id(public_id))
        return DeleteAnswer(success=True)


ROUTES = [Users]
