"""Organizations, their customers, people and tokens, and the principal that makes a request."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from controller.errors import OrganizationRequiredError


class Role(StrEnum):
    """The role of an account, or of the token of an organization or a customer (decisions.access)."""

    ADMIN = "admin"
    USER = "user"
    EDITOR = "editor"
    READONLY = "readonly"
    GLOBAL_SUPPORTER = "global_supporter"
    GLOBAL_ADMIN = "global_admin"


class TokenScope(StrEnum):
    """What an API token may do of what its role may: read, also write what concerns monitors, or everything."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class ServicePerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in an on-call service, for example "PagerDuty: Jane Doe", and the channel to that service."""

    name: str
    channel_id: int


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request: an API token (`token_id`), a person (`account_id`) or a screen on a wall (`screen_id`).

    `works_in` is the organization this request is about: the principal's own, or the one a global role named; None for
    a global admin who named none. `customer_ids` are the customers it is limited to; None is no limit. `session` is a
    person's, and `address` the client's, for the audit log. `machine` marks the token that a program on the
    controller's own machine keeps for itself; its requests count against no rate limit. `scope` limits a token; a
    person has no other limit than the role. `service` is who acts in an on-call service, whose webhook this is.
    """

    works_in: int | None
    role: Role
    customer_ids: frozenset[int] | None = None
    token_id: int | None = None
    account_id: int | None = None
    session: UUID | None = None
    address: str | None = None
    machine: bool = False
    scope: TokenScope = TokenScope.ADMIN
    screen_id: int | None = None
    service: ServicePerson | None = None

    @property
    def name(self) -> str:
        """The key under which everything of one token, one person or one screen is counted."""
        if self.screen_id is not None:
            return f"screen:{self.screen_id}"
        return f"account:{self.account_id}" if self.token_id is None else f"token:{self.token_id}"

    @property
    def organization_id(self) -> int:
        """Raises OrganizationRequiredError when the request names no organization."""
        if self.works_in is None:
            raise OrganizationRequiredError
        return self.works_in


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of customers, people and monitors. The default notification channels and targets are stored as sent;
    the rules say for each type of check which kinds of channels are used. Times in notifications are in `time_zone`
    (an IANA name).
    """

    id: int
    public_id: UUID
    name: str
    company_name: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    vat_id: str | None = None
    billing_email: str | None = None
    allowed_check_country_codes: list[str] | None = None
    default_notification_channels: dict[str, Any] | None = None
    default_notification_targets: dict[str, Any] | None = None
    default_notification_rules: dict[str, Any] | None = None
    time_zone: str = "UTC"
    created_at: datetime
    updated_at: datetime


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that monitors belong to. `status` is active or marked_for_cancellation; `package_type` is the key of
    one of the organization's packages, or any text while it has none.
    """

    id: int
    public_id: UUID
    organization_id: int
    name: str
    email: str | None = None
    status: str = "active"
    package_type: str | None = None
    notification_email: str | None = None
    notification_phone_number: str | None = None
    allowed_check_country_codes: list[str] | None = None
    alert_location_threshold_count: int | None = None
    monthly_reports_enabled: bool = False
    custom_fields: dict[str, Any] | None = None
    notification_rules: dict[str, Any] | None = None
    cancelled_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person who can log in. `customer_ids` are the customers the account is limited to; None is no limit."""

    id: int
    public_id: UUID
    organization_id: int
    email: str
    first_name: str | None
    last_name: str | None
    role: Role
    customer_ids: list[int] | None
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without its secret; `hint` is its beginning. Without a customer it is the organization's."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int | None
    customer_public_id: UUID | None
    customer_name: str | None
    name: str
    scope: TokenScope
    hint: str
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its person sees it: a browser's, or with an access token (not `cookie`) a program's, whose last use
    is not known. `current` is the one that makes the request.
    """

    public_id: UUID
    cookie: bool
    address: str | None
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime | None
    current: bool
