"""`GET /api/v1/incident-groups`: which causes there are and were, page by page."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.results.query import given_moment
from controller.decisions.access import Permission
from controller.decisions.notification.grouping import GroupKind
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.item_fields import with_fields
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.operations.incidents.group_list import STATES, ListedGroup, list_groups

__all__ = ["BODIES", "ROUTES"]

_MOST_AT_LEAST = 100_000

_State = Annotated[
    str | None,
    QueryParameter(
        name="state",
        description="open: at least one of its incidents is open. Left out: all groups.",
        schema_extra={"enum": list(STATES)},
    ),
]
_From = Annotated[
    str | None,
    QueryParameter(
        name="from", description="Those that were open at this moment or later. ISO 8601, UTC unless it says so."
    ),
]
_AtLeast = Annotated[
    int,
    QueryParameter(
        name="minIncidents",
        ge=1,
        le=_MOST_AT_LEAST,
        description="Only groups of so many incidents: every incident belongs to a group, most of them alone.",
    ),
]


class ListedGroupItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Incidents that have one cause, or a storm of many. Counted are those that the caller may read."""

    id: Annotated[UUID, Meta(description="As in `/api/v1/incident-groups/{id}`.")]
    kind: Annotated[GroupKind, Meta(description="storm: many causes at once.")]
    cause: Annotated[str, Meta(description="In words: that of the first of its incidents that the caller may see.")]
    opened_at: Annotated[Timestamp, Meta(description="When its first incident was opened.")]
    closed_at: Annotated[Timestamp | None, Meta(description="Null while one of its incidents is open.")]
    total: Annotated[int, Meta(description="How many incidents it has.")]
    unacknowledged: Annotated[int, Meta(description="Open ones that nobody has.")]
    acknowledged: Annotated[int, Meta(description="Open ones that somebody has.")]
    resolved: Annotated[int, Meta(description="Those that are over.")]


class ListedGroups(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some groups. `nextCursor` is null at the end."""

    items: list[ListedGroupItem]
    next_cursor: Annotated[str | None, Meta(description="Where the next page begins; null at the end.")]


EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "id": "77777777-7777-4777-8777-777777777777",
            "kind": "cause",
            "cause": "mail.example.com (192.0.2.25)",
            "openedAt": "2026-01-01T12:00:10.050Z",
            "closedAt": None,
            "total": 38,
            "unacknowledged": 3,
            "acknowledged": 30,
            "resolved": 5,
        },
    ],
    "nextCursor": None,
}


def _item(one: ListedGroup) -> ListedGroupItem:
    return ListedGroupItem(
        id=one.public_id,
        kind=GroupKind(one.kind),
        cause=one.cause,
        opened_at=timestamp(one.opened_at),
        closed_at=timestamp_or_none(one.closed_at),
        total=one.total,
        unacknowledged=one.unacknowledged,
        acknowledged=one.acknowledged,
        resolved=one.resolved,
    )


@get(
    "/api/v1/incident-groups",
    operation_id="listIncidentGroups",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Incidents"],
    summary="List groups of incidents of one cause, the newest first",
    responses={
        200: answers(ListedGroups, "Some groups, and where the next ones are", EXAMPLE),
        **problems(s400=f"state must be one of {', '.join(STATES)}", s403="Forbidden"),
    },
)
async def list_incident_groups(
    services: GivenServices,
    principal: GivenPrincipal,
    in_state: _State = None,
    since: _From = None,
    at_least: _AtLeast = 1,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[Any]:
    found = await list_groups(
        services.database,
        services.vault,
        principal,
        state=in_state,
        since=given_moment(since, "from"),
        at_least=at_least,
        cursor=cursor,
        limit=limit,
    )
    page = ListedGroups(items=[_item(one) for one in found.groups], next_cursor=found.next_cursor)
    return Response(with_fields(page, fields))


ROUTES: list[ControllerRouterHandler] = [list_incident_groups]
BODIES = (ListedGroups,)
