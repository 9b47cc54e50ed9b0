"""`/settings/organization`: what holds for the organization as a whole."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import AlreadyExistsError, DomainError, InvalidError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Location, Principal
from controller.operations.accounts import settings
from controller.operations.accounts.defaults import stored_defaults
from controller.operations.accounts.organizations import get_organization
from controller.operations.accounts.settings import OrganizationSettings, SettingsChange
from controller.operations.locations import list_locations
from controller.pages.settings.organizations.all_of_them import ALL_OF_THEM
from controller.pages.settings.organizations.forms import (
    DEFAULTS,
    NAMES,
    ORGANIZATION,
    RETENTION,
    DefaultsForm,
    OrganizationDataForm,
    OrganizationForm,
    RetentionForm,
    defaults_of,
    form_of_retention,
    organization_change_of,
    retention_change_of,
    stored_forms,
)
from controller.pages.settings.organizations.view import DONE, ShorteningView, kept_view, organization_settings_view
from controller.pages.settings.requests import done_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import form_status, require_version, version_of
from shared.clock import utc_now

_PATH = "/settings/organization"
_OPT = {PERMISSION: Permission.MANAGE_ORGANIZATION}


@get(_PATH, opt=_OPT)
async def organization_settings(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _shown(request, services, principal)


@post(_PATH, opt=_OPT)
async def change_organization(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, OrganizationDataForm)
    try:
        change = SettingsChange(organization=organization_change_of(form))
        await _change(services, principal, change, ORGANIZATION, form.version)
    except (InvalidError, AlreadyExistsError, PreconditionFailedError) as error:
        return await _shown(request, services, principal, form, error, wrong=ORGANIZATION)
    return see_other(request, f"{_PATH}?done=organization")


@post(f"{_PATH}/defaults", opt=_OPT)
async def change_monitor_defaults(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, DefaultsForm)
    try:
        values = stored_defaults(defaults_of(form), await _locations(services, principal))
        await _change(services, principal, SettingsChange(defaults=values), DEFAULTS, form.version)
    except (InvalidError, PreconditionFailedError) as error:
        return await _shown(request, services, principal, form, error, wrong=DEFAULTS)
    return see_other(request, f"{_PATH}?done=defaults")


@post(f"{_PATH}/retention", opt=_OPT)
async def change_kept(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Keep history for longer at once; for a shorter time after a page has said what will be removed."""
    form = await form_of(request, RetentionForm)
    here = await get_organization(services.database, principal)
    try:
        held = await settings.get_settings(services.database, principal, here.public_id, utc_now())
        require_version(form.version, version_of(form_of_retention(held.retention)))
        change = SettingsChange(retention=retention_change_of(form))
        tried = await settings.try_settings(services.database, principal, here.public_id, change, utc_now())
        if tried.retention.then is not None and form.confirmed != "on":
            view = ShorteningView(form=values_of(form), kept=kept_view(tried.retention))
            title = "Keep less history"
            return await page(request, "settings/organization/shorter.html", view, title=title, section="settings")
        await _change(services, principal, change, RETENTION, form.version)
    except (InvalidError, PreconditionFailedError) as error:
        return await _shown(request, services, principal, form, error, wrong=RETENTION)
    return see_other(request, f"{_PATH}?done={'shorter' if tried.retention.then else 'retention'}")


ROUTES: list[ControllerRouterHandler] = [
    organization_settings,
    change_organization,
    change_monitor_defaults,
    change_kept,
    *ALL_OF_THEM,
]


async def _change(services: Services, principal: Principal, change: SettingsChange, form: str, version: str) -> None:
    """`version` is that of the form. Raises PreconditionFailedError when what it changes is not as it was drawn."""
    here = await get_organization(services.database, principal)
    locations = await _locations(services, principal)

    def expect(found: OrganizationSettings) -> None:
        require_version(version, version_of(stored_forms(found, locations)[form]))

    await settings.change_settings(services.database, principal, here.public_id, change, expect, utc_now())


async def _locations(services: Services, principal: Principal) -> list[Location]:
    return [state.location for state in await list_locations(services.database, principal)]


async def _shown(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: OrganizationForm | None = None,
    error: DomainError | None = None,
    *,
    wrong: str = "",
) -> Response[bytes]:
    here = await get_organization(services.database, principal)
    view = organization_settings_view(
        await settings.get_settings(services.database, principal, here.public_id, utc_now()),
        await _locations(services, principal),
        form=values_of(form) if form else {},
        problems=_problems(form, error),
        wrong=wrong,
        conflict=isinstance(error, PreconditionFailedError),
        done=done_of(request, DONE),
    )
    return await page(
        request,
        "settings/organization/organization.html",
        view,
        title="Organization",
        section="settings",
        status=form_status(error),
    )


def _problems(form: OrganizationForm | None, error: DomainError | None) -> dict[str, str]:
    if form is None or error is None:
        return {}
    if isinstance(error, AlreadyExistsError):
        return {"name": "is the name of another organization"}
    return problems_of(error, form.__struct_fields__, NAMES)
