"""`/api/v1/organizations`: everybody finds their organization here, and global admins add more."""

from __future__ import annotations

from litestar import get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.organizations.schemas import (
    EXAMPLE,
    NewOrganization,
    OrganizationItem,
    OrganizationsAnswer,
    organization_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, refusals
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import all_organizations

_TAGS = ["Organizations"]


@get(
    "/api/v1/organizations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="List all organizations for global roles, and the own one for all others",
    responses={
        200: answers(OrganizationsAnswer, "Oldest first, 1,000 at most", {"organizations": [EXAMPLE]}),
        **refusals(s403="Forbidden"),
    },
)
async def list_organizations(services: GivenServices, principal: GivenPrincipal) -> OrganizationsAnswer:
    found = await all_organizations.list_organizations(services.database, principal)
    return OrganizationsAnswer(organizations=[organization_item(one) for one in found])


@post(
    "/api/v1/organizations",
    opt={PERMISSION: Permission.MANAGE_ALL_ORGANIZATIONS},
    status_code=200,
    dto=JsonBody[NewOrganization],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Add an organization, with a customer of the name Default; for global admins",
    responses={
        200: answers(OrganizationItem, "The new organization", EXAMPLE),
        **refusals(
            body=True,
            s400="name must be 1 to 255 printable characters",
            s403="Forbidden",
            s409="An organization with this name exists already",
        ),
    },
)
async def create_organization(
    data: JSONBody[NewOrganization], services: GivenServices, principal: GivenPrincipal
) -> OrganizationItem:
    return organization_item(await all_organizations.create_organization(services.database, principal, data.name))


ROUTES: list[ControllerRouterHandler] = [list_organizations, create_organization]
