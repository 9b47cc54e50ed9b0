"""`/settings/rules` and `/settings/customers/{id}/rules`: for which checks which kinds of channels are used."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.notification.rules import Rules
from controller.errors import PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Customer, Organization, Principal
from controller.operations.accounts import customers, organizations, settings
from controller.operations.accounts.customers import CustomerChange
from controller.operations.accounts.organizations import OrganizationChange
from controller.operations.accounts.settings import OrganizationSettings, SettingsChange
from controller.pages.settings.requests import done_of, thing_of
from controller.pages.settings.rules.forms import KIND_WORDS, RuleRow, RulesForm, form_of_rules, rows_of, rules_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import ELSEWHERE
from controller.pages.shell.versions import form_status, require_version, version_of
from shared.clock import utc_now

_PATH = "/settings/rules"
_OF_CUSTOMER = "/settings/customers/{public_id:str}/rules"
_MANAGE = {PERMISSION: Permission.MANAGE_ORGANIZATION}
_MANAGE_CUSTOMERS = {PERMISSION: Permission.MANAGE_CUSTOMERS}
_DONE = {"saved": "The rules were saved. They hold for the next outage."}
_CHANGED = (
    "Somebody changed these rules while you had the form open, and nothing was saved. Here they are as they are now."
)


class RulesView(msgspec.Struct, frozen=True, kw_only=True):
    """`action` is the path of the form; `customer` is whose rules they are, None for the organization's."""

    action: str
    customer: str | None
    customer_path: str
    kinds: list[str]
    rows: list[RuleRow]
    version: str
    problems: dict[str, str]
    done: str


@get(_PATH, opt=_MANAGE)
async def organization_rules(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _of_organization(request, services, principal)


@post(_PATH, opt=_MANAGE)
async def change_organization_rules(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, RulesForm)
    here = await organizations.get_organization(services.database, principal)
    change = SettingsChange(organization=OrganizationChange(default_notification_rules=rules_of(form)))

    def expect(found: OrganizationSettings) -> None:
        _require(form, found.retention.organization.default_notification_rules)

    try:
        await settings.change_settings(services.database, principal, here.public_id, change, expect, utc_now())
    except PreconditionFailedError as error:
        return await _of_organization(request, services, principal, error)
    return see_other(request, f"{_PATH}?done=saved")


@get(_OF_CUSTOMER, opt=_MANAGE_CUSTOMERS)
async def customer_rules(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await customers.get_customer(services.database, principal, thing_of(public_id))
    return await _of_customer(request, services, principal, found)


@post(_OF_CUSTOMER, opt=_MANAGE_CUSTOMERS)
async def change_customer_rules(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await customers.get_customer(services.database, principal, thing_of(public_id))
    form = await form_of(request, RulesForm)
    rules = rules_of(form)

    def decide(now: Customer) -> CustomerChange:
        _require(form, now.notification_rules)
        return CustomerChange(notification_rules=rules)

    try:
        await customers.update_customer(services.database, principal, found.public_id, decide)
    except PreconditionFailedError as error:
        now = await customers.get_customer(services.database, principal, found.public_id)
        return await _of_customer(request, services, principal, now, error)
    return see_other(request, f"/settings/customers/{found.public_id}/rules?done=saved")


ROUTES: list[ControllerRouterHandler] = [
    organization_rules,
    change_organization_rules,
    customer_rules,
    change_customer_rules,
]


def _require(form: RulesForm, stored: Rules | None) -> None:
    """Raises PreconditionFailedError when the rules are not as the form was drawn."""
    require_version(form.version, version_of(form_of_rules(stored)))


async def _of_organization(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    error: PreconditionFailedError | None = None,
) -> Response[bytes]:
    here = await organizations.get_organization(services.database, principal)
    return await _shown(request, here, None, error)


async def _of_customer(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    customer: Customer,
    error: PreconditionFailedError | None = None,
) -> Response[bytes]:
    here = msgspec.structs.replace(principal, works_in=customer.organization_id)
    return await _shown(request, await organizations.get_organization(services.database, here), customer, error)


async def _shown(
    request: Request[Any, Any, Any],
    organization: Organization,
    customer: Customer | None,
    error: PreconditionFailedError | None,
) -> Response[bytes]:
    usual = organization.default_notification_rules
    rules = usual if customer is None else customer.notification_rules
    own_path = "" if customer is None else f"/settings/customers/{customer.public_id}"
    view = RulesView(
        action=f"{own_path}/rules" if customer else _PATH,
        customer=customer.name if customer else None,
        customer_path=own_path,
        kinds=list(KIND_WORDS.values()),
        rows=rows_of(rules, usual if customer else None, of_customer=customer is not None),
        version=version_of(form_of_rules(rules)),
        problems={ELSEWHERE: _CHANGED} if error else {},
        done=done_of(request, _DONE),
    )
    return await page(
        request,
        "settings/rules/rules.html",
        view,
        title="Notification rules",
        section="settings",
        status=form_status(error),
    )
