"""`…/policy/preview` of monitors, customers and organizations: what a change of the policy would have meant."""

from __future__ import annotations

from http import HTTPStatus

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.policies.in_force import change_in_force
from controller.api.v1.policies.preview_answers import EXAMPLE, PolicyPreviewAnswer, preview_answer
from controller.api.v1.policies.schemas import REFUSED_PRESET, TAGS, PolicyBody
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.operations.monitors import policies
from controller.operations.monitors.policies import PolicyOwner
from controller.operations.monitors.previews.preview import preview_policy
from shared.clock import utc_now
from shared.wire.targets import KINDS

_DESCRIPTION = (
    "The same body as a change of the policy; nothing is changed. The stored results of the last 7 days are evaluated"
    " anew, once under the policy that holds and once under the proposed one. Rechecks that were never made are decided"
    " by the next check of the same location. The answer comes within ten seconds, and says of how many monitors it is"
    " when these do not suffice for all."
)
_RESPONSES = {
    200: answers(PolicyPreviewAnswer, "What the policy would have opened", EXAMPLE),
    **problems(
        body=True,
        s400=REFUSED_PRESET,
        s403="Forbidden",
        s404="Not found",
        s429="2 previews are running already, or the database is too slow: try again in a moment",
    ),
}


@post(
    "/api/v1/monitors/{public_id:str}/policy/preview",
    operation_id="previewMonitorPolicy",
    opt={PERMISSION: Permission.CHANGE},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    status_code=HTTPStatus.OK,
    tags=TAGS,
    summary="What another policy of a monitor would have opened",
    description=_DESCRIPTION,
    responses=_RESPONSES,
)
async def preview_monitor_policy(
    public_id: PublicId,
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyPreviewAnswer:
    number = given_uuid(public_id, "publicId")
    owner = await policies.of_monitor(services.database, principal, Permission.CHANGE, KINDS, number)
    return await _previewed(services, owner, data)


@post(
    "/api/v1/customers/{public_id:str}/policy/preview",
    operation_id="previewCustomerPolicy",
    opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    status_code=HTTPStatus.OK,
    tags=TAGS,
    summary="What another policy of a customer would have opened",
    description=_DESCRIPTION,
    responses=_RESPONSES,
)
async def preview_customer_policy(
    public_id: PublicId,
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyPreviewAnswer:
    number = given_uuid(public_id, "publicId")
    owner = await policies.of_customer(services.database, principal, Permission.MANAGE_CUSTOMERS, number)
    return await _previewed(services, owner, data)


@post(
    "/api/v1/organizations/{public_id:str}/policy/preview",
    operation_id="previewOrganizationPolicy",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    status_code=HTTPStatus.OK,
    tags=TAGS,
    summary="What another policy of an organization would have opened",
    description=_DESCRIPTION,
    responses=_RESPONSES,
)
async def preview_organization_policy(
    public_id: PublicId,
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyPreviewAnswer:
    number = given_uuid(public_id, "publicId")
    owner = await policies.of_named_organization(services.database, principal, Permission.MANAGE_ORGANIZATION, number)
    return await _previewed(services, owner, data)


async def _previewed(services: Services, owner: PolicyOwner, body: PolicyBody) -> PolicyPreviewAnswer:
    found = await preview_policy(services.database, services.previews, owner, change_in_force(body), utc_now())
    return preview_answer(found)


ROUTES: list[ControllerRouterHandler] = [
    preview_monitor_policy,
    preview_customer_policy,
    preview_organization_policy,
]
BODIES = (PolicyBody, PolicyPreviewAnswer)
