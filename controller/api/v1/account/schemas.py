"""The caller, as our own API answers it, and what people change of themselves."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.users.schemas import CurrentPassword, NewPassword, PersonName, UserEmail
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import OwnSession, Principal, Role, TokenScope
from controller.operations.accounts.callers import Caller

READ_ONLY = frozenset(
    {
        *("id", "kind", "name", "role", "scope", "organization", "customers", "sessionId"),
        *("expiresAt", "lastLoginAt", "createdAt", "updatedAt"),
    }
)


class NamedItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something, by its id and its name."""

    id: UUID
    name: str


class AccountItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The caller. Of a token `name` is what it is for, and `email`, `firstName` and `lastName` are null."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"last_login_at"})

    id: Annotated[UUID, Meta(description="The person's or the token's.")]
    kind: Literal["person", "token"]
    name: Annotated[str, Meta(description="The person's names, or the address without them; or the token's.")]
    email: UserEmail | None
    first_name: PersonName | None
    last_name: PersonName | None
    role: Annotated[Role, Meta(description="What the caller may do; a token's role is limited by its scope.")]
    scope: Annotated[TokenScope | None, Meta(description="Of a token; null for people.")]
    organization: Annotated[
        NamedItem | None,
        Meta(description="Where this request works: null for a global admin who names no organization."),
    ]
    customers: Annotated[list[NamedItem] | None, Meta(description="The only ones the caller may see; null: all.")]
    session_id: Annotated[UUID | None, Meta(description="Of a person: the session that makes this request.")]
    expires_at: Annotated[Timestamp | None, Meta(description="Of a token; null: it is valid until it is deleted.")]
    last_login_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class AccountPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is, and null removes."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {"firstName": "Ada", "lastName": None}

    first_name: PersonName | UnsetType | None = UNSET
    last_name: PersonName | UnsetType | None = UNSET
    email: UserEmail | UnsetType = UNSET
    current_password: CurrentPassword | UnsetType = UNSET


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new password. It ends all sessions of the person; a browser goes on with a new cookie."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "password": "correct horse battery staple",
        "currentPassword": "correct horse battery",
    }

    password: NewPassword
    current_password: (
        Annotated[CurrentPassword, Meta(description="Not needed within an hour of coming with a login link.")]
        | UnsetType
    ) = UNSET


class SessionItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A login that has not ended."""

    id: UUID
    kind: Annotated[Literal["browser", "program"], Meta(description="A browser's cookie, or an access token.")]
    current: Annotated[bool, Meta(description="Whether it makes this request.")]
    address: Annotated[str | None, Meta(description="Where the login came from, if that is known.")]
    user_agent: Annotated[str | None, Meta(description="What the browser calls itself.")]
    last_used_at: Annotated[Timestamp | None, Meta(description="To the minute; of a program not known.")]
    created_at: Timestamp


class SessionPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All sessions, the latest login first, 200 at most. `nextCursor` is always null."""

    items: list[SessionItem]
    next_cursor: str | None


BODIES = (AccountItem, AccountPatch, PasswordBody, SessionItem, SessionPage)

EXAMPLE: dict[str, Any] = {
    "id": "66666666-6666-4666-8666-666666666666",
    "kind": "person",
    "name": "Ada Example",
    "email": "person@example.com",
    "firstName": "Ada",
    "lastName": "Example",
    "role": "user",
    "scope": None,
    "organization": {"id": "55555555-5555-4555-8555-555555555555", "name": "Example"},
    "customers": [{"id": "11111111-1111-4111-8111-111111111111", "name": "Example Customer"}],
    "sessionId": "99999999-9999-4999-8999-999999999990",
    "expiresAt": None,
    "lastLoginAt": "2026-01-01T12:00:00.000Z",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
SESSION: dict[str, Any] = {
    "id": "99999999-9999-4999-8999-999999999990",
    "kind": "browser",
    "current": True,
    "address": "192.0.2.7",
    "userAgent": "Mozilla/5.0",
    "lastUsedAt": "2026-01-01T12:00:00.000Z",
    "createdAt": "2026-01-01T12:00:00.000Z",
}


def account_item(found: Caller, principal: Principal) -> AccountItem:
    account, token = found.account, found.token
    names = " ".join(filter(None, (account.first_name, account.last_name))) if account else ""
    return AccountItem(
        id=found.public_id,
        kind="person" if account else "token",
        name=names or (account.email if account else "") or (token.name if token else ""),
        email=account.email if account else None,
        first_name=account.first_name if account else None,
        last_name=account.last_name if account else None,
        role=principal.role,
        scope=principal.scope if token else None,
        organization=None
        if found.organization is None
        else NamedItem(id=found.organization.public_id, name=found.organization.name),
        customers=None
        if found.customers is None
        else [NamedItem(id=customer.public_id, name=customer.name) for customer in found.customers],
        session_id=principal.session,
        expires_at=timestamp_or_none(token.expires_at) if token else None,
        last_login_at=timestamp_or_none(account.last_login_at) if account else None,
        created_at=timestamp(found.created_at),
        updated_at=timestamp(account.updated_at if account else found.created_at),
    )


def session_item(session: OwnSession, current: UUID | None) -> SessionItem:
    return SessionItem(
        id=session.public_id,
        kind="browser" if session.cookie else "program",
        current=session.public_id == current,
        address=session.address,
        user_agent=session.user_agent,
        last_used_at=timestamp_or_none(session.last_used_at),
        created_at=timestamp(session.created_at),
    )
