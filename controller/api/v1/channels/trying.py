"""`/api/v1/channels/test` and `/api/v1/channels/{id}/test`: a message to try a channel."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.channels.changes import written
from controller.api.v1.channels.routes import PATH, TAGS
from controller.api.v1.channels.schemas import ChannelTypeName, OwningCustomer, with_type_in_config
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.mistakes import named
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Channel, Principal
from controller.operations.channels import channel_tests, channels
from controller.operations.channels.channel_tests import ChannelTestResult
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, ChannelOwner
from controller.operations.channels.config_keys import names_of
from controller.operations.channels.typed_configs import AnyChannelConfig, config_to_store

_SECONDS = int(channel_tests.TEST_SECONDS)
_DESCRIPTION = f"""\
A message that says that it is a test goes to the channel, and the answer says what became of it, after {_SECONDS}
seconds at most.
Nothing is stored. An organization may do this 30 times a minute.
"""
_LIMITED = "Too many tests of notification channels; try again in a minute"

DryRun = Annotated[bool, Meta(description="Default false. Only check the config and show what would be sent.")]


class ChannelTestRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A channel to try before it is created."""

    PREPARED = staticmethod(with_type_in_config)
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "config": {"type": "webhook", "url": "https://hooks.example.com/hook", "secret": "correct horse"},
        "dryRun": True,
    }

    config: AnyChannelConfig
    type: ChannelTypeName | UnsetType = UNSET
    customer_id: OwningCustomer | None = None
    source_channel_id: (
        Annotated[UUID, Meta(description="A channel of this type: what the config leaves out is taken from it.")] | None
    ) = None
    dry_run: DryRun = False


class StoredChannelTest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How to try a channel that exists."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"dryRun": True}

    config: (
        Annotated[AnyChannelConfig, Meta(description="Members to try in place of the stored ones; nothing is stored.")]
        | UnsetType
    ) = UNSET
    dry_run: DryRun = False


class TestedRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The HTTP request that was sent, or would be; secrets are ********."""

    url: str
    method: str
    timeout: Annotated[float, Meta(description="Seconds.")]
    headers: dict[str, str]
    body_preview: Annotated[str, Meta(description="The beginning of the body.")]
    body_size: Annotated[int, Meta(description="Bytes.")]


class TestedResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The HTTP response; `reachable` says whether there was one."""

    reachable: bool
    ok: bool
    status_code: int | None
    status_text: str | None
    duration_ms: Annotated[int, Meta(description="Milliseconds.")]
    headers: dict[str, str]
    body_preview: Annotated[str, Meta(description="The beginning of the body.")]
    body_size: Annotated[int, Meta(description="Bytes that were read.")]


class TestedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message to one receiver of a channel that is no webhook."""

    receiver: Annotated[str, Meta(description="The address or number; empty for other types.")]
    subject: Annotated[str, Meta(description="As it was sent.")]
    text: Annotated[str, Meta(description="As it was sent, without secrets.")]
    accepted: Annotated[bool | None, Meta(description="Null when nothing was sent.")]
    answer: Annotated[str, Meta(description="What the mail relay said, or why it was not accepted; may be empty.")]
    duration_ms: Annotated[int, Meta(description="Milliseconds.")]


class ChannelTestItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The outcome. A receiver that answers 429 can be reached and counts as success."""

    success: bool
    mode: Literal["send", "dryRun"]
    message: str
    errors: Annotated[list[str], Meta(description="The faults of the config; with any, nothing was sent.")]
    warnings: Annotated[list[str], Meta(description="Why a message may not arrive during an outage.")]
    request: Annotated[TestedRequest | None, Meta(description="Null where nothing is sent by HTTP.")]
    response: TestedResponse | None
    messages: Annotated[list[TestedMessage], Meta(description="Empty for a webhook.")]


