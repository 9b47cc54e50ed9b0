"""`/hooks/{service}/{channel}`: what somebody did in an on-call service. There is no login: the service proves with the
channel's `webhookSecret` who it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import PathParameter
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, address_of
from controller.http.identifiers import path_id
from controller.http.openapi import answers, refusals
from controller.http.services import GivenServices
from controller.operations.incidents.handing_back import UNKNOWN, hand_back
from shared.clock import utc_now

_JSON = "application/json"
_ACKNOWLEDGED = {
    "action": "Acknowledge",
    "alert": {"alias": "c32c167c-37e9-4007-ae4c-d7fd800f26ad", "username": "ann@example.com"},
}

Service = Annotated[
    str, PathParameter(description="The type of the channel.", schema_extra={"enum": ["opsgenie", "pagerduty"]})
]
ChannelId = Annotated[str, PathParameter(description="The id of the channel (UUID).")]


class HookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. It is ignored when it concerns no open incident of which the channel was notified."""

    outcome: Literal["acknowledged", "resolved", "ignored"]


@dataclass
class _HookOperation(Operation):
    """The body is the service's own JSON, read as exact bytes because they are signed."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            description="A webhook as PagerDuty (V3) or Opsgenie documents it.",
            required=True,
            content={
                _JSON: OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.OBJECT), examples={"opsgenie": Example(value=_ACKNOWLEDGED)}
                )
            },
        )


@post(
    "/hooks/{service:str}/{channel_id:str}",
    operation_id="acknowledgeByHook",
    opt={PERMISSION: Permission.PUBLIC},
    status_code=200,
    operation_class=_HookOperation,
    tags=["Hooks"],
    summary="Take back what was done in an on-call service",
    description="An acknowledgement in PagerDuty or Opsgenie acknowledges the incidents of the alert, and an end there"
    " resolves them as a person does: a failure that goes on opens another incident. PagerDuty signs with the channel's"
    " `webhookSecret` (`X-PagerDuty-Signature`); Opsgenie sends it in `Authorization: Bearer`. Repeating it changes"
    " nothing. What PagerDuty signed more than a day ago is refused.",
    responses={
        200: answers(HookAnswer, "What became of it", {"outcome": "acknowledged"}),
        **refusals(
            body=True,
            token=False,
            s400="body must be a webhook as the service documents it",
            s401="Unauthorized",
            s404=UNKNOWN,
        ),
    },
)
async def receive_hook(
    service: Service, channel_id: ChannelId, request: Request[Any, Any, Any], services: GivenServices
) -> HookAnswer:
    media_type = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise HTTPException(status_code=415)
    outcome = await hand_back(
        services.database,
        services.vault,
        service,
        path_id(channel_id),
        {name.lower(): value for name, value in request.headers.items()},
        await request.body(),
        address=address_of(request),
        now=utc_now(),
    )
    return HookAnswer(outcome=outcome.value)


ROUTES: list[ControllerRouterHandler] = [receive_hook]
BODIES = (HookAnswer,)
