"""The HTTP application: all groups of routes on one server, with one login and one form of error."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from msgspec import Struct

from controller.api.compat.alertsite.routes import BODIES as ALERTSITE_BODIES
from controller.api.compat.alertsite.routes import ROUTES as ALERTSITE_ROUTES
from controller.api.compat.uptimeify.routes import BODIES as UPTIMEIFY_BODIES
from controller.api.compat.uptimeify.routes import ROUTES as UPTIMEIFY_ROUTES
from controller.api.http.auth import add_quota_headers, given_principal, require_permissions, requires_permission
from controller.api.http.problems import HANDLERS
from controller.api.http.services import Services
from controller.api.system.health import Health, healthz, readyz
from controller.api.system.metrics import counting, metrics, metrics_per_monitor
from controller.api.system.openapi_document import document
from controller.api.v1.locations.routes import list_locations
from controller.api.v1.locations.schemas import LocationAnswer
from controller.api.v1.policies.routes import ROUTES as POLICY_ROUTES
from controller.api.v1.policies.schemas import BODIES as POLICY_BODIES
from controller.api.v1.results.items import ResultPage
from controller.api.v1.results.routes import read_results
from controller.api.v1.stream.documents import BODIES as STREAM_BODIES
from controller.api.v1.stream.routes import ROUTES as STREAM_ROUTES
from controller.operations.accounts.limits import RequestLimits

LARGEST_BODY = 256 * 1024
BODIES: tuple[type[Struct], ...] = (
    Health,
    LocationAnswer,
    ResultPage,
    *UPTIMEIFY_BODIES,
    *ALERTSITE_BODIES,
    *POLICY_BODIES,
    *STREAM_BODIES,
)


def create_api(services: Services) -> Litestar:
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
            *POLICY_ROUTES,
            *STREAM_ROUTES,
        ],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "principal": Provide(given_principal, sync_to_thread=False),
        },
        guards=[requires_permission],
        before_send=[add_quota_headers],
        state=State({"services": services, "limits": RequestLimits(services.database, services.rate_limit)}),
        exception_handlers=HANDLERS,
        request_max_body_size=LARGEST_BODY,
        openapi_config=document(BODIES),
        logging_config=None,
    )
    require_permissions(application)
    # This is not a middleware, because those do not run for requests without a route.
    application.asgi_handler = counting(application.asgi_handler, services.metrics.counts)
    return application
