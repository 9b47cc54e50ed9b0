"""`/api/customers` as Uptimeify's clients know it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Meta, UnsetType

from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import INVALID_CUSTOMER, customer_identifier, organization_number
from controller.api.http.openapi import answers, refusals
from controller.api.http.parameters import OrganizationId
from controller.api.http.problems import FAILED
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.api.http.timestamps import Moment, moment, moment_or_none
from controller.decisions.access import GLOBAL, Permission
from controller.errors import ForbiddenError, InvalidError
from controller.model import Customer, Principal
from controller.operations.accounts import customers
from controller.operations.accounts.customers import STATUSES, CustomerChange

_NOT_FOUND = "Customer not found"
_ORGANIZATION_REQUIRED = "Organization ID required"

CustomerPath = Annotated[str, PathParameter(description="The public UUID, or the number.")]
Status = Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES)})]
Package = Annotated[str | None, Meta(description="Kept and returned; there are no packages that limit anything.")]
Countries = Annotated[
    list[str] | None, Meta(description="ISO 3166-1 alpha-2; for this customer's monitors that have no list.")
]
PhoneNumber = Annotated[str | None, Meta(description="E.164.", examples=["+4930123456"])]
Threshold = Annotated[int | None, Meta(extra_json_schema={"minimum": 1, "maximum": 1000})]


class CustomerFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What create and update have in common."""

    REFUSALS: ClassVar[dict[str, str]] = {"status": "Invalid status"}

    status: Status | UnsetType = UNSET
    package_type: Package | UnsetType = UNSET
    notification_email: str | UnsetType | None = UNSET
    notification_phone_number: PhoneNumber | UnsetType = UNSET
    allowed_check_country_codes: Countries | UnsetType = UNSET
    alert_location_threshold_count: Threshold | UnsetType = UNSET
    monthly_reports_enabled: bool | UnsetType = UNSET
    custom_fields: dict[str, Any] | UnsetType | None = UNSET


class NewCustomerBody(CustomerFields, frozen=True, kw_only=True, rename="camel"):
    """A customer to create. `organizationId` is for global admins; everybody else has one."""

    name: Annotated[str, Meta(examples=["Example Customer"])]
    email: Annotated[str | None, Meta(examples=["customer@example.com"])]
    organization_id: int | UnsetType | None = UNSET


class CustomerUpdate(CustomerFields, frozen=True, kw_only=True, rename="camel"):
    """New values; what is left out stays as it is."""

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
    package_id: None = None
    package_type: str | None
    package_display_name: str | None
    status: str
    allowed_check_country_codes: list[str] | None
    alert_location_threshold_count: int | None
    cancellation_date: Moment | None
    cancelled_at: Moment | None
    custom_fields: dict[str, Any] | None
    monthly_reports_enabled: bool
    notification_channels: None = None
    notification_targets: None = None
    notification_rules: None = None
    sms_usage_current_month: int = 0
    created_at: Moment
    updated_at: Moment


class CustomerCreated(msgspec.Struct, frozen=True, kw_only=True):
    success: bool
    customer: CustomerAnswer


BODIES = (NewCustomerBody, CustomerUpdate, CustomerAnswer, CustomerCreated)

_EXAMPLE: dict[str, Any] = {
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


class Customers(Controller):
    path = "/api/customers"
    tags = ("Customers",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        summary="List customers",
        responses={
            200: answers(list[CustomerAnswer], "Customers, oldest first, 10,000 at most", [_EXAMPLE]),
            **refusals(s400=_ORGANIZATION_REQUIRED, s403="Forbidden"),
        },
    )
    async def list_customers(
        self, services: GivenServices, principal: GivenPrincipal, organization_id: OrganizationId = None
    ) -> list[CustomerAnswer]:
        if organization_id is not None:
            _check_organization(principal, organization_number(organization_id))
        return [_answer(customer) for customer in await customers.list_customers(services.database, principal)]

    @post(
        opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
        status_code=200,
        dto=JsonBody[NewCustomerBody],
        return_dto=None,
        summary="Create a customer",
        responses={
            200: answers(CustomerCreated, "The new customer", {"success": True, "customer": _EXAMPLE}),
            **refusals(body=True, s400="name is required", s403="Forbidden"),
        },
    )
    async def create_customer(
        self, data: JSONBody[NewCustomerBody], services: GivenServices, principal: GivenPrincipal
    ) -> CustomerCreated:
        organization_id = data.organization_id
        if isinstance(organization_id, int):
            _check_organization(principal, organization_id)
        else:
            organization_id = principal.organization_id
        customer = await customers.create_customer(services.database, principal, organization_id, _change(data))
        return CustomerCreated(success=True, customer=_answer(customer))

    @get(
        "/{customer_id:str}",
        opt={PERMISSION: Permission.READ},
        summary="Get a customer",
        responses={
            200: answers(CustomerAnswer, "The customer", _EXAMPLE),
            **refusals(s400=INVALID_CUSTOMER, s403="Forbidden", s404=_NOT_FOUND),
        },
    )
    async def get_customer(
        self, customer_id: CustomerPath, services: GivenServices, principal: GivenPrincipal
    ) -> CustomerAnswer:
        return _answer(await customers.get_customer(services.database, principal, customer_identifier(customer_id)))

    @patch(
        "/{customer_id:str}",
        opt={PERMISSION: Permission.MANAGE_CUSTOMERS, FAILED: "Failed to update customer"},
        dto=JsonBody[CustomerUpdate],
        return_dto=None,
        summary="Update a customer",
        responses={
            200: answers(CustomerAnswer, "The customer as it is now", _EXAMPLE),
            **refusals(
                body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s404=_NOT_FOUND, s500="Failed to update customer"
            ),
        },
    )
    async def update_customer(
        self,
        customer_id: CustomerPath,
        data: JSONBody[CustomerUpdate],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> CustomerAnswer:
        identifier = customer_identifier(customer_id)
        return _answer(await customers.update_customer(services.database, principal, identifier, _change(data)))


def _check_organization(principal: Principal, number: int) -> None:
    """One vendor's client sends 0 for its own mistake. Raises InvalidError, ForbiddenError."""
    if number == 0:
        raise InvalidError("organizationId", "is required", message=_ORGANIZATION_REQUIRED)
    if principal.role not in GLOBAL and number != principal.organization_id:
        raise ForbiddenError


def _change(body: CustomerFields) -> CustomerChange:
    values = msgspec.structs.asdict(body)
    values.pop("organization_id", None)
    return CustomerChange(**values)


def _answer(customer: Customer) -> CustomerAnswer:
    return CustomerAnswer(
        id=customer.id,
        public_id=customer.public_id,
        organization_id=customer.organization_id,
        name=customer.name,
        email=customer.email,
        notification_email=customer.notification_email,
        notification_phone_number=customer.notification_phone_number,
        package_type=customer.package_type,
        package_display_name=customer.package_type,
        status=customer.status,
        allowed_check_country_codes=customer.allowed_check_country_codes,
        alert_location_threshold_count=customer.alert_location_threshold_count,
        cancellation_date=moment_or_none(customer.cancelled_at),
        cancelled_at=moment_or_none(customer.cancelled_at),
        custom_fields=customer.custom_fields,
        monthly_reports_enabled=customer.monthly_reports_enabled,
        created_at=moment(customer.created_at),
        updated_at=moment(customer.updated_at),
    )
