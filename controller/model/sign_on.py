"""Single sign-on of an organization: which provider signs its people in, and what they may then do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.model.accounts import Role

CLIENT_SECRET = "clientSecret"  # noqa: S105 - the name of a field
"""What the secret is called in SignOn.config."""


class GroupRole(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody in a group of the provider may do: a role, limited to these customers (public ids) unless None."""

    group: str
    role: Role
    customers: list[UUID] | None = None


class SignOn(msgspec.Struct, frozen=True, kw_only=True):
    """The provider of an organization (OpenID Connect). `config` holds its clientSecret as it is stored, encrypted;
    without one the client is a public one.

    Of `roles` the first counts whose group the person is in; `default_role` is for everybody else, None refuses them.
    `allowed_email_domains` are in lower case; None allows every address that the provider has verified.
    """

    organization_id: int
    issuer: str
    client_id: str
    config: dict[str, Any] = {}
    scopes: list[str]
    groups_claim: str
    roles: list[GroupRole]
    default_role: Role | None
    create_users: bool
    allowed_email_domains: list[str] | None
    created_at: datetime
    updated_at: datetime


class SignedOn(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a provider has signed in. `subject` is who that is to the provider, for ever."""

    subject: str
    email: str | None
    email_verified: bool
    groups: frozenset[str]
    first_name: str | None = None
    last_name: str | None = None
