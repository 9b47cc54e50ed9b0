"""`/api/organization`, with the other names its clients use: the organization of whoever asks."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import get, patch
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import monitor_public_id
from controller.api.http.openapi import answers, refusals
from controller.api.http.parameters import OrganizationId, PublicId
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.api.http.timestamps import Moment, moment
from controller.decisions.access import Permission
from controller.model import Organization
from controller.operations.accounts import organizations
from controller.operations.accounts.organizations import OrganizationChange

_WANTED = "Organization public ID (UUID) required"
_REQUIRED = "Organization ID is required in the authenticated session"

Audience = Literal["customer", "organization", "both"]
Line = Annotated[str | None, Meta(description="At most 255 printable characters.")]


class Channels(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By which ways people are told."""

    email: bool | UnsetType = UNSET
    sms: bool | UnsetType = UNSET
    webhook: bool | UnsetType = UNSET
    integrations: bool | UnsetType = UNSET


class Targets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is told, by each way."""

    email: Audience | UnsetType = UNSET
    sms: Audience | UnsetType = UNSET
    webhook: Audience | UnsetType = UNSET
    integrations: Audience | UnsetType = UNSET


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
    time_zone: str
    created_at: Moment
    updated_at: Moment


class OrganizationUpdate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """New values; what is left out stays as it is."""

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
    default_notification_channels: Channels | UnsetType = UNSET
    default_notification_targets: Targets | UnsetType = UNSET
    time_zone: (
        Annotated[str, Meta(description="An IANA time zone: people are told times in it.", examples=["Europe/Berlin"])]
        | UnsetType
    ) = UNSET


BODIES = (OrganizationAnswer, OrganizationUpdate)

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
    "timeZone": "Europe/Berlin",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


@get(
    ["/api/organization", "/api/organizations"],
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Organization"],
    summary="The organization of whoever asks",
    responses={
        200: answers(OrganizationAnswer, "The organization", EXAMPLE),
        **refusals(s400=_REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def get_organization(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> OrganizationAnswer:
    return _answer(await organizations.get_organization(services.database, principal))


@get(
    "/api/organizations/{public_id:str}",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Organization"],
    summary="An organization by its public id",
    responses={
        200: answers(OrganizationAnswer, "The organization", EXAMPLE),
        **refusals(s400=_WANTED, s403="Forbidden", s404="Not found"),
    },
)
async def get_organization_by_id(
    public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> OrganizationAnswer:
    wanted = monitor_public_id(public_id, wanted=_WANTED)
    return _answer(await organizations.get_organization(services.database, principal, wanted))


@patch(
    "/api/organization",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[OrganizationUpdate],
    return_dto=None,
    security=SECURITY,
    tags=["Organization"],
    summary="Change the organization",
    responses={
        200: answers(OrganizationAnswer, "The organization as it is now", EXAMPLE),
        **refusals(body=True, s400=_REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def update_organization(
    data: JSONBody[OrganizationUpdate],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> OrganizationAnswer:
    values = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    for defaults in ("default_notification_channels", "default_notification_targets"):
        if defaults in values:
            values[defaults] = msgspec.to_builtins(values[defaults])
    change = OrganizationChange(**values)
    return _answer(await organizations.update_organization(services.database, principal, change))


ROUTES = [get_organization, get_organization_by_id, update_organization]


def _answer(organization: Organization) -> OrganizationAnswer:
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
        time_zone=organization.time_zone,
        created_at=moment(organization.created_at),
        updated_at=moment(organization.updated_at),
    )
