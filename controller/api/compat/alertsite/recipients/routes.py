"""`/api/v3/recipients` (docs/compatibility.md, A17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Literal

from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.bodies import StrictJsonBody, sent
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Offset, listed, metadata
from controller.api.compat.alertsite.monitors.answers import Identified
from controller.api.compat.alertsite.monitors.examples import IDENTIFIED
from controller.api.compat.alertsite.monitors.queries import number_of
from controller.api.compat.alertsite.recipients.bodies import (
    EXAMPLE,
    RecipientBody,
    RecipientList,
    RecipientObject,
    RecipientPatch,
)
from controller.api.compat.alertsite.recipients.methods import DEFAULT_METHOD, METHODS, method_of, type_of
from controller.api.compat.alertsite.recipients.reading import NAMES, change_of, recipient_object, settings_of
from controller.decisions.access import Permission, permits
from controller.errors import InvalidError, NotFoundError, UnknownCustomerError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.mistakes import named
from controller.http.openapi import answers
from controller.http.parameters import OrganizationId
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Channel, Principal
from controller.model.notification.recipients import RecipientSettings
from controller.operations.channels import channels, recipient_blackouts, removal
from controller.operations.channels.channels import ChannelChange, ChannelOwner, ChannelView
from controller.operations.channels.recipient_groups import groups_of_channels
from controller.store.platform.pool import Database

RecipientNumber = Annotated[
    str, PathParameter(name="id", description="The recipient's number.", schema_extra={"pattern": "^[0-9]+$"})
]
AlertType = Annotated[
    Literal["Availability", "Performance"] | None,
    QueryParameter(name="type", description="Only those that get such alerts."),
]
MethodFilter = Annotated[
    str | None, QueryParameter(name="method_id", description="Only those that are alerted in this way.")
]
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_OWN = RecipientSettings(notify_on_clear=False)
"""What a recipient has that is made here, where AlertSite's defaults hold."""


