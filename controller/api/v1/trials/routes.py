"""`/api/v1/trials`: begin a trial, and read what it found out so far."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.trials.schemas import BEGUN, DONE, NewTrial, TrialAnswer, trial_answer
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import tagged
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.trials import begin_trial, get_trial

_PATH = "/api/v1/trials"
_TAGS = ["Trials"]
_NO_UUID = "id must be a UUID"
_DESCRIPTION = """\
One check of settings that no monitor has, from one location of each country, begun at once. Read it with
`GET /api/v1/trials/{id}` until `done`. What it finds out is in no result, no verdict and no event, and is forgotten
after ten minutes. Passwords and tokens are encrypted for the locations that check, and stored nowhere.

An organization may begin ten trials a minute. A location checks no addresses but those that its checks may reach.
"""


@post(
    _PATH,
    operation_id="createTrial",
    opt={PERMISSION: Permission.CREATE},
    dto=JsonBody[NewTrial],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    status_code=HTTPStatus.ACCEPTED,
    summary="Try settings without a monitor",
    description=_DESCRIPTION,
    responses={
        202: answers(TrialAnswer, "The trial has begun; `Location` says where to read it", BEGUN),
        **problems(
            body=True,
            s400="target.host must be a host name or an IP address",
            s403="Forbidden",
            s429="An organization may begin 10 trials a minute",
        ),
    },
)
async def create_trial(
    data: JSONBody[NewTrial],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[TrialAnswer]:
    begun = await begin_trial(
        services.database, services.dispatcher, principal, data.target, data.countries, data.timeout
    )
    answer = trial_answer(begun)
    return Response(answer, status_code=HTTPStatus.ACCEPTED, headers={"Location": f"{_PATH}/{answer.id}"})


@get(
    f"{_PATH}/{{public_id:str}}",
    operation_id="getTrial",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="What a trial found out so far",
    description="A trial is read by the organization that began it; somebody who is limited to some customers reads the"
    " own ones only.",
    responses={
        200: answers(TrialAnswer, "The trial", DONE),
        **problems(s400=_NO_UUID, s403="Forbidden", s404="Not found"),
    },
)
async def read_trial(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[TrialAnswer]:
    identifier = monitor_public_id(public_id, message=_NO_UUID)
    return tagged(request, trial_answer(await get_trial(services.database, principal, identifier)))


ROUTES: list[ControllerRouterHandler] = [create_trial, read_trial]
BODIES = (NewTrial, TrialAnswer)
