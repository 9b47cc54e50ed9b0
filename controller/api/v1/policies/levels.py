"""`…/policy` of monitors, customers and organizations, as our own API has them."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, patch
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.policies.in_force import IN_FORCE, PolicyInForce, change_in_force, policy_in_force
from controller.api.v1.policies.schemas import REFUSED_PRESET, TAGS, PolicyBody
from controller.decisions.access import Permission
from controller.decisions.evaluation.policies import Effective
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_match, tagged
from controller.http.identifiers import given_uuid
from controller.http.openapi import problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.monitors import policies
from controller.operations.monitors.policies import PolicyChange, PolicyOwner
from shared.wire.targets import KINDS

_Request = Request[Principal, Any, Any]

_MONITOR = "/api/v1/monitors/{public_id:str}/policy"
_CUSTOMER = "/api/v1/customers/{public_id:str}/policy"
_ORGANIZATION = "/api/v1/organizations/{public_id:str}/policy"
_ID = "publicId must be a UUID"
_NEAREST = (
    "The nearest policy that is set holds: the monitor's, its customer's, its organization's, or the standard one."
)
_CHANGING = (
    "Only the fields that are sent are changed; the policy that holds is the start, or `preset` when it is sent. What"
    ' results is the own policy of this level. `{"preset": null}` removes it, so that the level above holds again.'
)
_READ = problems(s400=_ID, s403="Forbidden", s404="Not found")
_CHANGED = problems(
    body=True, s400=REFUSED_PRESET, s403="Forbidden", s404="Not found", s412="The object has changed: read it again"
)


@get(
    _MONITOR,
    operation_id="getMonitorPolicy",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="The policy of a monitor: when its failures are believed",
    description=_NEAREST,
    responses={200: IN_FORCE, **_READ},
)
async def get_monitor_policy(
    request: _Request,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PolicyInForce]:
    return await _shown(request, services, await _monitor(services, principal, Permission.READ, public_id))


@patch(
    _MONITOR,
    operation_id="updateMonitorPolicy",
    opt={PERMISSION: Permission.CHANGE},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Change the policy of a monitor",
    description=_CHANGING,
    responses={200: IN_FORCE, **_CHANGED},
)
async def update_monitor_policy(
    request: _Request,
    public_id: PublicId,
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PolicyInForce]:
    owner = await _monitor(services, principal, Permission.CHANGE, public_id)
    return await _changed(request, services, owner, data)


@get(
    _CUSTOMER,
    operation_id="getCustomerPolicy",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="The policy of a customer: when failures of its monitors are believed",
    description=_NEAREST,
    responses={200: IN_FORCE, **_READ},
)
async def get_customer_policy(
    request: _Request,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PolicyInForce]:
    return await _shown(request, services, await _customer(services, principal, Permission.READ, public_id))


@patch(
    _CUSTOMER,
    operation_id="updateCustomerPolicy",
    opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Change the policy of a customer",
    description=_CHANGING,
    responses={200: IN_FORCE, **_CHANGED},
)
async def update_customer_policy(
    request: _Request,
    public_id: PublicId,
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PolicyInForce]:
    owner = await _customer(services, principal, Permission.MANAGE_CUSTOMERS, public_id)
    return await _changed(request, services, owner, data)


@get(
    _ORGANIZATION,
    operation_id="getOrganizationPolicy",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="The policy of an organization: when failures of its monitors are believed",
    description=_NEAREST,
    responses={200: IN_FORCE, **_READ},
)
async def get_organization_policy(
    request: _Request,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PolicyInForce]:
    return await _shown(request, services, await _organization(services, principal, Permission.READ, public_id))


@patch(
    _ORGANIZATION,
    operation_id="updateOrganizationPolicy",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Change the policy of an organization",
    description=_CHANGING,
    responses={200: IN_FORCE, **_CHANGED},
)
async def update_organization_policy(
    request: _Request,
    public_id: PublicId,
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PolicyInForce]:
    owner = await _organization(services, principal, Permission.MANAGE_ORGANIZATION, public_id)
    return await _changed(request, services, owner, data)


async def _monitor(services: Services, principal: Principal, permission: Permission, public_id: str) -> PolicyOwner:
    number = given_uuid(public_id, "publicId")
    return await policies.of_monitor(services.database, principal, permission, KINDS, number)


async def _customer(services: Services, principal: Principal, permission: Permission, public_id: str) -> PolicyOwner:
    number = given_uuid(public_id, "publicId")
    return await policies.of_customer(services.database, principal, permission, number)


async def _organization(
    services: Services, principal: Principal, permission: Permission, public_id: str
) -> PolicyOwner:
    number = given_uuid(public_id, "publicId")
    return await policies.of_named_organization(services.database, principal, permission, number)


async def _shown(request: _Request, services: Services, owner: PolicyOwner) -> Response[PolicyInForce]:
    return tagged(request, policy_in_force(await policies.policy_of(services.database, owner)))


async def _changed(
    request: _Request, services: Services, owner: PolicyOwner, body: PolicyBody
) -> Response[PolicyInForce]:
    def decide(held: Effective) -> PolicyChange:
        require_match(request, policy_in_force(held))
        return change_in_force(body)

    return tagged(request, policy_in_force(await policies.change_policy(services.database, owner, decide)))


ROUTES: list[ControllerRouterHandler] = [
    get_monitor_policy,
    update_monitor_policy,
    get_customer_policy,
    update_customer_policy,
    get_organization_policy,
    update_organization_policy,
]
BODIES = (PolicyInForce, PolicyBody)
