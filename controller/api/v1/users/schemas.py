"""People as our own API reads and answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import Account, Role
from controller.model.values.ruled import ruled
from controller.model.values.texts import check_text
from controller.operations.accounts.account_rules import check_login_address
from controller.operations.accounts.passwords import LONGEST, SHORTEST
from controller.operations.accounts.people import AccountChange
from shared.secret import Secret

READ_ONLY = frozenset({"id", "lastLoginAt", "createdAt", "updatedAt"})

UserEmail = Annotated[
    str,
    Meta(
        description="The address to log in with; nobody else has it, in upper or lower case.",
        min_length=3,
        max_length=254,
        examples=["person@example.com"],
        extra=ruled(check_login_address),
    ),
]
PersonName = Annotated[
    str, Meta(description="At most 255 printable characters, or null.", max_length=255, extra=ruled(check_text))
]
UserRole = Annotated[
    Role,
    Meta(
        description="Default user. user and editor work with monitors, readonly reads and switches them on and off,"
        " admin also manages the organization; global roles work in every organization.",
    ),
]
UserCustomers = Annotated[
    list[UUID],
    Meta(
        description="The only customers whose monitors the person may see. Null or empty: all; for readonly none.",
        max_length=1000,
        examples=[["11111111-1111-4111-8111-111111111111"]],
    ),
]
NewPassword = Annotated[
    str,
    Meta(
        description=f"{SHORTEST} to {LONGEST} characters. Never answered; a new one ends the person's sessions.",
        min_length=SHORTEST,
        max_length=LONGEST,
        extra_json_schema={"format": "password", "writeOnly": True},
    ),
]
CurrentPassword = Annotated[
    str,
    Meta(
        description="Needed to change one's own email or password.",
        max_length=1000,
        extra_json_schema={"format": "password", "writeOnly": True},
    ),
]


class UserBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A whole person. Without `password` a new person gets one that is answered once; an old one keeps theirs."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "email": "night.shift@example.com",
        "firstName": "Ada",
        "lastName": "Example",
        "role": "user",
        "customerIds": ["11111111-1111-4111-8111-111111111111"],
        "password": "correct horse battery staple",
    }

    email: UserEmail
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    role: UserRole = Role.USER
    customer_ids: UserCustomers | None = None
    password: NewPassword | UnsetType = UNSET
    current_password: CurrentPassword | UnsetType = UNSET


class UserPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is, and null removes."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {"role": "editor", "customerIds": None}

    email: UserEmail | UnsetType = UNSET
    first_name: PersonName | UnsetType | None = UNSET
    last_name: PersonName | UnsetType | None = UNSET
    role: UserRole | UnsetType = UNSET
    customer_ids: UserCustomers | UnsetType | None = UNSET
    password: NewPassword | UnsetType = UNSET
    current_password: CurrentPassword | UnsetType = UNSET


class UserItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A person. `lastLoginAt` changes by itself and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"last_login_at"})

    id: UUID
    email: UserEmail
    first_name: PersonName | None
    last_name: PersonName | None
    role: UserRole
    customer_ids: UserCustomers | None
    last_login_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class NewUserItem(UserItem, frozen=True, kw_only=True, rename="camel"):
    """A new person."""

    UNTAGGED: ClassVar[frozenset[str]] = UserItem.UNTAGGED | {"password"}

    password: Annotated[
        str | None, Meta(description="The one that was generated, shown this once; null when the request had one.")
    ]


class UserPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some people. `nextCursor` is null at the end."""

    items: list[UserItem]
    next_cursor: str | None


BODIES = (UserBody, UserPatch, UserItem, NewUserItem, UserPage)

EXAMPLE: dict[str, Any] = {
    "id": "66666666-6666-4666-8666-666666666666",
    **{name: value for name, value in UserBody.EXAMPLE.items() if name != "password"},
    "lastLoginAt": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def account_change(body: UserBody | UserPatch, current: UserItem | None = None) -> AccountChange:
    """`current` is the person to change; customers that the body repeats count as left out."""
    customers = body.customer_ids
    if current is not None and customers is not UNSET and set(customers or ()) == set(current.customer_ids or ()):
        customers = UNSET
    return AccountChange(
        email=body.email,
        first_name=body.first_name,
        last_name=body.last_name,
        role=body.role,
        password=Secret(body.password) if isinstance(body.password, str) else UNSET,
        current_password=Secret(body.current_password) if isinstance(body.current_password, str) else UNSET,
        customers=customers,
    )


def user_fields(account: Account, customers: Mapping[int, UUID]) -> dict[str, Any]:
    numbers = account.customer_ids
    return {
        "id": account.public_id,
        "email": account.email,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "role": account.role,
        "customer_ids": None
        if numbers is None
        else sorted(customers[number] for number in numbers if number in customers),
        "last_login_at": timestamp_or_none(account.last_login_at),
        "created_at": timestamp(account.created_at),
        "updated_at": timestamp(account.updated_at),
    }


def user_item(account: Account, customers: Mapping[int, UUID]) -> UserItem:
    """`customers` are the public ids of the customers that it is limited to, by their numbers."""
    return UserItem(**user_fields(account, customers))
