"""`GET /api/v1/monitors/{id}/chart`: checks, failures and durations over a time, for as long as summaries are kept."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.one_monitor.uptime import From, RangeName, To
from controller.api.v1.results.query import given_moment, one_of
from controller.decisions.access import Permission
from controller.decisions.history.views import LENGTHS, Range, View, course_view
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.off_loop import off_loop
from controller.operations.monitors.charting import Bucket, Charted, chart_of
from shared.clock import utc_now

Milliseconds = Annotated[float, Meta(ge=0)] | None


class ChartOfLocation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one location found."""

    checks: Annotated[int, Meta(description="How many there were, without blind ones.")]
    failures: Annotated[int, Meta(description="How many of them failed.")]
    blind: Annotated[int, Meta(description="How many more found nothing out, because the fault was our own.")]
    average_ms: Annotated[Milliseconds, Meta(description="Milliseconds of those that passed; null: none did.")]


class ChartBucket(ChartOfLocation, frozen=True, kw_only=True):
    """The checks that were due in `bucketSeconds` from `from` on. Percentiles are accurate to 2.5 percent."""

    since: Annotated[Timestamp, Meta(description="When it begins.")] = msgspec.field(name="from")
    warnings: Annotated[int, Meta(description="How many passed with a warning.")]
    p50_ms: Annotated[Milliseconds, Meta(description="Half of those that passed were as fast.")]
    p95_ms: Annotated[Milliseconds, Meta(description="95 of 100 that passed were as fast.")]
    max_ms: Annotated[Milliseconds, Meta(description="The slowest that passed.")]
    locations: Annotated[dict[str, ChartOfLocation], Meta(description="The same by the codes of locations.")]


class ChartAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Buckets without any check are left out."""

    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    since: Annotated[Timestamp, Meta(description="When the first bucket of the time begins.")] = msgspec.field(
        name="from"
    )
    until: Annotated[Timestamp, Meta(description="The end, not included.")] = msgspec.field(name="to")
    bucket_seconds: Annotated[int, Meta(description="300, or 3600, 21600 or 86400 for a longer or older time.")]
    items: Annotated[list[ChartBucket], Meta(description="In order.")]


_FIGURES: dict[str, Any] = {"checks": 24, "failures": 0, "blind": 0, "averageMs": 84.2}
EXAMPLE: dict[str, Any] = {
    "monitorId": "33333333-3333-4333-8333-333333333333",
    "from": "2026-01-01T00:00:00.000Z",
    "to": "2026-01-08T00:00:00.000Z",
    "bucketSeconds": 3600,
    "items": [
        {
            **_FIGURES,
            "from": "2026-01-01T12:00:00.000Z",
            "warnings": 0,
            "p50Ms": 80.1,
            "p95Ms": 121.7,
            "maxMs": 130.2,
            "locations": {"de": _FIGURES},
        }
    ],
}


@get(
    "/api/v1/monitors/{public_id:str}/chart",
    operation_id="getMonitorChart",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Monitors"],
    summary="Checks, failures and durations of a monitor over a time",
    description="The last day, or the time of `range`, or with `from` or `to` any time of 731 days at most: also when"
    " its single results are not kept any more.",
    responses={
        200: answers(ChartAnswer, "The figures of each bucket", EXAMPLE),
        **problems(s400="from must be before to, and before now", s403="Forbidden", s404="Not found"),
    },
)
async def get_monitor_chart(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    range_name: RangeName = None,
    since: From = None,
    until: To = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> ChartAnswer:
    number, now = given_uuid(public_id, "publicId"), utc_now()
    if range_name is not None and (since is not None or until is not None):
        raise InvalidError("range", "must not be sent together with from and to")
    view: View
    if since is None and until is None:
        range_ = Range.DAY if range_name is None else one_of(Range, range_name, "range")
        view = course_view(now - LENGTHS[range_], now, now=now)
    else:
        view = course_view(given_moment(since, "from"), given_moment(until, "to"), now=now)
    return await off_loop(_answer, await chart_of(services.database, principal, number, view, now))


def _answer(found: Charted) -> ChartAnswer:
    return ChartAnswer(
        monitor_id=found.monitor.public_id,
        since=timestamp(found.view.since),
        until=timestamp(found.view.until),
        bucket_seconds=found.view.bucket_seconds,
        items=[_bucket(one) for one in found.buckets],
    )


def _bucket(bucket: Bucket) -> ChartBucket:
    return ChartBucket(
        since=timestamp(bucket.start),
        checks=bucket.checks,
        failures=bucket.failures,
        blind=bucket.blind,
        warnings=bucket.warnings,
        average_ms=bucket.average_ms,
        p50_ms=bucket.p50_ms,
        p95_ms=bucket.p95_ms,
        max_ms=bucket.max_ms,
        locations={
            code: ChartOfLocation(checks=one.checks, failures=one.failures, blind=one.blind, average_ms=one.average_ms)
            for code, one in bucket.locations.items()
        },
    )


ROUTES: list[ControllerRouterHandler] = [get_monitor_chart]
BODIES = (ChartAnswer,)
