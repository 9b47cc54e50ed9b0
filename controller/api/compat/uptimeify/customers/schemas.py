"""Customers as Uptimeify's clients send and read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.organization.schemas import Rules
from controller.decisions.access import GLOBAL
from controller.errors import ForbiddenError, InvalidError
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import Customer, Principal
from controller.model.packages import UsedPackage
from controller.operations.accounts.customers import STATUSES, CustomerChange

NOT_FOUND = "Customer not found"
ORGANIZATION_REQUIRED = "Organization ID required"

Status = Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES)})]
Package = Annotated[
    str | None, Meta(description="The key of one of the organization's packages; any text while it has none.")
]
Countries = Annotated[
    list[str] | None, Meta(description="ISO 3166-1 alpha-2; for this customer's monitors that have no list.")
]
PhoneNumber = Annotated[str | None, Meta(description="E.164.", examples=["+4930123456"])]
Usage = Annotated[
    int,
    Meta(description="Text messages about its incidents that were sent this month, by the organization's time zone."),
]
Threshold = Annotated[int | None, Meta(extra_json_schema={"minimum": 1, "maximum": 1000})]


class CustomerFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that create and update share."""

    REFUSALS: ClassVar[dict[str, str]] = {"status": "Invalid status"}

    status: Status | UnsetType = UNSET
    package_type: Package | UnsetType = UNSET
    notification_email: str | UnsetType | None = UNSET
    notification_phone_number: PhoneNumber | UnsetType = UNSET
    allowed_check_country_codes: Countries | UnsetType = UNSET
    alert_location_threshold_count: Threshold | UnsetType = UNSET
    monthly_reports_enabled: bool | UnsetType = UNSET
    custom_fields: dict[str, Any] | UnsetType | None = UNSET
    notification_rules: Rules | UnsetType = UNSET


class NewCustomerBody(CustomerFields, frozen=True, kw_only=True, rename="camel"):
    """A customer to create. `organizationId` is for global admins; everybody else has one."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Example Customer",
        "email": "customer@example.com",
        "notificationEmail": "ops@example.com",
        "notificationPhoneNumber": "+4930123456",
        "allowedCheckCountryCodes": ["DE", "US"],
        "status": "active",
        "customFields": {"contract": "A-1"},
    }

    name: Annotated[str, Meta(examples=["Example Customer"])]
    email: Annotated[str | None, Meta(examples=["customer@example.com"])]
    organization_id: int | UnsetType | None = UNSET


class CustomerUpdate(CustomerFields, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Example Customer",
        "notificationEmail": "night@example.com",
        "allowedCheckCountryCodes": None,
    }

    name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET


class CustomerAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    organization_id: int
    name: str
    email: str | None
    notification_email: str | None
    notification_phone_number: str | None
    package_id: int | None
    package_type: str | None
    package_display_name: str | None
    status: str
    allowed_check_country_codes: list[str] | None
    alert_location_threshold_count: int | None
    cancellation_date: Timestamp | None
    cancelled_at: Timestamp | None
    custom_fields: dict[str, Any] | None
    monthly_reports_enabled: bool
    notification_channels: None = None
    notification_targets: None = None
    notification_rules: dict[str, dict[str, bool]] | None
    sms_usage_current_month: Usage
    created_at: Timestamp
    updated_at: Timestamp


class CustomerCreated(msgspec.Struct, frozen=True, kw_only=True):
    success: bool
    customer: CustomerAnswer


BODIES = (NewCustomerBody, CustomerUpdate, CustomerAnswer, CustomerCreated)

EXAMPLE: dict[str, Any] = {
    "id": 10,
    "publicId": "11111111-1111-4111-8111-111111111111",
    "organizationId": 1,
    "name": "Example Customer",
    "email": "customer@example.com",
    "notificationEmail": None,
    "notificationPhoneNumber": None,
    "packageId": None,
    "packageType": "basic",
    "packageDisplayName": "basic",
    "status": "active",
    "allowedCheckCountryCodes": None,
    "alertLocationThresholdCount": None,
    "cancellationDate": None,
    "cancelledAt": None,
    "customFields": {"contract": "A-1"},
    "monthlyReportsEnabled": False,
    "notificationChannels": None,
    "notificationTargets": None,
    "notificationRules": None,
    "smsUsageCurrentMonth": 0,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def check_organization(principal: Principal, number: int) -> None:
    """Refuse another organization than the caller's. One vendor's client sends 0 by mistake, which counts as missing.

    Raises InvalidError, ForbiddenError.
    """
    if number == 0:
        raise InvalidError("organizationId", "is required", message=ORGANIZATION_REQUIRED)
    if principal.role not in GLOBAL and number != principal.organization_id:
        raise ForbiddenError


def customer_change(body: CustomerFields) -> CustomerChange:
    values = msgspec.structs.asdict(body)
    values.pop("organization_id", None)
    if values["notification_rules"] is not UNSET:
        values["notification_rules"] = msgspec.to_builtins(values["notification_rules"])
    return CustomerChange(**values)


def customer_answer(customer: Customer, packages: Sequence[UsedPackage], sms_sent: int = 0) -> CustomerAnswer:
    """`packages` are the organization's, and `sms_sent` is how many text messages were sent this month; a new customer
    has none.
    """
    package = next((one.package for one in packages if one.package.package_type == customer.package_type), None)
    return CustomerAnswer(
        id=customer.id,
        public_id=customer.public_id,
        organization_id=customer.organization_id,
        name=customer.name,
        email=customer.email,
        notification_email=customer.notification_email,
        notification_phone_number=customer.notification_phone_number,
        package_id=package.id if package else None,
        package_type=customer.package_type,
        package_display_name=package.display_name if package else customer.package_type,
        status=customer.status,
        allowed_check_country_codes=customer.allowed_check_country_codes,
        alert_location_threshold_count=customer.alert_location_threshold_count,
        cancellation_date=timestamp_or_none(customer.cancelled_at),
        cancelled_at=timestamp_or_none(customer.cancelled_at),
        custom_fields=customer.custom_fields,
        notification_rules=customer.notification_rules,
        monthly_reports_enabled=customer.monthly_reports_enabled,
        sms_usage_current_month=sms_sent,
        created_at=timestamp(customer.created_at),
        updated_at=timestamp(customer.updated_at),
    )
