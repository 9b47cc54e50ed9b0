"""The HTTP application: every group of routes on one server, one login, one form of error."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from controller.api.auth import given_principal
from controller.api.documents import document
from controller.api.locations import LocationAnswer, list_locations
from controller.api.problems import HANDLERS
from controller.api.services import Services
from controller.api.system import Health, healthz, readyz
from controller.api.uptimeify.smtp_monitors import BODIES as UPTIMEIFY_BODIES
from controller.api.uptimeify.smtp_monitors import SmtpMonitors

LARGEST_BODY = 256 * 1024
BODIES = (Health, LocationAnswer, *UPTIMEIFY_BODIES)


def create_api(services: Services) -> Litestar:
    """The ASGI application; it owns nothing of what it is given."""
    return Litestar(
        route_handlers=[healthz, readyz, list_locations, SmtpMonitors],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "principal": Provide(given_principal, sync_to_thread=False),
        },
        state=State({"services": services}),
        exception_handlers=HANDLERS,
        request_max_body_size=LARGEST_BODY,
        openapi_config=document(BODIES),
        logging_config=None,
    )