EXAMPLE: dict[str, Any] = {
    "success": True,
    "mode": "send",
    "message": "It answered 204 No Content",
    "errors": [],
    "warnings": [],
    "request": {
        "url": "https://hooks.example.com/mail",
        "method": "POST",
        "timeout": 10.0,
        "headers": {"Content-Type": "application/json", "X-Webhook-Event": "alert", "X-Webhook-Attempt": "1"},
        "bodyPreview": '{"event":"notice"}',
        "bodySize": 18,
    },
    "response": {
        "reachable": True,
        "ok": True,
        "statusCode": 204,
        "statusText": "No Content",
        "durationMs": 41,
        "headers": {"server": "nginx"},
        "bodyPreview": "",
        "bodySize": 0,
    },
    "messages": [],
}
_RESPONSES = {
    200: answers(ChannelTestItem, "What was sent and what came back", EXAMPLE),
    **problems(
        body=True,
        s400="config.url must be an http or https URL",
        s403="Forbidden",
        s404=CHANNEL_NOT_FOUND,
        s429=_LIMITED,
    ),
}


@post(
    f"{PATH}/test",
    operation_id="testNewChannel",
    opt={PERMISSION: Permission.MANAGE_CHANNELS},
    status_code=200,
    dto=JsonBody[ChannelTestRequest],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Try a channel before it is created",
    description=_DESCRIPTION,
    responses=_RESPONSES,
)
async def try_new_channel(
    data: JSONBody[ChannelTestRequest],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> ChannelTestItem:
    type_ = str(data.config.__struct_config__.tag)
    source = None
    if data.source_channel_id is not None:
        source = await channels.source_channel(services.database, principal, data.source_channel_id, type_)
    return await _tried(services, principal, data.config, source, ChannelOwner(data.customer_id), dry_run=data.dry_run)


@post(
    f"{PATH}/{{public_id:str}}/test",
    operation_id="testChannel",
    opt={PERMISSION: Permission.MANAGE_CHANNELS},
    status_code=200,
    dto=JsonBody[StoredChannelTest],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Try a notification channel",
    description=_DESCRIPTION,
    responses=_RESPONSES,
)
async def try_channel(
    public_id: PublicId,
    data: JSONBody[StoredChannelTest],
    services: GivenServices,
    principal: GivenPrincipal,
) -> ChannelTestItem:
    found = await channels.channel_for(services.database, principal, path_id(public_id))
    here = msgspec.structs.replace(principal, works_in=found.organization_id)
    return await _tried(services, here, data.config, found, ChannelOwner(), dry_run=data.dry_run)


ROUTES: list[ControllerRouterHandler] = [try_new_channel, try_channel]
BODIES = (ChannelTestRequest, StoredChannelTest, ChannelTestItem)


async def _tried(
    services: Services,
    principal: Principal,
    config: AnyChannelConfig | UnsetType,
    stored: Channel | None,
    owner: ChannelOwner,
    *,
    dry_run: bool,
) -> ChannelTestItem:
    """Try the config in place of the stored one, as far as it says something."""
    type_ = stored.type if stored else ""
    if isinstance(config, msgspec.Struct):
        type_ = str(config.__struct_config__.tag)
    with named(names_of(type_)):
        sent = (
            {}
            if config is UNSET
            else config_to_store(type_, written(config), stored.config if stored else {}, whole=False)
        )
        done = await channel_tests.test_channel(
            services.database,
            services.vault,
            services.outlets,
            principal,
            type_,
            sent,
            owner,
            channel_id=stored.id if stored else None,
            dry_run=dry_run,
        )
    return _item(done, dry_run=dry_run)


def _item(done: ChannelTestResult, *, dry_run: bool) -> ChannelTestItem:
    request = None
    if done.request is not None:
        fields = msgspec.structs.asdict(done.request)
        request = TestedRequest(timeout=fields.pop("timeout_seconds"), **fields)
    return ChannelTestItem(
        success=done.success,
        mode="dryRun" if dry_run else "send",
        message=done.message,
        errors=done.errors,
        warnings=done.warnings,
        request=request,
        response=None if done.response is None else TestedResponse(**msgspec.structs.asdict(done.response)),
        messages=[TestedMessage(**msgspec.structs.asdict(one)) for one in done.messages],
    )
