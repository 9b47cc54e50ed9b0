"""Organizations as our own API reads and answers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.customers.schemas import Countries, RulesOfCheckType, check_notification_rules
from controller.api.v1.organizations import defaults
from controller.api.v1.organizations.defaults import MonitorDefaults, MonitorDefaultsPatch, monitor_defaults
from controller.api.v1.organizations.kept import KeptAnswer, ShorteningAnswer, kept_answer, shortening_answer
from controller.decisions.maintenance.time_zones import check_time_zone
from controller.decisions.monitors.monitors import check_email, check_name
from controller.http.timestamps import Timestamp, timestamp
from controller.kinds import check_types
from controller.model import Location, Organization
from controller.model.values.ruled import ruled
from controller.model.values.texts import check_text
from controller.operations.accounts.settings import OrganizationSettings
from controller.store.accounts.all_organizations import ListedOrganization

READ_ONLY = frozenset({"id", "number", "kept", "shortening", "createdAt", "updatedAt"})
NAMES = {
    "allowedCheckCountryCodes": "countries",
    "defaultNotificationRules": "notificationRules",
    "home_location": "defaults.homeLocation",
    "locations": "defaults.locations",
}
"""Our names of fields that the rules name otherwise."""


def _check_name(name: str, *, field: str) -> None:
    check_name(name.strip(), field=field)


OrganizationName = Annotated[
    str,
    Meta(
        description="1 to 255 printable characters; spaces around it are removed.",
        min_length=1,
        max_length=255,
        examples=["Example"],
        extra=ruled(_check_name),
    ),
]
Line = Annotated[
    str, Meta(description="At most 255 printable characters, or null.", max_length=255, extra=ruled(check_text))
]
BillingEmail = Annotated[str, Meta(description="An e-mail address, or null.", max_length=254, extra=ruled(check_email))]
TimeZone = Annotated[
    str,
    Meta(
        description="An IANA time zone, in which notifications give times; default UTC.",
        max_length=100,
        examples=["Europe/Berlin"],
        extra=ruled(check_time_zone),
    ),
]
KeepDays = Annotated[
    int, Meta(description="Days that results are kept, at most what the installation keeps; null: that.", ge=1)
]
KeepMonths = Annotated[
    int, Meta(description="Months that summaries are kept, at most what the installation keeps; null: that.", ge=1)
]
Audience = Literal["customer", "organization", "both"]


NotificationRules = Annotated[
    dict[str, RulesOfCheckType | None],
    Meta(
        description="For which types of checks which kinds of channels are used, for customers whose own rules do not"
        " say; what is missing is used.",
        examples=[{check_types()[0]: {"sms": False}}],
        extra=ruled(check_notification_rules),
    ),
]


class NewOrganization(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`name` is one that no other organization has, in upper or lower case."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Harbour"}

    name: OrganizationName


class ChannelSwitches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kinds of channels are switched on for new customers; what is left out stays, null removes it."""

    email: bool | UnsetType | None = UNSET
    sms: bool | UnsetType | None = UNSET
    webhook: bool | UnsetType | None = UNSET
    integrations: bool | UnsetType | None = UNSET


class ChannelAudiences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told by each kind of channel; what is left out stays, null removes it."""

    email: Audience | UnsetType | None = UNSET
    sms: Audience | UnsetType | None = UNSET
    webhook: Audience | UnsetType | None = UNSET
    integrations: Audience | UnsetType | None = UNSET


class OrganizationPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is, and null removes. All of it is changed, or nothing."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "city": "Berlin",
        "timeZone": "Europe/Berlin",
        "countries": ["DE", "FR"],
        "notificationTargets": {"email": "both"},
        "notificationRules": {check_types()[0]: {"sms": False}},
        "defaults": {"interval": 300, "policyPreset": None},
    }

    name: OrganizationName | UnsetType = UNSET
    company_name: Line | UnsetType | None = UNSET
    street: Line | UnsetType | None = UNSET
    postal_code: Line | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    country: Line | UnsetType | None = UNSET
    vat_id: Line | UnsetType | None = UNSET
    billing_email: BillingEmail | UnsetType | None = UNSET
    countries: Countries | UnsetType | None = UNSET
    notification_channels: ChannelSwitches | UnsetType = UNSET
    notification_targets: ChannelAudiences | UnsetType = UNSET
    notification_rules: NotificationRules | UnsetType | None = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    defaults: MonitorDefaultsPatch | UnsetType | None = UNSET
    keep_results_days: KeepDays | UnsetType | None = UNSET
    keep_rollups_months: KeepMonths | UnsetType | None = UNSET
    dry_run: Annotated[
        bool,
        Meta(
            description="Default false. Change nothing, and answer what would be removed; with keepResultsDays and"
            " keepRollupsMonths alone."
        ),
    ] = False


class OrganizationItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`number` is how the vendors' groups of routes name it."""

    id: UUID
    number: int
    name: str
    created_at: Timestamp
    updated_at: Timestamp


