"""All pages, with what they have in common: errors as pages, and a token against forms of other sites."""

from __future__ import annotations

from litestar import Router
from litestar.config.csrf import CSRFConfig
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import ControllerRouterHandler

from controller.http.auth import COUNTED_APART
from controller.http.services import Services
from controller.pages.incidents.routes import ROUTES as INCIDENT_ROUTES
from controller.pages.locations.routes import ROUTES as LOCATION_ROUTES
from controller.pages.shell.errors import HANDLERS
from controller.pages.shell.static_files import static_file

REQUESTS = 600
"""Pages and their fragments a minute for one person, counted apart from the API."""

_ROUTES: list[ControllerRouterHandler] = [
    *INCIDENT_ROUTES,
    *LOCATION_ROUTES,
]


def create_pages(services: Services) -> Router:
    """The router of all pages. It accepts a change only with the token of its form, which a cookie holds too."""
    csrf = CSRFConfig(
        secret=services.vault.derived("csrf"),
        cookie_name="mailprobe_csrf",
        cookie_httponly=True,
        cookie_secure=services.public_url.encrypted,
        cookie_samesite="lax",
    )
    pages = Router(
        path="/",
        route_handlers=_ROUTES,
        middleware=[DefineMiddleware(CSRFMiddleware, config=csrf)],
        opt={COUNTED_APART: REQUESTS},
    )
    return Router(path="/", route_handlers=[pages, static_file], exception_handlers=HANDLERS, include_in_schema=False)
