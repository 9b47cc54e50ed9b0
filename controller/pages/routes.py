"""All pages, with what they have in common: errors as pages, and a token against forms of other sites."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import ControllerRouterHandler

from controller.http.auth import COUNTED_APART, FOR_PEOPLE
from controller.http.services import Services
from controller.long_lived import set_apart
from controller.off_loop import off_loop
from controller.pages.account.routes import ROUTES as ACCOUNT
from controller.pages.acknowledging.routes import ROUTES as ACKNOWLEDGING
from controller.pages.check.routes import ROUTES as CHECK
from controller.pages.discovery.routes import ROUTES as DISCOVERY
from controller.pages.facts.routes import ROUTES as FACTS
from controller.pages.help.routes import ROUTES as HELP
from controller.pages.incident_groups.routes import ROUTES as INCIDENT_GROUPS
from controller.pages.incidents.routes import ROUTES as INCIDENTS
from controller.pages.live.live_pages import LivePages
from controller.pages.live.routes import ROUTES as LIVE
from controller.pages.locations.routes import ROUTES as LOCATIONS
from controller.pages.login.routes import ROUTES as LOGIN
from controller.pages.maintenance.routes import ROUTES as MAINTENANCE
from controller.pages.maintenance_calendars.routes import ROUTES as CALENDARS
from controller.pages.many.routes import ROUTES as MANY
from controller.pages.monitor.routes import ROUTES as MONITOR
from controller.pages.monitor_form.routes import ROUTES as MONITOR_FORM
from controller.pages.organization.routes import ROUTES as ORGANIZATION
from controller.pages.overview.routes import ROUTES as OVERVIEW
from controller.pages.policies.routes import ROUTES as POLICIES
from controller.pages.settings.routes import ROUTES as SETTINGS
from controller.pages.shell import templates
from controller.pages.shell.errors import HANDLERS
from controller.pages.shell.page import CSRF_COOKIE, LIVE_AT
from controller.pages.shell.static_files import static_file
from controller.pages.trial.routes import ROUTES as TRIAL
from controller.pages.unsubscribing.routes import ROUTES as UNSUBSCRIBING
from controller.pages.wall.routes import ROUTES as WALL

REQUESTS = 600
"""Pages and their fragments a minute for one person, counted apart from the API."""

_ROUTES: list[ControllerRouterHandler] = [
    *OVERVIEW,
    *MONITOR_FORM,
    *MANY,
    *MONITOR,
    *CHECK,
    *INCIDENTS,
    *INCIDENT_GROUPS,
    *MAINTENANCE,
    *CALENDARS,
    *LOCATIONS,
    *LIVE,
    *LOGIN,
    *ACCOUNT,
    *ORGANIZATION,
    *DISCOVERY,
    *TRIAL,
    *POLICIES,
    *SETTINGS,
    *FACTS,
    *HELP,
    *WALL,
]


def create_pages(services: Services) -> Router:
    """The router of all pages. It accepts a change only with the token of its form, which a cookie holds too."""
    csrf = CSRFConfig(
        secret=services.vault.derived("csrf"),
        cookie_name=CSRF_COOKIE,
        cookie_httponly=True,
        cookie_secure=services.public_url.encrypted,
        cookie_samesite="lax",
    )
    live_pages = LivePages(services)
    pages = Router(
        path="/",
        route_handlers=_ROUTES,
        middleware=[DefineMiddleware(CSRFMiddleware, config=csrf)],
        dependencies={"live_pages": Provide(lambda: live_pages, sync_to_thread=False)},
        before_request=_note_position,
        opt={COUNTED_APART: REQUESTS, FOR_PEOPLE: True},
    )
    return Router(
        path="/",
        route_handlers=[pages, *ACKNOWLEDGING, *UNSUBSCRIBING, static_file],
        exception_handlers=HANDLERS,
        include_in_schema=False,
    )


@asynccontextmanager
async def preparing_pages(_: Litestar) -> AsyncIterator[None]:
    """Prepare templates while the application runs; a page that comes sooner is drawn in between."""
    preparing = asyncio.create_task(_prepare(), name="prepare-pages")
    try:
        yield
    finally:
        preparing.cancel()
        await asyncio.wait([preparing])


async def _prepare() -> None:
    for prepare in templates.prepared():
        await off_loop(prepare)
    set_apart()


def _note_position(request: Request[Any, Any, Any]) -> None:
    """Before a page reads anything, so that it knows what happened afterwards."""
    services: Services = request.app.state.services
    request.scope["state"][LIVE_AT] = services.live.now
