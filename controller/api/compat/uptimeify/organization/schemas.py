"""The organization as Uptimeify's clients send and read it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.http.timestamps import Timestamp, timestamp
from controller.model import Organization

ID_REQUIRED = "Organization public ID (UUID) required"
REQUIRED = "Organization ID is required in the authenticated session"

Audience = Literal["customer", "organization", "both"]
Line = Annotated[str | None, Meta(description="At most 255 printable characters.")]


class UptimeifyChannelSwitches(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The kinds of channels that are switched on."""

    email: bool | UnsetType = UNSET
    sms: bool | UnsetType = UNSET
    webhook: bool | UnsetType = UNSET
    integrations: bool | UnsetType = UNSET


class Targets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The receivers of each kind of channel."""

    email: Audience | UnsetType = UNSET
    sms: Audience | UnsetType = UNSET
    webhook: Audience | UnsetType = UNSET
    integrations: Audience | UnsetType = UNSET


Rules = Annotated[
    dict[str, UptimeifyChannelSwitches | None] | None,
    Meta(
        description="For each type of check which kinds of channels are used; what is missing is. Null removes a rule.",
        examples=[{"smtp": {"sms": False}}],
    ),
]


class OrganizationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    name: str
    company_name: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    country: str | None
    vat_id: str | None
    billing_email: str | None
    allowed_check_country_codes: list[str] | None
    default_notification_channels: dict[str, bool] | None
    default_notification_targets: dict[str, str] | None
    default_notification_rules: dict[str, dict[str, bool]] | None
    time_zone: str
    created_at: Timestamp
    updated_at: Timestamp


class OrganizationUpdate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "companyName": "Example GmbH",
        "street": "Example Street 1",
        "postalCode": "10115",
        "city": "Berlin",
        "country": "DE",
        "billingEmail": "billing@example.com",
        "defaultNotificationTargets": {"email": "both"},
        "timeZone": "Europe/Berlin",
    }

    name: str | UnsetType = UNSET
    company_name: Line | UnsetType = UNSET
    street: Line | UnsetType = UNSET
    postal_code: Line | UnsetType = UNSET
    city: Line | UnsetType = UNSET
    country: Line | UnsetType = UNSET
    vat_id: Line | UnsetType = UNSET
    billing_email: str | UnsetType | None = UNSET
    allowed_check_country_codes: (
        Annotated[list[str] | None, Meta(description="ISO 3166-1 alpha-2; for monitors and customers without a list.")]
        | UnsetType
    ) = UNSET
    default_notification_channels: UptimeifyChannelSwitches | UnsetType = UNSET
    default_notification_targets: Targets | UnsetType = UNSET
    default_notification_rules: Rules | UnsetType = UNSET
    time_zone: (
        Annotated[
            str, Meta(description="An IANA time zone, in which notifications give times.", examples=["Europe/Berlin"])
        ]
        | UnsetType
    ) = UNSET


class BillingAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Nothing is billed here."""

    billing_email: str | None
    payment_method: None = None


class BillingUpdate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new address; one that is left out stays."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"billingEmail": "billing@example.com"}

    billing_email: str | UnsetType | None = UNSET
    payment_method: Annotated[Any, Meta(description="Must be null: nothing is billed here.")] = None


BODIES = (OrganizationAnswer, OrganizationUpdate, BillingAnswer, BillingUpdate)

BILLING: dict[str, Any] = {"billingEmail": "billing@example.com", "paymentMethod": None}
NO_PAYMENT = "paymentMethod must be null: this installation bills nobody"

EXAMPLE: dict[str, Any] = {
    "id": 1,
    "publicId": "55555555-5555-4555-8555-555555555555",
    "name": "Example",
    "companyName": "Example GmbH",
    "street": "Example Street 1",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
    "vatId": "DE123456789",
    "billingEmail": "billing@example.com",
    "allowedCheckCountryCodes": None,
    "defaultNotificationChannels": {"email": True, "sms": False, "webhook": False, "integrations": True},
    "defaultNotificationTargets": {"email": "both"},
    "defaultNotificationRules": {"smtp": {"sms": False}},
    "timeZone": "Europe/Berlin",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def organization_answer(organization: Organization) -> OrganizationAnswer:
    return OrganizationAnswer(
        id=organization.id,
        public_id=organization.public_id,
        name=organization.name,
        company_name=organization.company_name,
        street=organization.street,
        postal_code=organization.postal_code,
        city=organization.city,
        country=organization.country,
        vat_id=organization.vat_id,
        billing_email=organization.billing_email,
        allowed_check_country_codes=organization.allowed_check_country_codes,
        default_notification_channels=organization.default_notification_channels,
        default_notification_targets=organization.default_notification_targets,
        default_notification_rules=organization.default_notification_rules,
        time_zone=organization.time_zone,
        created_at=timestamp(organization.created_at),
        updated_at=timestamp(organization.updated_at),
    )
