"""Customers as our own API reads and answers them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.monitors import check_config, check_email, check_name, check_phone_number
from controller.decisions.notification.rules import check_rules, whole_rules
from controller.http.documents.merge_patch import merged
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.kinds import check_types
from controller.model import Customer
from controller.model.values.countries import country_list
from controller.model.values.ruled import ruled
from controller.model.values.texts import check_text
from controller.operations.accounts.customers import STATUSES, CustomerChange, check_status


class RulesOfCheckType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which kinds of channels are used for one type of check."""

    email: bool | UnsetType | None = UNSET
    sms: bool | UnsetType | None = UNSET
    webhook: bool | UnsetType | None = UNSET
    integrations: bool | UnsetType | None = UNSET


READ_ONLY = frozenset({"id", "smsSentThisMonth", "cancelledAt", "createdAt", "updatedAt"})
NAMES = {
    "allowedCheckCountryCodes": "countries",
    "notificationPhoneNumber": "notificationPhone",
    "packageType": "package",
}
"""Our names of fields that the rules name otherwise."""


def check_notification_rules(rules: Any, *, field: str) -> None:
    check_rules(msgspec.to_builtins(rules), check_types(), field=field)


Name = Annotated[
    str,
    Meta(
        description="1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        examples=["Example Customer"],
        extra=ruled(check_name),
    ),
]
Email = Annotated[
    str,
    Meta(
        description="An e-mail address, or null.",
        max_length=254,
        examples=["customer@example.com"],
        extra=ruled(check_email),
    ),
]
Status = Annotated[
    str,
    Meta(
        description="Default active. Monitors of a customer that is marked_for_cancellation are checked all the same.",
        extra_json_schema={"enum": list(STATUSES)},
        extra=ruled(check_status),
    ),
]
Package = Annotated[
    str,
    Meta(
        description="The key of one of the organization's packages, or any name while it has none; channels can be"
        " limited to some packages.",
        max_length=255,
        extra=ruled(check_text),
    ),
]
NotificationEmail = Annotated[
    str,
    Meta(
        description="Who is told of incidents of its monitors that name nobody themselves.",
        max_length=254,
        extra=ruled(check_email),
    ),
]
NotificationPhone = Annotated[
    str,
    Meta(
        description="A number in E.164 for text messages.",
        max_length=16,
        examples=["+4930123456"],
        extra=ruled(check_phone_number),
    ),
]
Countries = Annotated[
    list[Annotated[str, Meta(min_length=2, max_length=2)]],
    Meta(
        description="Where its monitors are checked from that have no list themselves: ISO 3166-1 alpha-2; null: as the"
        " organization says.",
        max_length=300,
        examples=[["DE", "FR"]],
        extra=ruled(country_list),
    ),
]
Threshold = Annotated[
    int, Meta(description="How many locations must see an outage; null: as the policy says.", ge=1, le=1000)
]
Reports = Annotated[bool, Meta(description="Kept and answered; default false. No reports are sent.")]
CustomFields = Annotated[
    dict[str, Any],
    Meta(
        description="Any JSON, at most 20 levels deep; it is kept as it is.",
        examples=[{"contract": "A-1"}],
        extra=ruled(check_config),
    ),
]


NotificationRules = Annotated[
    dict[str, RulesOfCheckType | None],
    Meta(
        description="For which types of checks which kinds of channels are used. What is missing is as the organization"
        " says, or is used.",
        examples=[{check_types()[0]: {"sms": False}}],
        extra=ruled(check_notification_rules),
    ),
]


class CustomerBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A whole customer. What is left out has its default, which is null where nothing else is said."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Example Customer",
        "email": "customer@example.com",
        "status": "active",
        "package": "basic",
        "notificationEmail": "oncall@example.com",
        "notificationPhone": "+4930123456",
        "countries": ["DE", "FR"],
        "alertLocationThresholdCount": 2,
        "monthlyReportsEnabled": False,
        "customFields": {"contract": "A-1"},
        "notificationRules": {check_types()[0]: {"sms": False}},
    }

    name: Name
    email: Email | None = None
    status: Status = STATUSES[0]
    package: Package | None = None
    notification_email: NotificationEmail | None = None
    notification_phone: NotificationPhone | None = None
    countries: Countries | None = None
    alert_location_threshold_count: Threshold | None = None
    monthly_reports_enabled: Reports = False
    custom_fields: CustomFields | None = None
    notification_rules: NotificationRules | None = None


class CustomerPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is, and null removes; members of `customFields` and of
    `notificationRules` likewise.
    """

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    EXAMPLE: ClassVar[dict[str, Any]] = {"countries": ["DE"], "customFields": {"contract": "A-2", "old": None}}

    name: Name | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    package: Package | UnsetType | None = UNSET
    notification_email: NotificationEmail | UnsetType | None = UNSET
    notification_phone: NotificationPhone | UnsetType | None = UNSET
    countries: Countries | UnsetType | None = UNSET
    alert_location_threshold_count: Threshold | UnsetType | None = UNSET
    monthly_reports_enabled: Reports | UnsetType = UNSET
    custom_fields: CustomFields | UnsetType | None = UNSET
    notification_rules: NotificationRules | UnsetType | None = UNSET


class CustomerItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer. `smsSentThisMonth` changes by itself and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"sms_sent_this_month"})

    id: UUID
    name: Name
    email: Email | None
    status: Status
    package: Package | None
    notification_email: NotificationEmail | None
    notification_phone: NotificationPhone | None
    countries: Countries | None
    alert_location_threshold_count: Threshold | None
    monthly_reports_enabled: Reports
    custom_fields: CustomFields | None
    notification_rules: NotificationRules | None
    sms_sent_this_month: Annotated[
        int,
        Meta(description="Text messages about its incidents this month, by the organization's time zone."),
    ]
    cancelled_at: Annotated[Timestamp | None, Meta(description="Since when it is marked for cancellation.")]
    created_at: Timestamp
    updated_at: Timestamp


class CustomerPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some customers. `nextCursor` is null at the end."""

    items: list[CustomerItem]
    next_cursor: str | None


BODIES = (RulesOfCheckType, CustomerBody, CustomerPatch, CustomerItem, CustomerPage)

EXAMPLE: dict[str, Any] = {
    "id": "11111111-1111-4111-8111-111111111111",
    **CustomerBody.EXAMPLE,
    "smsSentThisMonth": 0,
    "cancelledAt": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def customer_change(body: CustomerBody | CustomerPatch, found: Customer | None = None) -> CustomerChange:
    """`found` is the customer that a patch changes."""
    fields = body.custom_fields
    if found is not None and isinstance(body, CustomerPatch) and isinstance(fields, dict):
        fields = merged(found.custom_fields or {}, fields)
    rules: Any = UNSET if body.notification_rules is UNSET else msgspec.to_builtins(body.notification_rules)
    if isinstance(body, CustomerBody):
        rules = whole_rules(rules, check_types())
    return CustomerChange(
        name=body.name,
        email=body.email,
        status=body.status,
        package_type=body.package,
        notification_email=body.notification_email,
        notification_phone_number=body.notification_phone,
        allowed_check_country_codes=body.countries,
        alert_location_threshold_count=body.alert_location_threshold_count,
        monthly_reports_enabled=body.monthly_reports_enabled,
        custom_fields=fields,
        notification_rules=rules,
    )


def customer_item(customer: Customer, sms_sent: int = 0) -> CustomerItem:
    return CustomerItem(
        id=customer.public_id,
        name=customer.name,
        email=customer.email,
        status=customer.status,
        package=customer.package_type,
        notification_email=customer.notification_email,
        notification_phone=customer.notification_phone_number,
        countries=customer.allowed_check_country_codes,
        alert_location_threshold_count=customer.alert_location_threshold_count,
        monthly_reports_enabled=customer.monthly_reports_enabled,
        custom_fields=customer.custom_fields,
        notification_rules=msgspec.convert(customer.notification_rules, dict[str, RulesOfCheckType | None] | None),
        sms_sent_this_month=sms_sent,
        cancelled_at=timestamp_or_none(customer.cancelled_at),
        created_at=timestamp(customer.created_at),
        updated_at=timestamp(customer.updated_at),
    )
