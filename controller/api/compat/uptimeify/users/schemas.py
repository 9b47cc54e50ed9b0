"""People as Uptimeify's clients send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.errors import InvalidError
from controller.http.identifiers import customer_identifier, monitor_public_id
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import Account, Role
from controller.operations.accounts.passwords import LONGEST, SHORTEST
from controller.operations.accounts.people import AccountChange
from controller.operations.accounts.tokens import INVALID_CUSTOMER
from shared.secret import Secret

ID_REQUIRED = "User public ID (UUID) required"
NOT_FOUND = "User not found"
TAKEN = "A user with this email exists already"
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
    """The fields that create and update share."""

    REFUSALS: ClassVar[dict[str, str]] = {"role": "Invalid role", "customerIds": INVALID_CUSTOMER}

    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    role: RoleName | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    customer_ids: CustomerIds | UnsetType = UNSET


class NewUserBody(UserFields, frozen=True, kw_only=True, rename="camel"):
    """A person to create. The default of `role` is user; without `password` one is generated."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "email": "new.person@example.com",
        "firstName": "Ada",
        "lastName": "Example",
        "role": "editor",
        "customerIds": ["11111111-1111-4111-8111-111111111111"],
    }

    email: Annotated[str, Meta(examples=["person@example.com"])]


class UserUpdate(UserFields, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value. To change one's own email or password, `currentPassword` is
    needed.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"firstName": "Ada", "role": "readonly", "customerIds": None}

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
    last_login_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class UserCreated(msgspec.Struct, frozen=True, kw_only=True):
    """`password` is the generated one, shown this once; null when the request had one."""

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
        last_login_at=timestamp_or_none(account.last_login_at),
        created_at=timestamp(account.created_at),
        updated_at=timestamp(account.updated_at),
    )


def user_id(text: str) -> UUID:
    return monitor_public_id(text, message=ID_REQUIRED)


def account_change(body: NewUserBody | UserUpdate) -> AccountChange:
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
