"""The HTTP application: every group of routes on one server, one login, one form of error."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from msgspec import Struct

from controller.api.compat.alertsite.routes import BODIES as ALERTSITE_BODIES
from controller.api.compat.alertsite.routes import ROUTES as ALERTSITE_ROUTES
from controller.api.compat.uptimeify.routes import BODIES as UPTIMEIFY_BODIES
from controller.api.compat.uptimeify.routes import ROUTES as UPTIMEIFY_ROUTES
from controller.api.http.auth import given_principal, require_permissions, requires_permission, tell_quota
from controller.api.http.openapi import document
from controller.api.http.problems import HANDLERS
from controller.api.http.services import Services
from controller.api.system.health import Health, healthz, readyz
from controller.api.system.metrics import counting, metrics, metrics_per_monitor
from controller.api.v1.locations import LocationAnswer, list_locations
from controller.api.v1.policies import BODIES as POLICY_BODIES
from controller.api.v1.policies import ROUTES as POLICY_ROUTES
from controller.api.v1.results.items import ResultPage
from controller.api.v1.results.routes import read_results
from controller.api.v1.stream.documents import BODIES as LIVE_BODIES
from controller.api.v1.stream.routes import ROUTES as LIVE_ROUTES
from controller.operations.accounts.limits import Limits

LARGEST_BODY = 256 * 1024
BODIES: tuple[type[Struct], ...] = (
    Health,
    LocationAnswer,
    ResultPage,
    *UPTIMEIFY_BODIES,
    *ALERTSITE_BODIES,
    *POLICY_BODIES,
    *LIVE_BODIES,
)


def create_api(services: Services) -> Litestar:
    """The ASGI application; it owns nothing of what it is given. Raises LookupError for a route without permission."""
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
            *LIVE_ROUTES,
        ],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "principal": Provide(given_principal, sync_to_thread=False),
        },
        guards=[requires_permission],
        before_send=[tell_quota],
        state=State({"services": services, "limits": Limits(services.database, services.rate_limit)}),
        exception_handlers=HANDLERS,
        request_max_body_size=LARGEST_BODY,
        openapi_config=document(BODIES),
        logging_config=None,
    )
    require_permissions(application)
    # Not as middleware, which sees no request that has no route.
    application.asgi_handler = counting(application.asgi_handler, services.metrics.counts)
    return application
