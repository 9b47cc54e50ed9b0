"""`/api/v1/organizations/{id}/reminders` and `/api/v1/customers/{id}/reminders`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Request, Response, get, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.decisions.access import Permission
from controller.decisions.on_call.reminders import FIRST_MINUTES, MAX_MINUTES, MINUTES
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.notification.on_call import Reminders
from controller.operations.on_call import reminders
from controller.operations.on_call.reminders import RemindersView

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Being on call"]
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_REFUSED = "maxMinutes must not be less than firstMinutes"
_ABOUT = """\
Whoever was notified of a group of incidents is reminded of it until somebody takes it: one message for each receiver
and group, after pauses that double. Nobody is reminded in a maintenance, or while the incidents come and go.
"""

RemindersOn = Annotated[bool, Meta(description="Default false: nobody is reminded.")]
FirstMinutes = Annotated[
    int,
    Meta(
        description=f"How long after the notification the first reminder comes; default {FIRST_MINUTES}.",
        ge=MINUTES[0],
        le=MINUTES[1],
    ),
]
MaxMinutes = Annotated[
    int,
    Meta(description=f"The longest pause; default {MAX_MINUTES}.", ge=MINUTES[0], le=MINUTES[1]),
]


class RemindersBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All that is set. What is left out or null is as the organization says, and there it has its default."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"inForce"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"enabled": True, "firstMinutes": 15, "maxMinutes": 120}

    enabled: RemindersOn | None = None
    first_minutes: FirstMinutes | None = None
    max_minutes: MaxMinutes | None = None


class RemindersInForce(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What holds, the organization's settings and defaults included."""

    enabled: RemindersOn
    first_minutes: FirstMinutes
    max_minutes: MaxMinutes


class RemindersItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is set, and what holds, which can change with the organization's settings and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"in_force"})

    enabled: RemindersOn | None
    first_minutes: FirstMinutes | None
    max_minutes: MaxMinutes | None
    in_force: RemindersInForce


BODIES = (RemindersBody, RemindersInForce, RemindersItem)
EXAMPLE: dict[str, Any] = {**RemindersBody.EXAMPLE, "inForce": RemindersBody.EXAMPLE}
_ITEM = answers(RemindersItem, "What is set, and what holds", EXAMPLE)


def reminders_item(found: RemindersView) -> RemindersItem:
    return RemindersItem(
        enabled=found.own.enabled,
        first_minutes=found.own.first_minutes,
        max_minutes=found.own.max_minutes,
        in_force=RemindersInForce(
            enabled=found.times.enabled,
            first_minutes=round(found.times.first.total_seconds() / 60),
            max_minutes=round(found.times.longest.total_seconds() / 60),
        ),
    )


def _new(body: RemindersBody) -> Reminders:
    return Reminders(enabled=body.enabled, first_minutes=body.first_minutes, max_minutes=body.max_minutes)


@get(
    "/api/v1/organizations/{public_id:str}/reminders",
    operation_id="getOrganizationReminders",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read whether and when receivers are reminded",
    description=_ABOUT,
    responses={200: _ITEM, **problems(s400="id must be a UUID", s403="Forbidden", s404="Not found")},
)
async def of_organization(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[RemindersItem]:
    found = await reminders.organization_reminders(services.database, principal, path_id(public_id))
    return tagged(request, reminders_item(found))


@put(
    "/api/v1/organizations/{public_id:str}/reminders",
    operation_id="putOrganizationReminders",
    opt=_MANAGING,
    dto=JsonBody[RemindersBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Set whether and when receivers are reminded",
    description=_ABOUT,
    responses={
        200: _ITEM,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404="Not found", s412="The object has changed"),
    },
)
async def set_of_organization(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[RemindersBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[RemindersItem]:
    number = path_id(public_id)
    require_match(request, reminders_item(await reminders.organization_reminders(services.database, principal, number)))
    changed = await reminders.set_organization_reminders(services.database, principal, number, _new(data))
    return tagged(request, reminders_item(changed))


@get(
    "/api/v1/customers/{public_id:str}/reminders",
    operation_id="getCustomerReminders",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read whether and when receivers are reminded of a customer's incidents",
    description=_ABOUT,
    responses={200: _ITEM, **problems(s400="id must be a UUID", s403="Forbidden", s404="Customer not found")},
)
async def of_customer(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[RemindersItem]:
    found = await reminders.customer_reminders(services.database, principal, path_id(public_id))
    return tagged(request, reminders_item(found))


@put(
    "/api/v1/customers/{public_id:str}/reminders",
    operation_id="putCustomerReminders",
    opt=_MANAGING,
    dto=JsonBody[RemindersBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Set whether and when receivers are reminded of a customer's incidents",
    description=_ABOUT,
    responses={
        200: _ITEM,
        **problems(
            body=True, s400=_REFUSED, s403="Forbidden", s404="Customer not found", s412="The object has changed"
        ),
    },
)
async def set_of_customer(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[RemindersBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[RemindersItem]:
    number = path_id(public_id)
    require_match(request, reminders_item(await reminders.customer_reminders(services.database, principal, number)))
    changed = await reminders.set_customer_reminders(services.database, principal, number, _new(data))
    return tagged(request, reminders_item(changed))


ROUTES: list[ControllerRouterHandler] = [of_organization, set_of_organization, of_customer, set_of_customer]
