"""`GET /api/v1/monitors/{id}/uptime`: how much of a time a monitor was up, its outages and its maintenance."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.results.query import given_moment, one_of
from controller.decisions.access import Permission
from controller.decisions.history.uptime import uptime_percent
from controller.decisions.history.views import Range
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.operations.monitors.uptimes import UptimeOf, UptimeRequest, uptimes_of
from shared.clock import utc_now
from shared.epoch import to_datetime

_USUAL = (Range.DAY, Range.MONTH, Range.YEAR)

RangeName = Annotated[
    str | None,
    QueryParameter(
        name="range",
        description="The time up to now: a day, 7, 30 or 365 days.",
        schema_extra={"enum": list(Range)},
    ),
]
From = Annotated[
    str | None,
    QueryParameter(
        name="from", description="ISO 8601, UTC unless it says otherwise. A day before `to` when only that is."
    ),
]
To = Annotated[
    str | None, QueryParameter(name="to", description="ISO 8601; not included. Now when only `from` is given.")
]


class UptimeOutage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident that touches the time."""

    incident_id: Annotated[UUID, Meta(description="Of `/api/v1/incidents/{id}`.")]
    severity: Annotated[str, Meta(description="down, or partial: only some locations failed. Only down lowers uptime.")]
    started_at: Annotated[Timestamp, Meta(description="When the first failing round was due.")]
    ended_at: Annotated[Timestamp | None, Meta(description="Null while it goes on.")]
    reason: Annotated[str, Meta(description="Why, in words for people.")]


class MaintenancePart(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of the time in which the monitor was in maintenance; it is not judged."""

    started_at: Annotated[Timestamp, Meta(description="When it began, or the time did.")]
    ended_at: Annotated[Timestamp, Meta(description="When it ended, or the time did.")]


class UptimeItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The uptime of one time. A round judges the time until the next one, if some location could see; time without
    rounds and maintenance are left out.
    """

    range: Annotated[Range | None, Meta(description="Null for a time with from and to.")]
    since: Annotated[Timestamp, Meta(description="The beginning; in whole hours where only those are stored.")] = (
        msgspec.field(name="from")
    )
    until: Annotated[Timestamp, Meta(description="The end, not included.")] = msgspec.field(name="to")
    uptime_percent: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None,
        Meta(description="Of the judged time, rounded down to three digits; null when nothing was judged."),
    ]
    judged_seconds: Annotated[float, Meta(description="How many seconds were judged.")]
    down_seconds: Annotated[float, Meta(description="In how many of these the monitor was down.")]
    maintenance_seconds: Annotated[float, Meta(description="How many seconds of maintenance are left out.")]
    outages: Annotated[list[UptimeOutage], Meta(description="The latest 200, newest first.")]
    maintenance: Annotated[list[MaintenancePart], Meta(description="In order.")]


class UptimeAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One item for each time that was requested."""

    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    items: Annotated[list[UptimeItem], Meta(description="The usual times, or the one that was requested.")]


EXAMPLE: dict[str, Any] = {
    "monitorId": "33333333-3333-4333-8333-333333333333",
    "items": [
        {
            "range": "day",
            "from": "2026-01-01T00:00:00.000Z",
            "to": "2026-01-02T00:00:00.000Z",
            "uptimePercent": 99.305,
            "judgedSeconds": 86400.0,
            "downSeconds": 600.0,
            "maintenanceSeconds": 0.0,
            "outages": [
                {
                    "incidentId": "66666666-6666-4666-8666-666666666666",
                    "severity": "down",
                    "startedAt": "2026-01-01T12:00:00.000Z",
                    "endedAt": "2026-01-01T12:10:00.000Z",
                    "reason": "2 of 2 countries cannot connect: refused",
                }
            ],
            "maintenance": [],
        }
    ],
}


@get(
    "/api/v1/monitors/{public_id:str}/uptime",
    operation_id="getMonitorUptime",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Monitors"],
    summary="How much of a time a monitor was up, its outages and its maintenance",
    description="Without parameters the last day, 30 days and 365 days; with `range` one of these; with `from` or `to`"
    " any time of 731 days at most.",
    responses={
        200: answers(UptimeAnswer, "Judged time, outages and maintenance", EXAMPLE),
        **problems(s400="from must be before to, and before now", s403="Forbidden", s404="Not found"),
    },
)
async def get_monitor_uptime(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    range_name: RangeName = None,
    since: From = None,
    until: To = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> UptimeAnswer:
    number = given_uuid(public_id, "publicId")
    requests = _requests(range_name, since, until)
    monitor, found = await uptimes_of(services.database, principal, number, requests, utc_now())
    return UptimeAnswer(monitor_id=monitor.public_id, items=[_item(one) for one in found])


def _requests(range_name: str | None, since: str | None, until: str | None) -> list[UptimeRequest]:
    """Raises InvalidError."""
    if since is None and until is None:
        ranges = _USUAL if range_name is None else (one_of(Range, range_name, "range"),)
        return [UptimeRequest(range=one) for one in ranges]
    if range_name is not None:
        raise InvalidError("range", "must not be sent together with from and to")
    return [UptimeRequest(since=given_moment(since, "from"), until=given_moment(until, "to"))]


def _item(found: UptimeOf) -> UptimeItem:
    judged, maintenance = found.judged
    return UptimeItem(
        range=found.range,
        since=timestamp(found.since),
        until=timestamp(found.until),
        uptime_percent=uptime_percent(judged),
        judged_seconds=judged.evaluated_ms / 1000,
        down_seconds=judged.down_ms / 1000,
        maintenance_seconds=sum(part.to_ms - part.from_ms for part in maintenance) / 1000,
        outages=[
            UptimeOutage(
                incident_id=one.public_id,
                severity=one.severity,
                started_at=timestamp(one.outage_started_at),
                ended_at=timestamp_or_none(one.resolved_at),
                reason=one.reason,
            )
            for one in found.incidents
        ],
        maintenance=[
            MaintenancePart(
                started_at=timestamp(to_datetime(part.from_ms)), ended_at=timestamp(to_datetime(part.to_ms))
            )
            for part in maintenance
        ],
    )


ROUTES: list[ControllerRouterHandler] = [get_monitor_uptime]
BODIES = (UptimeAnswer,)
