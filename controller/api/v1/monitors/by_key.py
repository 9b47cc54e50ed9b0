"""`/api/v1/monitors/by-key/{project}/{externalKey}`: monitors by the keys of the programs that manage them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, delete, get, put
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.monitors import acts
from controller.api.v1.monitors.answers import ONE_EXAMPLE, OneMonitor
from controller.api.v1.monitors.bodies import MonitorReplacement
from controller.api.v1.monitors.routes import CHANGED, RULE, TAGS, TAKEN
from controller.decisions.access import Permission
from controller.decisions.monitors.keys import KEY_PATTERN
from controller.errors import AlreadyExistsError, InvalidError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_no_match
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.monitors.keyed import monitor_of_key

_PATH = "/api/v1/monitors/by-key/{project:str}/{external_key:str}"
_KEY_RULE = "project must be 1 to 100 letters, digits, dots, underscores and hyphens"
_TRIES = 3

Project = Annotated[
    str, PathParameter(description="The project of the monitor.", schema_extra={"pattern": KEY_PATTERN})
]
ExternalKey = Annotated[
    str,
    PathParameter(
        description="The key of the monitor in its project; upper and lower case differ.",
        schema_extra={"pattern": KEY_PATTERN},
    ),
]


@get(
    _PATH,
    operation_id="getMonitorByKey",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Read a monitor by its key",
    responses={
        200: answers(OneMonitor, "The monitor", ONE_EXAMPLE),
        **problems(s400=_KEY_RULE, s403="Forbidden", s404="Not found"),
    },
)
async def get_monitor_by_key(
    request: acts.Ask,
    project: Project,
    external_key: ExternalKey,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[OneMonitor]:
    identifier = await monitor_of_key(services.database, principal, project, external_key)
    return await acts.read(request, services, principal, identifier)


@put(
    _PATH,
    operation_id="putMonitorByKey",
    opt={PERMISSION: Permission.CHANGE},
    dto=JsonBody[MonitorReplacement],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Create a monitor with this key, or replace the one that has it",
    description="Sent twice, it does the same as once. A new monitor needs `customerId`. With `If-None-Match: *` it"
    " only creates, and with `If-Match` it only replaces.",
    responses={
        200: answers(OneMonitor, "The monitor as it is now", ONE_EXAMPLE),
        201: answers(OneMonitor, "The new monitor", ONE_EXAMPLE),
        **problems(body=True, s400=RULE, s403="Forbidden", s404="Not found", s409=TAKEN, s412=CHANGED),
    },
)
async def put_monitor_by_key(
    request: acts.Ask,
    project: Project,
    external_key: ExternalKey,
    data: JSONBody[MonitorReplacement],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[OneMonitor]:
    for name, given, here in (
        ("project", data.project, project),
        ("externalKey", data.external_key, external_key),
    ):
        if given not in (None, here):
            raise InvalidError(name, "must be that of the path, or left out")
    body = msgspec.structs.replace(data, project=project, external_key=external_key)
    for _ in range(_TRIES - 1):
        try:
            return await _put(request, services, principal, body, project, external_key)
        except (AlreadyExistsError, NotFoundError):
            continue  # another request created or deleted it meanwhile
    return await _put(request, services, principal, body, project, external_key)


@delete(
    _PATH,
    operation_id="deleteMonitorByKey",
    opt={PERMISSION: Permission.DELETE},
    security=SECURITY,
    tags=TAGS,
    summary="Delete a monitor by its key",
    responses=problems(s400=_KEY_RULE, s403="Forbidden", s404="Not found", s412=CHANGED),
)
async def delete_monitor_by_key(
    request: acts.Ask,
    project: Project,
    external_key: ExternalKey,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> None:
    identifier = await monitor_of_key(services.database, principal, project, external_key)
    await acts.delete(request, services, principal, identifier)


async def _put(
    request: acts.Ask,
    services: Services,
    principal: Principal,
    body: MonitorReplacement,
    project: str,
    external_key: str,
) -> Response[OneMonitor]:
    try:
        identifier = await monitor_of_key(services.database, principal, project, external_key)
    except NotFoundError:
        require_no_match(request)
        return await acts.create(request, services, principal, body)
    return await acts.replace(request, services, principal, identifier, body)


BODIES = (MonitorReplacement, OneMonitor)
ROUTES: list[ControllerRouterHandler] = [get_monitor_by_key, put_monitor_by_key, delete_monitor_by_key]
