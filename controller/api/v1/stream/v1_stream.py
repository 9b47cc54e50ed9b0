"""`/api/v1/stream`: events of every type as they happen, and from as far back as they are kept."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.results.query import given_moment
from controller.api.v1.stream.documents import BODIES as STREAM_BODIES
from controller.api.v1.stream.documents import EVENTS, V1_DESCRIPTION, stream_of
from controller.api.v1.stream.filters import (
    Countries,
    Kinds,
    LastEventId,
    LastEventIdQuery,
    Locations,
    Monitors,
    Statuses,
    event_types,
    requested_filter,
    resume_at,
    values_in,
)
from controller.api.v1.stream.routes import OPENINGS, open_stream, require_understood
from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import COUNTED_APART, PERMISSION, SECURITY
from controller.http.event_stream import EVENT_STREAM, EventStream, away
from controller.http.openapi import problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.store.platform.pool import StoreUnavailableError
from controller.streaming.frames import AnyPosition, ReplayPosition
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.messages import EventType

_PARAMETERS = frozenset(
    ("customer", "monitor", "country", "location", "kind", "status", "type", "from", "lastEventId", "organizationId")
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Customers = Annotated[
    str | None, QueryParameter(name="customer", description="Public UUIDs of customers.", max_length=4000)
]
V1Types = Annotated[
    str | None,
    QueryParameter(
        name="type", description=f"{', '.join(EventType)}; all of them when it is not given.", max_length=4000
    ),
]
Since = Annotated[
    str | None,
    QueryParameter(
        name="from",
        description="A moment in ISO 8601, UTC unless it says otherwise. The stream begins with what is kept since"
        " then: results that were due from that moment on, and other events that were published from then on."
        " An id to resume at wins over it.",
        max_length=40,
    ),
]


@get(
    "/api/v1/stream",
    operation_id="streamEvents",
    opt={PERMISSION: Permission.READ, COUNTED_APART: OPENINGS},
    security=SECURITY,
    tags=["Stream"],
    media_type=EVENT_STREAM,
    exception_handlers={StoreUnavailableError: away},
    summary="Events of every type as they come, as server-sent events",
    description=V1_DESCRIPTION,
    responses={
        200: stream_of(EVENTS),
        **problems(
            s400='status must be one of success, failure, unknown, not "x"',
            s403="Forbidden",
            s404="Not found",
            s429="Too many open streams: 100 at most",
        ),
    },
)
async def stream(
    request: Request[Principal, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    event_type: V1Types = None,
    customer: Customers = None,
    monitor: Monitors = None,
    country: Countries = None,
    location: Locations = None,
    kind: Kinds = None,
    status: Statuses = None,
    since: Since = None,
    last_event_id: LastEventId = None,
    last_event_id_query: LastEventIdQuery = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> EventStream:
    require_understood(request, _PARAMETERS)
    others = requested_filter(
        types=event_types(event_type),
        customer_id=None,
        monitor=None,
        country=country,
        location=location,
        kind=kind,
        status=status,
    )
    customers = _uuids(customer, "customer")
    requested = msgspec.structs.replace(
        others, customers=None if customers is None else [*customers], monitors=_uuids(monitor, "monitor")
    )
    position = resume_at(last_event_id, last_event_id_query) or _beginning(since)
    return await open_stream(request, services, principal, requested, position)


def _beginning(text: str | None) -> AnyPosition | None:
    """Raises InvalidError."""
    moment = given_moment(text, "from")
    if moment is None:
        return None
    if moment > utc_now():
        raise InvalidError("from", "must not be in the future")
    return ReplayPosition(max(0, to_ms(moment)))


def _uuids(text: str | None, field: str) -> list[UUID] | None:
    """Raises InvalidError."""
    values = values_in(text, field)
    if values is not None and not all(map(_UUID.fullmatch, values)):
        raise InvalidError(field, "must hold public UUIDs with commas between them")
    return None if values is None else list(map(UUID, values))


ROUTES: list[ControllerRouterHandler] = [stream]
BODIES: tuple[type[msgspec.Struct], ...] = STREAM_BODIES
