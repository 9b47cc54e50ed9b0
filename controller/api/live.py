"""`/api/results/stream` and `/api/events/stream`: what happens, as server-sent events, to whoever may see it."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ControllerRouterHandler

from controller.api.auth import PERMISSION, SECURITY, credential_of
from controller.api.documents import refusals
from controller.api.live_documents import DESCRIPTION, EVENTS, RESULTS, stream_of
from controller.api.live_filters import (
    Countries,
    CustomerIds,
    Kinds,
    LastEventId,
    LastEventIdQuery,
    Locations,
    Monitors,
    Statuses,
    Types,
    asked,
    event_types,
    resume_at,
)
from controller.api.live_response import EVENT_STREAM, EventStream
from controller.api.services import GivenPrincipal, GivenServices, Services
from controller.api.uptimeify.parameters import OrganizationId
from controller.decisions.access import Permission
from controller.live.frames import Place
from controller.live.scope import Asked, wanted_by
from controller.live.stream import Stream
from controller.live.subscription import Holder
from controller.model import Principal
from shared.messages import EventType

_TAGS = ["Live"]
_REFUSALS = refusals(
    s400="status must be of success, failure, unknown: 'x' is not",
    s403="Forbidden",
    s404="Not found",
    s429="Too many open streams: 100 at most",
)


@get(
    "/api/results/stream",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    media_type=EVENT_STREAM,
    summary="Every result as soon as it is stored, as server-sent events",
    description=DESCRIPTION,
    responses={200: stream_of(RESULTS), **_REFUSALS},
)
async def stream_results(
    request: Request[Principal, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    customer_id: CustomerIds = None,
    monitor: Monitors = None,
    country: Countries = None,
    location: Locations = None,
    kind: Kinds = None,
    status: Statuses = None,
    last_event_id: LastEventId = None,
    last_event_id_query: LastEventIdQuery = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> EventStream:
    wish = asked(
        types=[EventType.RESULT],
        customer_id=customer_id,
        monitor=monitor,
        country=country,
        location=location,
        kind=kind,
        status=status,
    )
    return await _open(request, services, principal, wish, resume_at(last_event_id, last_event_id_query))


@get(
    "/api/events/stream",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    media_type=EVENT_STREAM,
    summary="Results, verdicts and incidents as they come, as server-sent events",
    description=DESCRIPTION,
    responses={200: stream_of(EVENTS), **_REFUSALS},
)
async def stream_events(
    request: Request[Principal, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    event_type: Types = None,
    customer_id: CustomerIds = None,
    monitor: Monitors = None,
    country: Countries = None,
    location: Locations = None,
    kind: Kinds = None,
    status: Statuses = None,
    last_event_id: LastEventId = None,
    last_event_id_query: LastEventIdQuery = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> EventStream:
    wish = asked(
        types=event_types(event_type),
        customer_id=customer_id,
        monitor=monitor,
        country=country,
        location=location,
        kind=kind,
        status=status,
    )
    return await _open(request, services, principal, wish, resume_at(last_event_id, last_event_id_query))


async def _open(
    request: Request[Principal, Any, Any], services: Services, principal: Principal, wish: Asked, place: Place | None
) -> EventStream:
    """Raises BusError until this controller has reached EVENTS."""
    room = services.live
    room.require_ready()  # before anything is read: after a start they all come at once
    wanted = await wanted_by(services.database, principal, wish)
    begin = room.require_ready()
    subscription = room.open(wanted, Holder(principal=principal, credential=credential_of(request)))
    return EventStream(room, subscription, Stream(room, services.bus, subscription, place or begin))


ROUTES: list[ControllerRouterHandler] = [stream_results, stream_events]
