"""The HTTP application: all groups of routes and the pages on one server, with one login."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from msgspec import Struct

from controller.api.compat.alertsite.routes import BODIES as ALERTSITE_BODIES
from controller.api.compat.alertsite.routes import ROUTES as ALERTSITE_ROUTES
from controller.api.compat.uptimeify.routes import BODIES as UPTIMEIFY_BODIES
from controller.api.compat.uptimeify.routes import ROUTES as UPTIMEIFY_ROUTES
from controller.api.hooks.routes import BODIES as HOOK_BODIES
from controller.api.hooks.routes import ROUTES as HOOK_ROUTES
from controller.api.system.health import Health, healthz, readyz
from controller.api.system.metrics import counting, metrics, metrics_per_monitor
from controller.api.system.openapi_document import document
from controller.api.v1.locations.routes import list_locations
from controller.api.v1.locations.schemas import LocationAnswer
from controller.api.v1.policies.routes import ROUTES as POLICY_ROUTES
from controller.api.v1.policies.schemas import BODIES as POLICY_BODIES
from controller.api.v1.results.items import ResultPage
from controller.api.v1.results.routes import read_results
from controller.api.v1.routes import BODIES as OUR_BODIES
from controller.api.v1.routes import create_v1
from controller.api.v1.stream.documents import BODIES as STREAM_BODIES
from controller.api.v1.stream.routes import ROUTES as STREAM_ROUTES
from controller.http.auth import add_quota_headers, given_principal, require_permissions, requires_permission
from controller.http.methods import with_head_and_options
from controller.http.problems import HANDLERS, from_framework
from controller.http.request_ids import with_request_ids
from controller.http.services import Services
from controller.operations.accounts.limits import RequestLimits
from controller.pages.routes import create_pages, preparing_pages
from controller.pages.shell.errors import page_of_unknown_path

LARGEST_BODY = 256 * 1024
BODIES: tuple[type[Struct], ...] = (
    Health,
    LocationAnswer,
    ResultPage,
    *UPTIMEIFY_BODIES,
    *ALERTSITE_BODIES,
    *OUR_BODIES,
    *POLICY_BODIES,
    *STREAM_BODIES,
    *HOOK_BODIES,
)


def create_application(services: Services) -> Litestar:
    """The ASGI application; the caller owns `services`. Raises LookupError for a route that declares no permission."""
    application = Litestar(
        route_handlers=[
            healthz,
            readyz,
            metrics,
            *([metrics_per_monitor] if services.metrics_per_monitor else []),
            list_locations,
            read_results,
            *UPTIMEIFY_ROUTES,
            *ALERTSITE_ROUTES,
            create_v1(),
            *POLICY_ROUTES,
            *STREAM_ROUTES,
            *HOOK_ROUTES,
            create_pages(services),
        ],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "principal": Provide(given_principal, sync_to_thread=False),
        },
        guards=[requires_permission],
        before_send=[add_quota_headers],
        state=State({"services": services, "limits": RequestLimits(services.database, services.rate_limit)}),
        exception_handlers={**HANDLERS, HTTPException: _unknown_path},
        request_max_body_size=LARGEST_BODY,
        openapi_config=document(BODIES, services.public_url.url),
        logging_config=None,
        lifespan=[preparing_pages],
    )
    require_permissions(application)
    # These are no middlewares, because those do not run for requests without a route.
    answering = with_head_and_options(application.asgi_handler, application.routes)
    application.asgi_handler = with_request_ids(counting(answering, services.metrics.counts))
    return application


def _unknown_path(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Browsers get a page, programs what the API answers."""
    return page_of_unknown_path(request, error) or from_framework(request, error)
