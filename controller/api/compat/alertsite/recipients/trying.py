"""`POST /api/v3/test-notifiers`: send a test alert now (docs/compatibility.md, A20)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.bodies import StrictJsonBody, number_field, sent, text_field
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.locations import numbered
from controller.api.compat.alertsite.recipients.methods import config_of, type_of
from controller.api.compat.alertsite.recipients.reading import NAMES
from controller.decisions.access import Permission
from controller.decisions.breaches import Breaches
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.mistakes import named
from controller.http.openapi import answers
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.channels.channel_tests import test_channel
from controller.operations.channels.channels import ChannelOwner
from controller.store.locations.locations import present_locations

_LARGEST_METHOD = 100


class TestAlert(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send a test alert. No recipient needs to exist."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("method_id", "recipient")
    EXAMPLE: ClassVar[dict[str, Any]] = {"method_id": 12, "recipient": "oncall@example.com"}

    method_id: Annotated[Any, number_field("How it is alerted.", 1, 17)] | UnsetType = UNSET
    recipient: Annotated[Any, text_field("The address, in the form that the method needs.")] | UnsetType = UNSET
    location_id: (
        Annotated[Any, number_field("A location; the message is the controller's all the same.", 1, 2**31 - 1)]
        | UnsetType
        | None
    ) = UNSET
    username: Annotated[Any, text_field("Of a web server that asks for it.")] | UnsetType | None = UNSET
    password: Annotated[Any, text_field("Of a web server that asks for it.")] | UnsetType | None = UNSET


class SentAlert(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the receiving side took the message, and what is known of it."""

    success: bool
    message: str


@post(
    "/api/v3/test-notifiers",
    opt={PERMISSION: Permission.MANAGE_CHANNELS},
    status_code=200,
    dto=StrictJsonBody[TestAlert],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    operation_id="alertsiteTestRecipient",
    summary="Send a test alert",
    description="The message is sent at once; nothing is stored.",
    responses={
        200: answers(SentAlert, "What came of it", {"success": True, "message": "Sent"}),
        **refusals(
            body=True, s400="invalid_request - recipient must be a string of printable characters", s403="Forbidden"
        ),
    },
)
async def send_test_alert(
    data: JSONBody[TestAlert],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> SentAlert:
    body = sent(data)
    texts, mistakes = dict[str, str](), Breaches()
    type_, method = "", 0
    with mistakes.noted():
        method = values.number(body.get("method_id"), "method_id", 1, _LARGEST_METHOD)
        type_ = type_of(method)
    with mistakes.noted():
        texts["recipient"] = values.text(body.get("recipient"), "recipient", longest=2048, least=1)
    for name in ("username", "password"):
        if body.get(name) is not None:
            with mistakes.noted():
                texts[name] = values.text(body[name], name)
    if body.get("location_id") is not None:
        with mistakes.noted():
            values.location(body["location_id"], "location_id", numbered(await present_locations(services.database)))
    mistakes.refuse(every=True)
    config = config_of(method, texts["recipient"], texts.get("username"), texts.get("password"))
    with named(NAMES):
        done = await test_channel(
            services.database,
            services.vault,
            services.outlets,
            principal,
            type_,
            {name: value for name, value in config.items() if value is not None},
            ChannelOwner(),
            channel_id=None,
            dry_run=False,
        )
    if done.errors:
        raise InvalidError("recipient", done.errors[0].partition(" ")[2])
    return SentAlert(success=done.success, message=done.message)


BODIES = (TestAlert, SentAlert)
