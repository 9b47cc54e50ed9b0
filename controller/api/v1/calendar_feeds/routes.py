"""`/api/v1/calendar-feeds`, and the feeds themselves."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.decisions.access import Permission
from controller.decisions.monitors.monitors import check_name
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.calendars import CALENDAR, calendar_answer
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model.maintenance import CalendarFeed
from controller.model.values.ruled import ruled
from controller.operations import calendar_feeds
from controller.operations.calendar_feeds import FEED_PATH, ROTA_FEED_PATH
from controller.operations.on_call.rotas import ROTA_NOT_FOUND

_TAGS = ["Maintenance windows"]
_CALENDAR_EXAMPLE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Mailprobe//Mailprobe//EN
BEGIN:VEVENT
SUMMARY:Backups
DTSTART;TZID=Europe/Berlin:20270326T223000
DTEND;TZID=Europe/Berlin:20270327T030000
RRULE:FREQ=WEEKLY;BYDAY=FR
UID:0b1f8c0e-7a51-4d0b-9c5e-2f6f5a3f9d10
END:VEVENT
END:VCALENDAR
"""
_PATH = "/api/v1/calendar-feeds"
_OWN = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}
_NOT_FOUND = "Calendar feed not found"
_FOR_PEOPLE = (
    "For people, who have feeds of their own; an API token reads `/api/v1/maintenance-windows.ics` and"
    " `/api/v1/rotas/{id}/on-call.ics`."
)

FeedName = Annotated[
    str,
    Meta(
        description="Which program reads it: 1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        examples=["Outlook"],
        extra=ruled(check_name),
    ),
]


class FeedBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A feed to make."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Outlook"}

    name: FeedName
    rota_id: Annotated[
        UUID | None,
        Meta(description="The rota whose people on call it shows; null: it shows maintenance windows."),
    ] = None


class FeedItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A feed without its address. It shows what its maker sees now."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"last_used_at", "url"})

    id: UUID
    name: FeedName
    rota_id: Annotated[UUID | None, Meta(description="The rota that it shows; null: maintenance windows.")]
    last_used_at: Annotated[Timestamp | None, Meta(description="To the minute; null: never.")]
    created_at: Timestamp


class NewFeedItem(FeedItem, frozen=True, kw_only=True, rename="camel"):
    """A new feed: the only answer that shows its address."""

    url: Annotated[
        str,
        Meta(description="What a calendar program subscribes to. Whoever has it reads the feed, until it is revoked."),
    ]


class FeedPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Your feeds, oldest first. `nextCursor` is null."""

    items: list[FeedItem]
    next_cursor: str | None


EXAMPLE: dict[str, Any] = {
    "id": "89898989-8989-4989-8989-898989898989",
    "name": "Outlook",
    "rotaId": None,
    "lastUsedAt": None,
    "createdAt": "2027-01-01T12:00:00.000Z",
}
_CREATED = {
    **EXAMPLE,
    "url": f"https://mail.example.com{FEED_PATH}?token=calendar_Hq0mG0S3e8dJ5nVYtKpL2xRzW7uFbA9cDgEhIjkM0nQ",
}


@get(
    _PATH,
    operation_id="listCalendarFeeds",
    opt=_OWN,
    security=SECURITY,
    tags=_TAGS,
    summary="List your calendar feeds",
    description=_FOR_PEOPLE,
    responses={
        200: answers(FeedPage, "Your feeds", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_feeds(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> FeedPage:
    found = await calendar_feeds.own_feeds(services.database, principal)
    return FeedPage(items=[FeedItem(**_fields(one)) for one in found], next_cursor=None)


@post(
    _PATH,
    operation_id="createCalendarFeed",
    opt=_OWN,
    dto=JsonBody[FeedBody],
    return_dto=None,
    status_code=200,
    security=SECURITY,
    tags=_TAGS,
    summary="Make a calendar feed, whose address is shown this once",
    description=_FOR_PEOPLE,
    responses={
        200: answers(NewFeedItem, "The feed with its address, this once", _CREATED),
        **problems(body=True, s400="name must be 1 to 255 printable characters", s403="Forbidden", s404=ROTA_NOT_FOUND),
    },
)
async def create_feed(
    data: JSONBody[FeedBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> NewFeedItem:
    made, token = await calendar_feeds.make_feed(services.database, principal, data.name, data.rota_id)
    return NewFeedItem(**_fields(made), url=calendar_feeds.feed_url(services.public_url.url, made, token))


@delete(
    f"{_PATH}/{{public_id:str}}",
    operation_id="deleteCalendarFeed",
    opt=_OWN,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Revoke a calendar feed",
    description=_FOR_PEOPLE,
    responses=problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND),
)
async def delete_feed(public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> None:
    await calendar_feeds.revoke_feed(services.database, principal, path_id(public_id))


@get(
    "/api/v1/maintenance-windows.ics",
    operation_id="getMaintenanceCalendar",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="Read the maintenance windows as a calendar (RFC 5545)",
    media_type=CALENDAR,
    responses={200: answers(str, "A calendar", _CALENDAR_EXAMPLE, CALENDAR), **problems(s403="Forbidden")},
)
async def read_calendar(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[bytes]:
    content = await calendar_feeds.own_calendar(services.database, principal, services.public_url.url)
    return calendar_answer(request, content, "maintenance")


@get(FEED_PATH, opt={PERMISSION: Permission.PUBLIC}, include_in_schema=False)
async def read_feed(
    request: Request[Any, Any, Any],
    services: GivenServices,
    token: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[bytes]:
    """For calendar programs, which can send nothing but an address."""
    return calendar_answer(
        request, await calendar_feeds.feed_content(services.database, token, services.public_url.url), "maintenance"
    )


@get(ROTA_FEED_PATH, opt={PERMISSION: Permission.PUBLIC}, include_in_schema=False)
async def read_rota_feed(
    request: Request[Any, Any, Any],
    services: GivenServices,
    token: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[bytes]:
    """Who is on call, for calendar programs."""
    content = await calendar_feeds.feed_content(services.database, token, services.public_url.url, of_rota=True)
    return calendar_answer(request, content, "rota")


def _fields(feed: CalendarFeed) -> dict[str, Any]:
    return {
        "id": feed.public_id,
        "name": feed.name,
        "rota_id": feed.rota_public_id,
        "last_used_at": timestamp_or_none(feed.last_used_at),
        "created_at": timestamp(feed.created_at),
    }


BODIES = (FeedBody, FeedItem, NewFeedItem, FeedPage)
ROUTES: list[ControllerRouterHandler] = [list_feeds, create_feed, delete_feed, read_calendar, read_feed, read_rota_feed]
