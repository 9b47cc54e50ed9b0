"""`/live`: one stream for all pages that a browser has open."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import COUNTED_APART, PERMISSION, credential_of
from controller.http.event_stream import EVENT_STREAM, EventStream, away
from controller.http.problems import UNAVAILABLE
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.pages.live.live_pages import LivePages, PageStream
from controller.streaming.frames import StreamPosition, read_position
from controller.streaming.scope import RequestedFilter, filter_for
from controller.streaming.subscription import Holder
from shared.wire.messages import EventType

OPENINGS = 1000
"""Openings a minute for one caller: a browser opens its stream again whenever it opens or leaves a page."""

LIVE_PATH = "/live"
MOST_VIEWS = 40
LONGEST_VIEW = 2000

GivenLivePages: TypeAlias = NamedDependency[SkipValidation[LivePages]]


@get(
    LIVE_PATH,
    opt={PERMISSION: Permission.READ, COUNTED_APART: OPENINGS},
    media_type=EVENT_STREAM,
    exception_handlers=dict.fromkeys(UNAVAILABLE, away),
)
async def live(
    request: Request[Principal, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    live_pages: GivenLivePages,
    view: Annotated[list[str] | None, QueryParameter()] = None,
    since: Annotated[str | None, QueryParameter()] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    organization_id: Annotated[str | None, QueryParameter(name="organizationId")] = None,  # noqa: ARG001 - for the guard
) -> EventStream:
    """Changes of the pages whose paths and queries are named by `view`. `since` is a position that all of them are
    true of.
    """
    views, position = _known(view or []), read_since(last_event_id or since)
    return await opened(request, services, principal, live_pages, views, position)


async def opened(
    request: Request[Principal, Any, Any],
    services: Services,
    principal: Principal,
    live_pages: LivePages,
    views: list[str],
    position: StreamPosition | None,
) -> EventStream:
    """A stream of what happens to these pages. Raises LimitedError, StoreUnavailableError."""
    everything = RequestedFilter(types=[EventType.RESULT, EventType.VERDICT, EventType.INCIDENT])
    event_filter = await filter_for(services.database, principal, everything)
    stream = services.live.open(event_filter, Holder(principal=principal, credential=credential_of(request)))
    return EventStream(services.live, stream, PageStream(live_pages, stream, views, position))


def _known(views: list[str]) -> list[str]:
    if len(views) > MOST_VIEWS:
        raise InvalidError("view", f"must be given {MOST_VIEWS} times at most")
    if any(len(view) > LONGEST_VIEW or not view.startswith("/") for view in views):
        raise InvalidError("view", f"must be a path of at most {LONGEST_VIEW} characters")
    return views


def read_since(text: str | None) -> StreamPosition | None:
    """None also for what is no position: everything is fetched anew then."""
    try:
        position = read_position(text) if text else None
    except ValueError:
        return None
    return position if isinstance(position, StreamPosition) else None


ROUTES: list[ControllerRouterHandler] = [live]
