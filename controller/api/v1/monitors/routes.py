"""`/api/v1/monitors` and `/api/v1/monitors/{id}`."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.monitors import acts
from controller.api.v1.monitors.answers import ONE_EXAMPLE, OneMonitor
from controller.api.v1.monitors.bodies import PATCH_BODY, MonitorCreation, MonitorPatch, MonitorReplacement
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody, body_of
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices

ID_REQUIRED = "Monitor public ID (UUID) required"
TAGS = ["Monitors"]
RULE = "interval must be an integer from 10 to 86400"
CHANGED = "The object has changed: read it again, and send the change with its new ETag in If-Match"
TAKEN = "A monitor with this externalKey exists already in this project"
_PATH = "/api/v1/monitors/{public_id:str}"


@post(
    "/api/v1/monitors",
    operation_id="createMonitor",
    opt={PERMISSION: Permission.CREATE},
    status_code=201,
    dto=JsonBody[MonitorCreation],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Create a monitor of any kind",
    description="Its first check is due at once.",
    responses={
        201: answers(OneMonitor, "The new monitor", ONE_EXAMPLE),
        **problems(body=True, s400=RULE, s403="Forbidden", s404="Not found", s409=TAKEN),
    },
)
async def create_monitor(
    request: acts.Ask,
    data: JSONBody[MonitorCreation],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[OneMonitor]:
    return await acts.create(request, services, principal, data)


@get(
    _PATH,
    operation_id="getMonitor",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Read a monitor",
    responses={
        200: answers(OneMonitor, "The monitor", ONE_EXAMPLE),
        **problems(s400=ID_REQUIRED, s403="Forbidden", s404="Not found"),
    },
)
async def get_monitor(
    request: acts.Ask,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[OneMonitor]:
    return await acts.read(request, services, principal, _id(public_id))


@patch(
    _PATH,
    operation_id="updateMonitor",
    opt={PERMISSION: Permission.CHANGE},
    dto=body_of(PATCH_BODY),
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Change a monitor",
    description="A JSON Merge Patch (RFC 7396). Another `kind` keeps the history, and of the target what the new kind"
    " has too. The role `readonly` may change `enabled` and `inMaintenance`.",
    responses={
        200: answers(OneMonitor, "The monitor as it is now", ONE_EXAMPLE),
        **problems(body=True, s400=RULE, s403="Forbidden", s404="Not found", s409=TAKEN, s412=CHANGED),
    },
)
async def update_monitor(
    request: acts.Ask,
    public_id: PublicId,
    data: JSONBody[MonitorPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[OneMonitor]:
    return await acts.patch(request, services, principal, _id(public_id), data)


@put(
    _PATH,
    operation_id="replaceMonitor",
    opt={PERMISSION: Permission.CHANGE},
    dto=JsonBody[MonitorReplacement],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Replace a monitor",
    description="What is left out is as in a new monitor; a login, a password or an access token that is left out"
    " stays. Another `kind` keeps the history.",
    responses={
        200: answers(OneMonitor, "The monitor as it is now", ONE_EXAMPLE),
        **problems(body=True, s400=RULE, s403="Forbidden", s404="Not found", s409=TAKEN, s412=CHANGED),
    },
)
async def replace_monitor(
    request: acts.Ask,
    public_id: PublicId,
    data: JSONBody[MonitorReplacement],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[OneMonitor]:
    return await acts.replace(request, services, principal, _id(public_id), data)


@delete(
    _PATH,
    operation_id="deleteMonitor",
    opt={PERMISSION: Permission.DELETE},
    security=SECURITY,
    tags=TAGS,
    summary="Delete a monitor",
    responses=problems(s400=ID_REQUIRED, s403="Forbidden", s404="Not found", s412=CHANGED),
)
async def delete_monitor(
    request: acts.Ask,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> None:
    await acts.delete(request, services, principal, _id(public_id))


def _id(text: str) -> UUID:
    return monitor_public_id(text, message=ID_REQUIRED)


BODIES = (MonitorCreation, MonitorReplacement, PATCH_BODY, OneMonitor)
ROUTES: list[ControllerRouterHandler] = [create_monitor, get_monitor, update_monitor, replace_monitor, delete_monitor]
