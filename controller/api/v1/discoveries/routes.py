"""`/api/v1/discoveries`: find servers by an address, and read how the tries of them go."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.discoveries.schemas import FOUND, DiscoveryAnswer, NewDiscovery, discovery_answer
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import tagged
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.discoveries import begin_discovery, get_discovery

_PATH = "/api/v1/discoveries"
_TAGS = ["Trials"]
_NO_UUID = "id must be a UUID"
_DESCRIPTION = """\
Servers that may be meant by an address, each with the reason: SRV records (RFC 6186, RFC 8314), Thunderbird's
autoconfig, MX records and usual names and ports. The answer comes within ten seconds. Each server is tried from one
location, as a trial without a login; read the discovery with `GET /api/v1/discoveries/{id}` until `done`.

The autoconfig is read from the domain itself, which learns the address. Only when the domain names no server,
Mozilla's list at autoconfig.thunderbird.net is read, which learns the domain and that of its mail servers. A discovery
counts as one of the ten trials that an organization may begin in a minute, and is forgotten after ten minutes.
"""


@post(
    _PATH,
    operation_id="createDiscovery",
    opt={PERMISSION: Permission.CREATE},
    dto=JsonBody[NewDiscovery],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    status_code=HTTPStatus.ACCEPTED,
    summary="Find servers by an address",
    description=_DESCRIPTION,
    responses={
        202: answers(DiscoveryAnswer, "What was found; `Location` says where to read the tries", FOUND),
        **problems(
            body=True,
            s400="address must be an e-mail address, the name or address of a server, or a URL",
            s403="Forbidden",
            s429="An organization may begin 10 trials a minute",
        ),
    },
)
async def create_discovery(
    data: JSONBody[NewDiscovery],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[DiscoveryAnswer]:
    begun = await begin_discovery(services.database, services.dispatcher, services.finder, principal, data.address)
    answer = discovery_answer(begun)
    return Response(answer, status_code=HTTPStatus.ACCEPTED, headers={"Location": f"{_PATH}/{answer.id}"})


@get(
    f"{_PATH}/{{public_id:str}}",
    operation_id="getDiscovery",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="What a discovery found, and how the tries go",
    description="A discovery is read by the organization that began it; somebody who is limited to some customers reads"
    " the own ones only.",
    responses={
        200: answers(DiscoveryAnswer, "The discovery", FOUND),
        **problems(s400=_NO_UUID, s403="Forbidden", s404="Not found"),
    },
)
async def read_discovery(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[DiscoveryAnswer]:
    identifier = monitor_public_id(public_id, message=_NO_UUID)
    return tagged(request, discovery_answer(await get_discovery(services.database, principal, identifier)))


ROUTES: list[ControllerRouterHandler] = [create_discovery, read_discovery]
BODIES = (NewDiscovery, DiscoveryAnswer)
