"""The form of a window: planned, changed, duplicated, and the next occurrences as it is filled in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, PreconditionFailedError, UnknownCustomerError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow
from controller.off_loop import off_loop
from controller.operations.accounts.customers import list_customers
from controller.operations.accounts.organizations import get_organization
from controller.operations.locations import list_locations
from controller.operations.maintenance import windows
from controller.operations.maintenance.preview import Preview, preview_window
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange
from controller.operations.monitors.labels import labels_in_use
from controller.pages.maintenance.form import MaintenanceForm, change_of_form, form_of_window, new_form
from controller.pages.maintenance.form_view import FormChoices, window_form_view
from controller.pages.settings.requests import thing_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.monitor_choices import monitor_choices
from controller.pages.shell.page import page, see_other
from controller.pages.shell.versions import form_status, require_version, version_of
from shared.clock import utc_now

_OPT = {PERMISSION: Permission.PLAN_MAINTENANCE}
_NEW = "/maintenance/new"
_LABELS = 30
_Error = InvalidError | PreconditionFailedError


class _TypedWindow(NamedTuple):
    """What was submitted, and what became of it."""

    form: MaintenanceForm
    error: _Error | None = None
    preview: Preview | None = None
    previewed: bool = False


@get(_NEW, opt=_OPT)
async def new_window_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """An empty form; for the monitors that the address names, if any."""
    organization = await get_organization(services.database, principal)
    form = new_form(organization.time_zone, utc_now(), request.query_params.getall("monitor", []))
    return await _form(request, services, principal, None, _TypedWindow(form))


@post(_NEW, opt=_OPT)
async def plan_window(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, MaintenanceForm)
    try:
        made = await windows.create_window(services.database, principal, change_of_form(form))
    except (InvalidError, UnknownCustomerError) as error:
        return await _form(request, services, principal, None, _TypedWindow(form, _named(error)))
    return see_other(request, f"/maintenance/{made.public_id}?done=planned")


@post(f"{_NEW}/preview", opt=_OPT)
async def preview_new_window(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The next occurrences, and the monitors that were searched for; nothing is stored."""
    return await _preview(request, services, principal, None)


@get("/maintenance/{public_id:str}/edit", opt=_OPT)
async def edit_window_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    window = await windows.get_window(services.database, principal, thing_of(public_id))
    return await _form(request, services, principal, window, None)


@post("/maintenance/{public_id:str}/edit", opt=_OPT)
async def change_window(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Change the window, unless somebody else has since the form was drawn."""
    number = thing_of(public_id)
    await windows.get_window(services.database, principal, number)
    form = await form_of(request, MaintenanceForm)

    def unchanged(found: MaintenanceWindow) -> None:
        require_version(form.version, version_of(form_of_window(found)), found)

    try:
        change = change_of_form(form)
        await windows.change_window(services.database, principal, number, change, on_found=unchanged)
    except (InvalidError, PreconditionFailedError, UnknownCustomerError) as error:
        window = await windows.get_window(services.database, principal, number)
        return await _form(request, services, principal, window, _TypedWindow(form, _named(error)))
    return see_other(request, f"/maintenance/{number}?done=saved")


@post("/maintenance/{public_id:str}/edit/preview", opt=_OPT)
async def preview_changed_window(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    window = await windows.get_window(services.database, principal, thing_of(public_id))
    return await _preview(request, services, principal, window)


@get("/maintenance/{public_id:str}/duplicate", opt=_OPT)
async def duplicate_window_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The form of a new window with the values of this one."""
    window = await windows.get_window(services.database, principal, thing_of(public_id))
    return await _form(request, services, principal, None, _TypedWindow(form_of_window(window)))


async def _preview(
    request: Request[Any, Any, Any], services: Services, principal: Principal, window: MaintenanceWindow | None
) -> Response[bytes]:
    form = await form_of(request, MaintenanceForm)
    try:
        found = await preview_window(services.database, principal, _so_far(form, principal), window)
    except (InvalidError, UnknownCustomerError) as error:
        return await _form(request, services, principal, window, _TypedWindow(form, _named(error), previewed=True))
    return await _form(request, services, principal, window, _TypedWindow(form, preview=found, previewed=True))


def _so_far(form: MaintenanceForm, principal: Principal) -> WindowChange:
    """When it is can be shown before it has a name and before anybody says for what it is."""
    change = change_of_form(form)
    if not any((form.monitors, form.customers, form.locations, form.labels.strip(), form.organization)):
        limits = principal.customer_ids
        anything = WindowTargetsChange(organization=limits is None, customers=sorted(limits or ())[:1])
        change = msgspec.structs.replace(change, targets=anything, customer=None)
    return change if change.name else msgspec.structs.replace(change, name="-")


async def _form(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    window: MaintenanceWindow | None,
    typed: _TypedWindow | None,
) -> Response[bytes]:
    stored = form_of_window(window) if window else None
    typed = typed or _TypedWindow(stored or MaintenanceForm())
    conflict = isinstance(typed.error, PreconditionFailedError)
    form = typed.form
    if stored is not None and (conflict or not form.version):
        form = msgspec.structs.replace(form, version=version_of(stored))
    choices = await _choices(services, principal, form)
    view = await off_loop(
        window_form_view,
        form,
        choices,
        action=f"/maintenance/{window.public_id}/edit" if window else _NEW,
        back=f"/maintenance/{window.public_id}" if window else "/maintenance",
        name=window.name if window else "",
        stored=stored,
        error=typed.error,
        preview=typed.preview,
        previewed=typed.previewed,
    )
    title = f"Change {window.name}" if window else "Plan maintenance"
    status = HTTPStatus.OK if typed.previewed else form_status(typed.error)
    return await page(request, "maintenance/form.html", view, title=title, section="maintenance", status=status)


async def _choices(services: Services, principal: Principal, form: MaintenanceForm) -> FormChoices:
    customers = await list_customers(services.database, principal)
    places = await list_locations(services.database, principal)
    labels = await labels_in_use(services.database, principal)
    return FormChoices(
        monitors=await monitor_choices(services, principal, form.monitors, form.find),
        customers=[(str(one.public_id), one.name) for one in customers],
        locations=[(one.location.code, f"{one.location.name} ({one.location.code})") for one in places],
        labels=[f"{one.key}: {value}" if value else one.key for one in labels for value, _ in one.values][:_LABELS],
        limited=principal.customer_ids is not None,
    )


def _named(error: InvalidError | PreconditionFailedError | UnknownCustomerError) -> _Error:
    if isinstance(error, UnknownCustomerError):
        return InvalidError("customer", "must be chosen from the list")
    return error


EDITING: list[ControllerRouterHandler] = [
    new_window_page,
    plan_window,
    preview_new_window,
    edit_window_page,
    change_window,
    preview_changed_window,
    duplicate_window_page,
]