class Recipients(Controller):
    path = "/api/v3/recipients"
    tags = TAGS
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="alertsiteListRecipients",
        summary="List recipients of alerts",
        description="Every notification channel is one, except those for notices about the installation itself.",
        responses={
            200: answers(RecipientList, "Recipients, oldest first", listed(EXAMPLE)),
            **refusals(s400="invalid_request - limit must be an integer from 1 to 1000", s403="Forbidden"),
        },
    )
    async def list_recipients(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        type_: AlertType = None,
        method_id: MethodFilter = None,
        limit: Limit = None,
        offset: Offset = 0,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> RecipientList:
        method = None if method_id is None else values.number(method_id, "method_id", 1, 2**31)
        blackouts, groups = await _about(services.database, principal)
        shown = [
            recipient_object(view, blackouts.get(view.channel.id), groups.get(view.channel.id))
            for view in await _views(services.database, principal)
        ]
        found = [
            one
            for one in shown
            if method in (None, one.method_id)
            and (type_ != "Availability" or one.availability_alert)
            and (type_ != "Performance" or one.performance_alert)
        ]
        page = found[offset : offset + (limit or LARGEST_LIMIT)]
        writable = permits(principal, Permission.MANAGE_CHANNELS)
        return RecipientList(
            metadata=metadata(writable=writable, count=len(page), total=len(found), limit=limit, offset=offset),
            results=page,
        )

    @get(
        "/{id:str}",
        opt={PERMISSION: Permission.READ},
        operation_id="alertsiteGetRecipient",
        summary="Get a recipient",
        responses={
            200: answers(RecipientObject, "The recipient", EXAMPLE),
            **refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
        },
    )
    async def get_recipient(
        self, number: RecipientNumber, services: GivenServices, principal: GivenPrincipal
    ) -> RecipientObject:
        view = await _found(services.database, principal, number)
        blackouts, groups = await _about(services.database, principal)
        return recipient_object(view, blackouts.get(view.channel.id), groups.get(view.channel.id))

    @post(
        opt=_MANAGING,
        status_code=200,
        dto=StrictJsonBody[RecipientBody],
        return_dto=None,
        operation_id="alertsiteCreateRecipient",
        summary="Create a recipient",
        responses={
            200: answers(Identified, "The number of the new recipient", IDENTIFIED),
            **refusals(
                body=True,
                s400="invalid_request - name must be a string of printable characters",
                s403="Forbidden",
                s404=RECORD_NOT_FOUND,
            ),
        },
    )
    async def create_recipient(
        self,
        data: JSONBody[RecipientBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> Identified:
        body = sent(data)
        method = values.number(body.get("method_id", DEFAULT_METHOD), "method_id", 1, max(METHODS))
        type_ = type_of(method)
        change = change_of(body, _OWN, method, new=True)
        customer = body.get("customer_id")
        owner = None if customer is None else values.number(customer, "customer_id", 1, 2**63 - 1)
        try:
            with named(NAMES):
                made = await channels.create_channel(
                    services.database,
                    services.vault,
                    services.outlets,
                    principal,
                    type_,
                    ChannelOwner(customer=owner),
                    change,
                    every_breach=True,
                )
        except UnknownCustomerError:
            raise InvalidError("customer_id", "is not that of a customer of this account") from None
        return Identified(id=str(made.channel.id))

    @patch(
        "/{id:str}",
        opt=_MANAGING,
        dto=StrictJsonBody[RecipientPatch],
        return_dto=None,
        operation_id="alertsiteUpdateRecipient",
        summary="Change a recipient",
        responses={
            200: answers(Identified, "The number of the recipient", IDENTIFIED),
            **refusals(
                body=True,
                s400="invalid_request - notify_on_clear must be true or false",
                s403="Forbidden",
                s404=RECORD_NOT_FOUND,
            ),
        },
    )
    async def update_recipient(
        self,
        number: RecipientNumber,
        data: JSONBody[RecipientPatch],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> Identified:
        body = sent(data)
        found = (await _found(services.database, principal, number)).channel

        def decide(channel: Channel) -> ChannelChange:
            return _changed(channel, body)

        with named(NAMES):
            changed = await channels.update_channel(
                services.database, services.vault, services.outlets, principal, found.id, decide, every_breach=True
            )
        return Identified(id=str(changed.channel.id))

    @delete(
        "/{id:str}",
        opt=_MANAGING,
        operation_id="alertsiteDeleteRecipient",
        summary="Delete a recipient",
        responses=refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
    )
    async def delete_recipient(
        self, number: RecipientNumber, services: GivenServices, principal: GivenPrincipal
    ) -> None:
        found = (await _found(services.database, principal, number)).channel
        await removal.delete_channel(services.database, principal, found.id)


def _changed(channel: Channel, body: Mapping[str, object]) -> ChannelChange:
    """Raises InvalidError."""
    stored = settings_of(ChannelView(channel=channel, config={}, has_secret=False, warnings=[]))
    before = method_of(channel)
    if "method_id" not in body or body["method_id"] == before:
        method = before
    else:
        method = values.number(body["method_id"], "method_id", 1, max(METHODS))
        if type_of(method) != channel.type:
            raise InvalidError("method_id", f"cannot be changed to another kind of recipient than {channel.type}")
    if method is None or (method == before and stored.method_id is None):
        return _of_another_group(channel, body, stored)
    return change_of(body, stored, method, new=False)


def _of_another_group(channel: Channel, body: Mapping[str, object], stored: RecipientSettings) -> ChannelChange:
    """A change of a channel that was made elsewhere: its config stays as it is there. Raises InvalidError."""
    for name in ("recipient", "username", "password"):
        if body.get(name) is not None:
            raise InvalidError(name, f"can be changed only where this {channel.type} channel was made")
    change = change_of({**body, "method_id": None}, stored, DEFAULT_METHOD, new=False)
    settings = {name: value for name, value in (change.recipient or {}).items() if name != "method_id"}
    return ChannelChange(recipient=settings, name=change.name)


async def _views(database: Database, principal: Principal) -> list[ChannelView]:
    """Oldest first."""
    found = await channels.list_channels(database, principal, ChannelOwner())
    return sorted((one for one in found if not one.channel.for_ops), key=lambda one: one.channel.id)


async def _found(database: Database, principal: Principal, number: str) -> ChannelView:
    """Raises NotFoundError."""
    sought = number_of(number)
    for view in await _views(database, principal):
        if view.channel.id == sought:
            return view
    raise NotFoundError


async def _about(database: Database, principal: Principal) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """The ids of blackouts and of groups, by the numbers of their recipients."""
    blackouts: dict[int, list[str]] = defaultdict(list)
    for one in await recipient_blackouts.list_blackouts(database, principal):
        blackouts[one.channel_id].append(str(one.id))
    groups: dict[int, list[str]] = defaultdict(list)
    for group, members in await groups_of_channels(database, principal):
        for channel in members:
            groups[channel].append(str(group))
    return blackouts, groups


BODIES = (RecipientBody, RecipientPatch, RecipientObject, RecipientList)
