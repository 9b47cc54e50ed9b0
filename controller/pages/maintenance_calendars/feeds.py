"""`/maintenance/calendar-feeds`: addresses under which calendar programs read the maintenance windows, and who is on
call in rotas.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.identifiers import is_uuid, path_id
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.maintenance import CalendarFeed
from controller.operations.calendar_feeds import feed_url, make_feed, own_feeds, revoke_feed
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from shared.secret import Secret

PATH = "/maintenance/calendar-feeds"
_OWN = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}


class FeedForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    shows: str
    made_at: datetime
    used_at: datetime | None


class FeedsView(msgspec.Struct, frozen=True, kw_only=True):
    feeds: list[FeedRow]
    form: dict[str, Any]
    problems: dict[str, str]
    revoked: bool


class MadeFeedView(msgspec.Struct, frozen=True, kw_only=True):
    """A new feed of what it `shows`, with its address, this once."""

    name: str
    shows: str
    url: str


@get(PATH, opt=_OWN)
async def feeds_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _list(request, services, principal, FeedForm())


@post(PATH, opt=_OWN)
async def make_calendar_feed(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The answer is a page and no redirect: the address is nowhere but here."""
    form = await form_of(request, FeedForm)
    try:
        made, token = await make_feed(services.database, principal, form.name.strip())
    except InvalidError as error:
        return await _list(request, services, principal, form, error)
    return await made_page(request, services, made, token)


@post(f"{PATH}/{{public_id:str}}/revoke", opt=_OWN)
async def revoke_calendar_feed(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    if not is_uuid(public_id):
        raise NotFoundError
    await revoke_feed(services.database, principal, path_id(public_id))
    return see_other(request, f"{PATH}?done=revoked")


async def made_page(
    request: Request[Any, Any, Any], services: Services, made: CalendarFeed, token: Secret
) -> Response[bytes]:
    """The page that shows the address of a new feed."""
    url = feed_url(services.public_url.url, made, token)
    view = MadeFeedView(name=made.name, shows=_shows(made), url=url)
    title, status = "The feed is made", HTTPStatus.CREATED
    return await page(
        request, "maintenance_calendars/made.html", view, title=title, section="maintenance", status=status
    )


def _shows(feed: CalendarFeed) -> str:
    return f"who is on call in {feed.rota_name}" if feed.rota_public_id else "maintenance windows"


async def _list(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: FeedForm,
    error: InvalidError | None = None,
) -> Response[bytes]:
    view = FeedsView(
        feeds=[
            FeedRow(
                id=one.public_id,
                name=one.name,
                shows=_shows(one),
                made_at=one.created_at,
                used_at=one.last_used_at,
            )
            for one in await own_feeds(services.database, principal)
        ],
        form=values_of(form),
        problems={} if error is None else problems_of(error, form.__struct_fields__),
        revoked=request.query_params.get("done") == "revoked",
    )
    status = HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST
    title = "Calendar feeds"
    return await page(
        request, "maintenance_calendars/feeds.html", view, title=title, section="maintenance", status=status
    )
