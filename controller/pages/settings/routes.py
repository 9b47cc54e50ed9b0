"""`/settings`: what there is to set up, and all pages below it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal
from controller.pages.settings.audit.routes import ROUTES as AUDIT
from controller.pages.settings.channels.routes import ROUTES as CHANNELS
from controller.pages.settings.customers.routes import ROUTES as CUSTOMERS
from controller.pages.settings.escalation.routes import ROUTES as ESCALATION
from controller.pages.settings.labels.routes import ROUTES as LABELS
from controller.pages.settings.messages.routes import ROUTES as MESSAGES
from controller.pages.settings.organizations.routes import ROUTES as ORGANIZATIONS
from controller.pages.settings.packages.routes import ROUTES as PACKAGES
from controller.pages.settings.people.routes import ROUTES as PEOPLE
from controller.pages.settings.recipient_groups.routes import ROUTES as RECIPIENT_GROUPS
from controller.pages.settings.rotas.routes import ROUTES as ROTAS
from controller.pages.settings.rules.routes import ROUTES as RULES
from controller.pages.settings.screens.routes import ROUTES as SCREENS
from controller.pages.settings.sections import Section, open_sections
from controller.pages.settings.sign_on.routes import ROUTES as SIGN_ON
from controller.pages.settings.tokens.routes import ROUTES as TOKENS
from controller.pages.shell.page import page


class SettingsView(msgspec.Struct, frozen=True):
    sections: list[Section]


@get("/settings", opt={PERMISSION: Permission.READ})
async def settings_page(request: Request[Any, Any, Any], principal: GivenPrincipal) -> Response[bytes]:
    """Every page of the settings that the person may open, with what it is for."""
    view = SettingsView(list(open_sections(principal)))
    return await page(request, "settings/index.html", view, title="Settings", section="settings")


ROUTES: list[ControllerRouterHandler] = [
    settings_page,
    *PEOPLE,
    *TOKENS,
    *CUSTOMERS,
    *PACKAGES,
    *RULES,
    *ORGANIZATIONS,
    *SIGN_ON,
    *CHANNELS,
    *RECIPIENT_GROUPS,
    *AUDIT,
    *LABELS,
    *SCREENS,
    *MESSAGES,
    *ESCALATION,
    *ROTAS,
]
