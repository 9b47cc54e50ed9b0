"""`/api/v1/organizations/{id}/grouping` and `/api/v1/customers/{id}/grouping`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Request, Response, get, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.decisions.access import Permission
from controller.decisions.notification.grouping import LIMITS
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.incidents import grouping_settings
from controller.operations.incidents.grouping_settings import GroupingView

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Incidents"]
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_ABOUT = """\
The first outage of a cause is reported at once. What joins it within `groupSeconds` is in one more message, and later
ones in one each `groupUpdateSeconds`. More than `stormLimit` causes in a minute are reported as one storm. An end is
reported once all is over, or after 15 minutes.
"""
_REFUSED = "groupSeconds must be from 10 to 3600"
_LIMITS = {name: {"ge": allowed[0], "le": allowed[-1]} for name, allowed in LIMITS.items()}

GroupingOn = Annotated[bool, Meta(description="Default true; false: each incident is reported by itself.")]
GroupSeconds = Annotated[
    int,
    Meta(description="How long incidents join the first message's follow-up; default 60.", **_LIMITS["groupSeconds"]),
]
UpdateSeconds = Annotated[
    int, Meta(description="The pause between later messages; default 300.", **_LIMITS["groupUpdateSeconds"])
]
StormLimit = Annotated[
    int, Meta(description="How many causes in a minute are no storm yet; default 5.", **_LIMITS["stormLimit"])
]


class GroupingBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All that is set. What is left out or null is as the organization says, and there it has its default."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"inForce"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "enabled": True,
        "groupSeconds": 60,
        "groupUpdateSeconds": 300,
        "stormLimit": 5,
    }

    enabled: GroupingOn | None = None
    group_seconds: GroupSeconds | None = None
    group_update_seconds: UpdateSeconds | None = None
    storm_limit: StormLimit | None = None


class GroupingInForce(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What holds, the organization's settings and defaults included."""

    enabled: GroupingOn
    group_seconds: GroupSeconds
    group_update_seconds: UpdateSeconds
    storm_limit: StormLimit


class GroupingItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is set, and what holds, which can change with the organization's settings and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"in_force"})

    enabled: GroupingOn | None
    group_seconds: GroupSeconds | None
    group_update_seconds: UpdateSeconds | None
    storm_limit: StormLimit | None
    in_force: Annotated[GroupingInForce, Meta(description="What holds.")]


BODIES = (GroupingBody, GroupingInForce, GroupingItem)
EXAMPLE: dict[str, Any] = {**GroupingBody.EXAMPLE, "inForce": GroupingBody.EXAMPLE}
_ITEM = answers(GroupingItem, "What is set, and what holds", EXAMPLE)


def grouping_item(found: GroupingView) -> GroupingItem:
    own = msgspec.convert(found.own, GroupingBody)
    return GroupingItem(
        **msgspec.structs.asdict(own), in_force=GroupingInForce(**msgspec.structs.asdict(found.settings))
    )


def _new(body: GroupingBody) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(body).items() if value is not None}


@get(
    "/api/v1/organizations/{public_id:str}/grouping",
    operation_id="getOrganizationGrouping",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read how incidents of one cause are reported together",
    description=_ABOUT,
    responses={200: _ITEM, **problems(s400="id must be a UUID", s403="Forbidden", s404="Not found")},
)
async def of_organization(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[GroupingItem]:
    found = await grouping_settings.organization_grouping(services.database, principal, path_id(public_id))
    return tagged(request, grouping_item(found))


@put(
    "/api/v1/organizations/{public_id:str}/grouping",
    operation_id="putOrganizationGrouping",
    opt=_MANAGING,
    dto=JsonBody[GroupingBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Set how incidents of one cause are reported together",
    description=_ABOUT,
    responses={
        200: _ITEM,
        **problems(
            body=True,
            s400=_REFUSED,
            s403="Forbidden",
            s404="Not found",
            s412="The object has changed",
        ),
    },
)
async def set_of_organization(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[GroupingBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[GroupingItem]:
    number = path_id(public_id)
    require_match(
        request, grouping_item(await grouping_settings.organization_grouping(services.database, principal, number))
    )
    changed = await grouping_settings.set_organization_grouping(services.database, principal, number, _new(data))
    return tagged(request, grouping_item(changed))


@get(
    "/api/v1/customers/{public_id:str}/grouping",
    operation_id="getCustomerGrouping",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read how a customer's incidents are reported together",
    description=_ABOUT,
    responses={200: _ITEM, **problems(s400="id must be a UUID", s403="Forbidden", s404="Customer not found")},
)
async def of_customer(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[GroupingItem]:
    found = await grouping_settings.customer_grouping(services.database, principal, path_id(public_id))
    return tagged(request, grouping_item(found))


@put(
    "/api/v1/customers/{public_id:str}/grouping",
    operation_id="putCustomerGrouping",
    opt=_MANAGING,
    dto=JsonBody[GroupingBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Set how a customer's incidents are reported together",
    description=_ABOUT,
    responses={
        200: _ITEM,
        **problems(
            body=True,
            s400=_REFUSED,
            s403="Forbidden",
            s404="Customer not found",
            s412="The object has changed",
        ),
    },
)
async def set_of_customer(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[GroupingBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[GroupingItem]:
    number = path_id(public_id)
    require_match(
        request, grouping_item(await grouping_settings.customer_grouping(services.database, principal, number))
    )
    changed = await grouping_settings.set_customer_grouping(services.database, principal, number, _new(data))
    return tagged(request, grouping_item(changed))


ROUTES: list[ControllerRouterHandler] = [of_organization, set_of_organization, of_customer, set_of_customer]
