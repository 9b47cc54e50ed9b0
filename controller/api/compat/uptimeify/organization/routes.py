"""`/api/organization`, and its other paths that clients use: the organization of the caller."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get, patch
from litestar.params import JSONBody
from msgspec import UNSET

from controller.api.compat.uptimeify.organization.schemas import (
    BILLING,
    EXAMPLE,
    ID_REQUIRED,
    NO_PAYMENT,
    REQUIRED,
    BillingAnswer,
    BillingUpdate,
    OrganizationAnswer,
    OrganizationUpdate,
    organization_answer,
)
from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import organizations
from controller.operations.accounts.organizations import OrganizationChange


def _operation_id(_: object, __: object, path: list[Any]) -> str:
    return "uptimeifyGetOrganization" if path[-1] == "organization" else "uptimeifyGetOwnOrganization"


@get(
    ["/api/organization", "/api/organizations"],
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Organization"],
    operation_id=_operation_id,
    summary="The caller's organization",
    responses={
        200: answers(OrganizationAnswer, "The organization", EXAMPLE),
        **refusals(s400=REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def get_organization(
    services: GivenServices,
    principal: GivenPrincipal,
    message: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> OrganizationAnswer:
    return organization_answer(await organizations.get_organization(services.database, principal))


@get(
    "/api/organizations/{public_id:str}",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Organization"],
    operation_id="uptimeifyGetOrganizationById",
    summary="An organization by its public id",
    responses={
        200: answers(OrganizationAnswer, "The organization", EXAMPLE),
        **refusals(s400=ID_REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def get_organization_by_id(
    public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> OrganizationAnswer:
    message = monitor_public_id(public_id, message=ID_REQUIRED)
    return organization_answer(await organizations.get_organization(services.database, principal, message))


@patch(
    "/api/organization",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[OrganizationUpdate],
    return_dto=None,
    security=SECURITY,
    tags=["Organization"],
    operation_id="uptimeifyUpdateOrganization",
    summary="Change the organization",
    responses={
        200: answers(OrganizationAnswer, "The organization as it is now", EXAMPLE),
        **refusals(body=True, s400=REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def update_organization(
    data: JSONBody[OrganizationUpdate],
    services: GivenServices,
    principal: GivenPrincipal,
    message: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> OrganizationAnswer:
    values = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    for defaults in ("default_notification_channels", "default_notification_targets", "default_notification_rules"):
        if defaults in values:
            values[defaults] = msgspec.to_builtins(values[defaults])
    change = OrganizationChange(**values)
    return organization_answer(await organizations.update_organization(services.database, principal, change))


@get(
    "/api/organization/billing",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Organization"],
    operation_id="uptimeifyGetOrganizationBilling",
    summary="How the organization is billed: not at all",
    responses={
        200: answers(BillingAnswer, "Where bills would go", BILLING),
        **refusals(s400=REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def get_billing(
    services: GivenServices,
    principal: GivenPrincipal,
    message: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> BillingAnswer:
    found = await organizations.get_organization(services.database, principal)
    return BillingAnswer(billing_email=found.billing_email)


@patch(
    "/api/organization/billing",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[BillingUpdate],
    return_dto=None,
    security=SECURITY,
    tags=["Organization"],
    operation_id="uptimeifyUpdateOrganizationBilling",
    summary="Change where bills would go",
    responses={
        200: answers(BillingAnswer, "Where bills would go now", BILLING),
        **refusals(body=True, s400=NO_PAYMENT, s403="Forbidden", s404="Not found"),
    },
)
async def update_billing(
    data: JSONBody[BillingUpdate],
    services: GivenServices,
    principal: GivenPrincipal,
    message: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> BillingAnswer:
    if data.payment_method is not None:
        raise InvalidError("paymentMethod", "must be null", message=NO_PAYMENT)
    change = OrganizationChange(billing_email=data.billing_email)
    changed = await organizations.update_organization(services.database, principal, change)
    return BillingAnswer(billing_email=changed.billing_email)


ROUTES = [get_organization, get_organization_by_id, update_organization, get_billing, update_billing]
