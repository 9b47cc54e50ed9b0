"""`/api/v1/escalation-policies`."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.escalation.schemas import (
    BODIES,
    EXAMPLE,
    EscalationBody,
    EscalationItem,
    EscalationPage,
    EscalationPatch,
    policy_change,
    policy_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import created, matching, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.on_call import policies
from controller.operations.on_call.policies import POLICY_NOT_FOUND

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Being on call"]
_PATH = "/api/v1/escalation-policies"
_ONE = f"{_PATH}/{{public_id:str}}"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_POLICY = answers(EscalationItem, "The policy", EXAMPLE)
_REFUSED = "steps[1].afterMinutes must be more than that of the step before"
_ABOUT = """\
A group of incidents that nobody takes is told to others, step by step: after so many minutes to channels, and to who is
on call in a rota. An acknowledgement or the end of the outage stops it, and a maintenance holds it up. Each step is
told once, and again when an acknowledgement lapses or when more joins after the others were taken. Whoever was told
also hears of the end. Whoever is limited to customers manages the policies of these.
"""


@get(
    _PATH,
    operation_id="listEscalationPolicies",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the escalation policies",
    description=_ABOUT,
    responses={
        200: answers(EscalationPage, "All of them", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_policies(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> EscalationPage:
    found = await policies.list_policies(services.database, principal)
    return EscalationPage(items=[policy_item(one) for one in found], next_cursor=None)


@post(
    _PATH,
    operation_id="createEscalationPolicy",
    opt=_MANAGING,
    dto=JsonBody[EscalationBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Make an escalation policy",
    description=_ABOUT,
    responses={
        201: answers(EscalationItem, "The policy", EXAMPLE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden"),
    },
)
async def create_policy(
    request: Request[Any, Any, Any],
    data: JSONBody[EscalationBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[EscalationItem]:
    made = await policies.create_policy(services.database, principal, data.customer_id, policy_change(data))
    return created(request, policy_item(made), f"{_PATH}/{made.public_id}")


@get(
    _ONE,
    operation_id="getEscalationPolicy",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read an escalation policy",
    responses={200: _POLICY, **problems(s400="id must be a UUID", s403="Forbidden", s404=POLICY_NOT_FOUND)},
)
async def get_policy(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[EscalationItem]:
    return tagged(request, policy_item(await policies.get_policy(services.database, principal, path_id(public_id))))


@patch(
    _ONE,
    operation_id="updateEscalationPolicy",
    opt=_MANAGING,
    dto=JsonBody[EscalationPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change an escalation policy, also for incidents that are open",
    description="Steps are known by their place: one that was told of a group is not told again because it changed.",
    responses={
        200: _POLICY,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=POLICY_NOT_FOUND, s412="The object has changed"),
    },
)
async def update_policy(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[EscalationPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[EscalationItem]:
    changed = await policies.update_policy(
        services.database, principal, path_id(public_id), policy_change(data), expect=matching(request, policy_item)
    )
    return tagged(request, policy_item(changed))


@delete(
    _ONE,
    operation_id="deleteEscalationPolicy",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete an escalation policy",
    responses=problems(
        s400="id must be a UUID", s403="Forbidden", s404=POLICY_NOT_FOUND, s412="The object has changed"
    ),
)
async def delete_policy(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    await policies.delete_policy(
        services.database, principal, path_id(public_id), expect=matching(request, policy_item)
    )


ROUTES: list[ControllerRouterHandler] = [list_policies, create_policy, get_policy, update_policy, delete_policy]
