"""`/settings/customers`: whom monitors belong to."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Customer
from controller.operations.accounts import customers
from controller.operations.accounts.customers import CustomerChange
from controller.operations.accounts.lists import customers_page
from controller.pages.settings.customers.forms import (
    FIELDS,
    MORE,
    NAMES,
    STATUS_OPTIONS,
    CustomerForm,
    customer_change_of,
    form_of_customer,
    has_more,
)
from controller.pages.settings.customers.view import (
    DONE,
    CustomerFormView,
    CustomersView,
    CustomerView,
    changed_meanwhile,
    customer_row,
)
from controller.pages.settings.requests import done_of, following_page, page_request, search_of, thing_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import form_status, require_version, version_of

_PATH = "/settings/customers"
_ONE = f"{_PATH}/{{public_id:str}}"
_READ = {PERMISSION: Permission.READ}
_MANAGE = {PERMISSION: Permission.MANAGE_CUSTOMERS}


@get(_PATH, opt=_READ)
async def customer_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The customers that the person may see, by name."""
    text = search_of(request)
    found = await customers_page(
        services.database, services.vault, principal, page_request(request, "name"), status=None, text=text or None
    )
    counts = await customers.monitor_counts(services.database, found.items)
    view = CustomersView(
        rows=[customer_row(one, counts.get(one.id, 0)) for one in found.items],
        text=text,
        following=following_page(_PATH, text, found.next_cursor),
        done=done_of(request, DONE),
    )
    return await page(request, "settings/customers/list.html", view, title="Customers", section="settings")


@get(f"{_PATH}/new", opt=_MANAGE)
async def new_customer(request: Request[Any, Any, Any]) -> Response[bytes]:
    return await _new(request, CustomerForm())


@post(f"{_PATH}/new", opt=_MANAGE)
async def add_customer(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, CustomerForm)
    try:
        made = await customers.create_customer(
            services.database, principal, principal.organization_id, customer_change_of(form), every_breach=True
        )
    except InvalidError as error:
        return await _new(request, form, error)
    return see_other(request, f"{_PATH}/{made.public_id}?done=added")


@get(_ONE, opt=_READ)
async def customer_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """One customer, with what belongs to it."""
    found = await customers.get_customer(services.database, principal, thing_of(public_id))
    return await _customer(request, services, found)


@post(_ONE, opt=_MANAGE)
async def change_customer(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await customers.get_customer(services.database, principal, thing_of(public_id))
    form = await form_of(request, CustomerForm)

    def decide(now: Customer) -> CustomerChange:
        require_version(form.version, version_of(form_of_customer(now)), now)
        return customer_change_of(form)

    try:
        await customers.update_customer(services.database, principal, found.public_id, decide, every_breach=True)
    except InvalidError as error:
        return await _customer(request, services, found, form, error)
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, Customer)  # noqa: S101 - `decide` raised it
        return await _customer(request, services, now, form, error)
    return see_other(request, f"{_PATH}/{found.public_id}?done=saved")


ROUTES: list[ControllerRouterHandler] = [customer_list, new_customer, add_customer, customer_page, change_customer]


async def _new(
    request: Request[Any, Any, Any], form: CustomerForm, error: InvalidError | None = None
) -> Response[bytes]:
    problems = problems_of(error, FIELDS, NAMES) if error else {}
    view = CustomerFormView(
        form=values_of(form), problems=problems, statuses=STATUS_OPTIONS, more=_opened(form, problems)
    )
    return await page(
        request,
        "settings/customers/new.html",
        view,
        title="Add a customer",
        section="settings",
        status=form_status(error),
    )


async def _customer(
    request: Request[Any, Any, Any],
    services: Services,
    customer: Customer,
    form: CustomerForm | None = None,
    error: InvalidError | PreconditionFailedError | None = None,
) -> Response[bytes]:
    monitors = await customers.monitor_counts(services.database, [customer])
    sms = await customers.sms_usage(services.database, [customer])
    kept = form_of_customer(customer)
    stored = values_of(kept) | {"version": version_of(kept)}
    shown = form or kept
    values = values_of(form) if form else stored
    problems = problems_of(error, FIELDS, NAMES) if error else {}
    if isinstance(error, PreconditionFailedError):
        problems = changed_meanwhile(values, stored)
        values["version"] = stored["version"]
    view = CustomerView(
        row=customer_row(customer, monitors.get(customer.id, 0)),
        customer=customer,
        sms=sms.get(customer.id, 0),
        form=values,
        problems=problems,
        statuses=STATUS_OPTIONS,
        more=_opened(shown, problems),
        created_at=customer.created_at,
        cancelled_at=customer.cancelled_at,
        done=done_of(request, DONE),
    )
    return await page(
        request,
        "settings/customers/customer.html",
        view,
        title=customer.name,
        section="settings",
        status=form_status(error),
    )


def _opened(form: CustomerForm, problems: dict[str, str]) -> bool:
    return has_more(form) or not MORE.isdisjoint(problems)
