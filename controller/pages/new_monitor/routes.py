"""`/monitors/new`: the form, and the monitor that it makes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, UnknownCustomerError
from controller.http.auth import PERMISSION
from controller.http.identifiers import customer_identifier
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Customer, Principal
from controller.operations.accounts import customers
from controller.operations.monitors import monitors
from controller.operations.overview import overview
from controller.pages.new_monitor.view import NewMonitorForm, change_of, kinds_of, new_monitor_view
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other


@get("/monitors/new", opt={PERMISSION: Permission.CREATE})
async def new_monitor(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Any:
    """The empty form."""
    return await _form(request, services, principal, None, None)


@post("/monitors/new", opt={PERMISSION: Permission.CREATE})
async def create(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Any:
    """Make the monitor and show its page; the form again when a field breaks a rule."""
    form = await form_of(request, NewMonitorForm)
    try:
        found = await overview.read_troubles(services.database, principal)
        change = change_of(form, [here.country for here in found.locations if here.enabled])
        owner = await _owner(services, principal, form)
        made = await monitors.create_monitor(
            services.database, services.vault, principal, kinds_of(form), owner, change
        )
    except UnknownCustomerError as error:
        problem = InvalidError("customer", str(error))
        return await _form(request, services, principal, form, problem)
    except InvalidError as error:
        return await _form(request, services, principal, form, error)
    return see_other(request, f"/monitors/{made.public_id}")


async def _owner(services: Services, principal: Principal, form: NewMonitorForm) -> Any:
    """The chosen customer, or the only one. Raises InvalidError."""
    if form.customer:
        try:
            return customer_identifier(form.customer)
        except InvalidError as error:
            raise InvalidError("customer", "must be one of the list") from error
    known = await customers.list_customers(services.database, principal)
    if len(known) != 1:
        raise InvalidError("customer", "must be chosen")
    return known[0].id


async def _form(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: NewMonitorForm | None,
    problem: InvalidError | None,
) -> Response[bytes]:
    known: list[Customer] = await customers.list_customers(services.database, principal)
    found = await overview.read_troubles(services.database, principal)
    view = new_monitor_view(found.locations, known, form, problem)
    status = HTTPStatus.OK if problem is None else HTTPStatus.BAD_REQUEST
    return await page(request, "new_monitor/page.html", view, title="New monitor", section="overview", status=status)


ROUTES: list[ControllerRouterHandler] = [new_monitor, create]
