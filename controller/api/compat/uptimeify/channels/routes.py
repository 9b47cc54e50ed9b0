"""`/api/notification-channels` as Uptimeify's clients know it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from controller.api.compat.uptimeify.channels.bodies import (
    ChannelAnswer,
    ChannelFields,
    ChannelTestAnswer,
    ChannelTestBody,
    ChannelUpdate,
    NewChannelBody,
    channel_answer,
    tested,
)
from controller.api.compat.uptimeify.channels.examples import CHANNEL, TESTED
from controller.api.compat.uptimeify.monitor_groups import IMAP_POP, SMTP
from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.decisions.access import GLOBAL, Permission
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import INVALID_CUSTOMER, customer_identifier, is_uuid, organization_number
from controller.http.openapi import answers, refusals
from controller.http.parameters import CustomerId, OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.kinds import BY_NAME
from controller.model import Principal
from controller.operations.channels import channel_tests, channels, removal
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, ChannelChange, ChannelOwner

_INVALID_ID = "Invalid notification channel ID"
_MOST_DIGITS = 18

ChannelNumber = Annotated[str, PathParameter(description="The number.", schema_extra={"pattern": "^[0-9]{1,18}$"})]
WebsiteId = Annotated[str | None, QueryParameter(name="websiteId", description="Refused: there are no websites here.")]
MonitorId = Annotated[
    str | None,
    QueryParameter(
        name="monitorId", description="Number or public UUID: its own channels, its customer's and the organization's."
    ),
]
SmtpMonitorId = Annotated[str | None, QueryParameter(name="smtpMonitorId", description="As monitorId.")]
ImapPopMonitorId = Annotated[str | None, QueryParameter(name="imapPopMonitorId", description="As monitorId.")]

BODIES = (NewChannelBody, ChannelUpdate, ChannelTestBody, ChannelAnswer, ChannelTestAnswer)


class Channels(Controller):
    path = "/api/notification-channels"
    tags = ("Notification channels",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyListNotificationChannels",
        summary="List notification channels",
        responses={
            200: answers(list[ChannelAnswer], "By priority, 1,000 at most", [CHANNEL]),
            **refusals(s400=INVALID_CUSTOMER, s403="Forbidden", s404="Monitor not found"),
        },
    )
    async def list_channels(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,
        customer_id: CustomerId = None,
        website_id: WebsiteId = None,
        monitor_id: MonitorId = None,
        smtp_monitor_id: SmtpMonitorId = None,
        imap_pop_monitor_id: ImapPopMonitorId = None,
    ) -> list[ChannelAnswer]:
        if organization_id is not None and not is_uuid(organization_id):
            _check_organization(principal, organization_number(organization_id))
        named_owner = _named_owner(customer_id, website_id, monitor_id, smtp_monitor_id, imap_pop_monitor_id)
        return [
            channel_answer(view) for view in await channels.list_channels(services.database, principal, named_owner)
        ]

    @post(
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        status_code=200,
        dto=JsonBody[NewChannelBody],
        return_dto=None,
        operation_id="uptimeifyCreateNotificationChannel",
        summary="Create a notification channel",
        responses={
            200: answers(ChannelAnswer, "The new channel", CHANNEL),
            **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s404="Monitor not found"),
        },
    )
    async def create_channel(
        self,
        data: JSONBody[NewChannelBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> ChannelAnswer:
        view = await channels.create_channel(
            services.database,
            services.vault,
            services.outlets,
            _within(principal, data.organization_id),
            data.type,
            _named_owner(
                data.customer_id, data.website_id, data.monitor_id, data.smtp_monitor_id, data.imap_pop_monitor_id
            ),
            _change(data),
            source_id=data.source_channel_id,
        )
        return channel_answer(view)

    @patch(
        "/{channel_id:str}",
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        dto=JsonBody[ChannelUpdate],
        return_dto=None,
        operation_id="uptimeifyUpdateNotificationChannel",
        summary="Update a notification channel",
        responses={
            200: answers(ChannelAnswer, "The channel as it is now", CHANNEL),
            **refusals(body=True, s400=_INVALID_ID, s403="Forbidden", s404=CHANNEL_NOT_FOUND),
        },
    )
    async def update_channel(
        self,
        channel_id: ChannelNumber,
        data: JSONBody[ChannelUpdate],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> ChannelAnswer:
        view = await channels.update_channel(
            services.database,
            services.vault,
            services.outlets,
            principal,
            _number(channel_id),
            _change(data),
            type_=data.type if isinstance(data.type, str) else None,
        )
        return channel_answer(view)

    @delete(
        "/{channel_id:str}",
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        status_code=200,
        operation_id="uptimeifyDeleteNotificationChannel",
        summary="Delete a notification channel",
        responses={
            200: answers(DeleteAnswer, "Deleted", {"success": True}),
            **refusals(s400=_INVALID_ID, s403="Forbidden", s404=CHANNEL_NOT_FOUND),
        },
    )
    async def delete_channel(
        self,
        channel_id: ChannelNumber,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> DeleteAnswer:
        await removal.delete_channel(services.database, principal, _number(channel_id))
        return DeleteAnswer(success=True)

    @post(
        "/test",
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        status_code=200,
        dto=JsonBody[ChannelTestBody],
        return_dto=None,
        operation_id="uptimeifyTestNotificationChannel",
        summary="Try a notification channel",
        responses={
            200: answers(ChannelTestAnswer, "What was sent and what came back", TESTED),
            **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s404=CHANNEL_NOT_FOUND),
        },
    )
    async def test_channel(
        self,
        data: JSONBody[ChannelTestBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> ChannelTestAnswer:
        named_owner = _named_owner(data.customer_id, data.website_id)
        done = await channel_tests.test_channel(
            services.database,
            services.vault,
            services.outlets,
            _within(principal, data.organization_id),
            data.type,
            _config(data.config),
            named_owner,
            channel_id=data.channel_id,
            dry_run=data.dry_run,
        )
        return tested(done, dry_run=data.dry_run)


def _within(principal: Principal, organization_id: int | None) -> Principal:
    """The principal, in the organization that the body names. Raises ForbiddenError, InvalidError."""
    if organization_id is None:
        return principal
    if not 0 < organization_id < 2**63:
        raise InvalidError("organizationId", "is not known", message="Invalid organizationId")
    _check_organization(principal, organization_id)
    return msgspec.structs.replace(principal, works_in=organization_id)


def _check_organization(principal: Principal, number: int) -> None:
    """Raises ForbiddenError."""
    if principal.role not in GLOBAL and number != principal.organization_id:
        raise ForbiddenError


def _named_owner(
    customer: int | str | None,
    website: int | str | None,
    monitor: int | str | None = None,
    smtp: int | str | None = None,
    imap_pop: int | str | None = None,
) -> ChannelOwner:
    """Raises InvalidError."""
    if website is not None:
        raise InvalidError("websiteId", "must be null: there are no websites here; name a monitorId")
    named = [
        (field, value, kinds)
        for field, value, kinds in (
            ("monitorId", monitor, tuple(BY_NAME)),
            ("smtpMonitorId", smtp, SMTP.kinds),
            ("imapPopMonitorId", imap_pop, IMAP_POP.kinds),
        )
        if value is not None
    ]
    if len(named) > 1:
        raise InvalidError(named[1][0], f"must not be sent together with {named[0][0]}")
    who = None if customer is None else customer_identifier(customer)
    if not named:
        return ChannelOwner(customer=who)
    field, value, kinds = named[0]
    return ChannelOwner(customer=who, monitor=_monitor(field, value), kinds=kinds)


def _monitor(field: str, value: int | str) -> int | UUID:
    try:
        return customer_identifier(value)
    except InvalidError as error:
        rule = "must be a monitor's number or public UUID"
        raise InvalidError(field, rule) from error


def _number(text: str) -> int:
    """Raises InvalidError, NotFoundError."""
    if not (text.isascii() and text.isdecimal()):
        raise InvalidError("id", "must be a number", message=_INVALID_ID)
    if len(text) > _MOST_DIGITS:
        raise NotFoundError(CHANNEL_NOT_FOUND)
    return int(text)


def _config(value: dict[str, Any] | str) -> dict[str, Any]:
    """The config, given as an object or as the JSON text of one. Raises InvalidError."""
    if isinstance(value, dict):
        return value
    try:
        config = msgspec.json.decode(value, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidError("config", "must be an object, or the JSON text of one") from error
    return config


def _change(body: ChannelFields) -> ChannelChange:
    names = {field.name for field in msgspec.structs.fields(ChannelChange)}
    values = {name: value for name, value in msgspec.structs.asdict(body).items() if name in names}
    if isinstance(values.get("config"), dict | str):
        values["config"] = _config(values["config"])
    return ChannelChange(**values)
