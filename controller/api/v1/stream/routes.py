"""`/api/results/stream` and `/api/events/stream`, as they were before `/api/v1/stream`, which has the same events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Request, get
from litestar.types import ControllerRouterHandler

from controller.api.v1.results.query import require_known
from controller.api.v1.stream.documents import DESCRIPTION, EVENTS, RESULTS, stream_of
from controller.api.v1.stream.filters import (
    ALIAS_TYPES,
    EVENT_PARAMETERS,
    RESULT_PARAMETERS,
    Countries,
    CustomerIds,
    Kinds,
    LastEventId,
    LastEventIdQuery,
    Locations,
    Monitors,
    Statuses,
    Types,
    event_types,
    requested_filter,
    resume_at,
)
from controller.decisions.access import Permission
from controller.errors import ForbiddenError
from controller.http.auth import COUNTED_APART, PERMISSION, SECURITY, credential_of
from controller.http.event_stream import EVENT_STREAM, EventStream, away
from controller.http.identifiers import names_another
from controller.http.openapi import refusals
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.store.platform.pool import StoreUnavailableError
from controller.streaming.frames import AnyPosition
from controller.streaming.scope import RequestedFilter, filter_for
from controller.streaming.stream import Stream
from controller.streaming.subscription import Holder
from shared.wire.messages import EventType

OPENINGS = 1000
"""Openings a minute for one caller: ten times the number of streams it may hold."""

_TAGS = ["Live"]
_REFUSALS = refusals(
    s400='status must be one of success, failure, unknown, not "x"',
    s403="Forbidden",
    s404="Not found",
    s429="Too many open streams: 100 at most",
)


@get(
    "/api/results/stream",
    opt={PERMISSION: Permission.READ, COUNTED_APART: OPENINGS},
    security=SECURITY,
    tags=_TAGS,
    media_type=EVENT_STREAM,
    exception_handlers={StoreUnavailableError: away},
    operation_id="streamResultsUnversioned",
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
    require_understood(request, RESULT_PARAMETERS)
    request_filter = requested_filter(
        types=[EventType.RESULT],
        customer_id=customer_id,
        monitor=monitor,
        country=country,
        location=location,
        kind=kind,
        status=status,
    )
    return await open_stream(
        request, services, principal, request_filter, resume_at(last_event_id, last_event_id_query)
    )


@get(
    "/api/events/stream",
    opt={PERMISSION: Permission.READ, COUNTED_APART: OPENINGS},
    security=SECURITY,
    tags=_TAGS,
    media_type=EVENT_STREAM,
    exception_handlers={StoreUnavailableError: away},
    operation_id="streamEventsUnversioned",
    summary="Events of every type as they come, as server-sent events",
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
    require_understood(request, EVENT_PARAMETERS)
    request_filter = requested_filter(
        types=event_types(event_type, default=ALIAS_TYPES),
        customer_id=customer_id,
        monitor=monitor,
        country=country,
        location=location,
        kind=kind,
        status=status,
    )
    return await open_stream(
        request, services, principal, request_filter, resume_at(last_event_id, last_event_id_query)
    )


def require_understood(request: Request[Principal, Any, Any], known: Iterable[str]) -> None:
    """Raises InvalidError, ForbiddenError for another organization than the caller's."""
    require_known(request.query_params, known)
    named = request.query_params.get("organizationId")
    if named is not None and names_another(named, request.user):
        raise ForbiddenError


async def open_stream(
    request: Request[Principal, Any, Any],
    services: Services,
    principal: Principal,
    request_filter: RequestedFilter,
    resume_from: AnyPosition | None,
) -> EventStream:
    """Raises what filter_for raises, LimitedError."""
    hub = services.live
    event_filter = await filter_for(services.database, principal, request_filter)
    subscription = hub.open(event_filter, Holder(principal=principal, credential=credential_of(request)))
    return EventStream(hub, subscription, Stream(hub, services.bus, services.database, subscription, resume_from))


ROUTES: list[ControllerRouterHandler] = [stream_results, stream_events]