class OrganizationDetails(OrganizationItem, frozen=True, kw_only=True, rename="camel"):
    """`kept` is what holds now, and `shortening` what will hold, null when nothing is to be removed; both change by
    themselves and are not in the ETag.
    """

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"kept", "shortening"})

    company_name: Line | None
    street: Line | None
    postal_code: Line | None
    city: Line | None
    country: Line | None
    vat_id: Line | None
    billing_email: BillingEmail | None
    countries: Countries | None
    notification_channels: Annotated[dict[str, bool], Meta(description="Which kinds of channels are switched on.")]
    notification_targets: Annotated[dict[str, Audience], Meta(description="Who is told by each kind of channel.")]
    notification_rules: NotificationRules
    time_zone: TimeZone
    defaults: MonitorDefaults
    keep_results_days: KeepDays | None
    keep_rollups_months: KeepMonths | None
    kept: KeptAnswer
    shortening: ShorteningAnswer | None


class OrganizationPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some organizations. `nextCursor` is null at the end."""

    items: list[OrganizationItem]
    next_cursor: str | None


BODIES = (NewOrganization, OrganizationPatch, OrganizationItem, OrganizationDetails, OrganizationPage)

EXAMPLE: dict[str, Any] = {
    "id": "55555555-5555-4555-8555-555555555555",
    "number": 2,
    "name": "Example",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
DETAILS: dict[str, Any] = {
    **EXAMPLE,
    "companyName": "Example GmbH",
    "street": "Example Street 1",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
    "vatId": "DE123456789",
    "billingEmail": "billing@example.com",
    "countries": None,
    "notificationChannels": {"email": True, "sms": False},
    "notificationTargets": {"email": "both"},
    "notificationRules": {check_types()[0]: {"sms": False}},
    "timeZone": "Europe/Berlin",
    "defaults": defaults.EXAMPLE,
    "keepResultsDays": 7,
    "keepRollupsMonths": None,
    "kept": {
        "resultsDays": 30,
        "passedDays": 400,
        "rollupsMonths": 24,
        "resultsSince": "2025-12-02T00:00:00.000Z",
        "passedSince": "2024-11-27T00:00:00.000Z",
        "rollupsSince": "2024-01-01T00:00:00.000Z",
    },
    "shortening": {
        "resultsDays": 7,
        "passedDays": 7,
        "rollupsMonths": 24,
        "takesEffectAt": "2026-01-02T12:00:00.000Z",
        "resultsRemoved": 1_987_200,
        "rollupsRemoved": 0,
    },
}


def organization_item(organization: Organization | ListedOrganization) -> OrganizationItem:
    return OrganizationItem(
        id=organization.public_id,
        number=organization.id,
        name=organization.name,
        created_at=timestamp(organization.created_at),
        updated_at=timestamp(organization.updated_at),
    )


def organization_details(found: OrganizationSettings, locations: Sequence[Location]) -> OrganizationDetails:
    organization, retention = found.retention.organization, found.retention
    return OrganizationDetails(
        **msgspec.structs.asdict(organization_item(organization)),
        company_name=organization.company_name,
        street=organization.street,
        postal_code=organization.postal_code,
        city=organization.city,
        country=organization.country,
        vat_id=organization.vat_id,
        billing_email=organization.billing_email,
        countries=organization.allowed_check_country_codes,
        notification_channels=organization.default_notification_channels or {},
        notification_targets=organization.default_notification_targets or {},
        notification_rules=msgspec.convert(
            organization.default_notification_rules or {}, dict[str, RulesOfCheckType | None]
        ),
        time_zone=organization.time_zone,
        defaults=monitor_defaults(found.defaults, locations),
        keep_results_days=retention.chosen.results_days,
        keep_rollups_months=retention.chosen.rollups_months,
        kept=kept_answer(retention),
        shortening=shortening_answer(retention),
    )
