"""`/metrics` for Prometheus, and the middleware that counts requests for it.

`/metrics` names the installation's locations and shows its load. It is for the metrics token, which needs no database,
and for administrators of the organization that runs the installation. MAILPROBE_METRICS_PORT serves it without a token,
on a port of its own (controller.app), where `/metrics/monitors` is not. That lists, with MAILPROBE_METRICS_PER_MONITOR,
the monitors that the caller's token may read.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from litestar import Response, get
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY, UNCOUNTED
from controller.http.openapi import refusals
from controller.http.services import GivenPrincipal, GivenServices
from controller.metrics.counts import Counts
from controller.metrics.exposition import CONTENT_TYPE
from shared.counters import OTHER

_EXAMPLE = """\
# HELP mailprobe_scheduler_leading 1 where this process schedules the checks.
# TYPE mailprobe_scheduler_leading gauge
mailprobe_scheduler_leading 1.0
"""
_ANSWER = ResponseSpec(
    data_container=str,
    generate_examples=False,
    description="Metrics",
    media_type="text/plain",
    examples=[Example(value=_EXAMPLE)],
)


@get(
    "/metrics",
    opt={PERMISSION: Permission.READ_METRICS, UNCOUNTED: True},
    operation_id="getMetrics",
    summary="Metrics in Prometheus' text format",
    description="For the metrics token (MAILPROBE_METRICS_TOKEN_FILE), and for administrators of the organization that"
    " runs the installation.",
    tags=["System"],
    security=SECURITY,
    media_type=CONTENT_TYPE,
    responses={200: _ANSWER, **refusals(s403="Forbidden")},
)
async def metrics(services: GivenServices) -> Response[bytes]:
    return Response(await services.exposition.text(), media_type=CONTENT_TYPE)


@get(
    "/metrics/monitors",
    opt={PERMISSION: Permission.READ, UNCOUNTED: True},
    operation_id="getMonitorMetrics",
    summary="Metrics of each monitor in Prometheus' text format",
    tags=["System"],
    security=SECURITY,
    media_type=CONTENT_TYPE,
    responses={200: _ANSWER, **refusals(s403="Forbidden")},
)
async def metrics_per_monitor(services: GivenServices, principal: GivenPrincipal) -> Response[bytes]:
    text = await services.exposition.monitors(services.database, principal.works_in, principal.customer_ids)
    return Response(text, media_type=CONTENT_TYPE)


def counting(application: ASGIApp, counts: Counts, *, clock: Callable[[], float] = time.perf_counter) -> ASGIApp:
    """The application, wrapped so that its requests are counted by route, method and status."""

    async def counting_application(scope: Scope, receive: Receive, send: Send) -> None:
        method = scope.get("method")
        if not isinstance(method, str):  # a lifespan or WebSocket scope
            await application(scope, receive, send)
            return
        began = clock()

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("path_template") or OTHER
                counts.requests.add((route, method, str(message["status"])))
                counts.request_seconds.observe((route, method), clock() - began)
            await send(message)

        await application(scope, receive, send_and_count)

    return counting_application
