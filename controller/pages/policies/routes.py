"""The pages of policies: what is set at each level, and the form of one with its picture and its preview."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.monitors.policies import of_organization
from controller.operations.monitors.policy_levels import set_policies
from controller.pages.policies.changing import CUSTOMER, MONITOR, ORGANIZATION, PolicyPlace, preview, save, show
from controller.pages.policies.view import DONE, policies_view
from controller.pages.shell.page import page

_READ = {PERMISSION: Permission.READ}
_Request = Request[Any, Any, Any]


@get("/policies", opt=_READ)
async def policies_page(request: _Request, services: GivenServices, principal: GivenPrincipal) -> Response[bytes]:
    """What holds for the organization, and which customers and monitors have a policy of their own."""
    of_organization(principal, Permission.READ)
    done = DONE.get(request.query_params.get("done", ""), "")
    view = await off_loop(policies_view, await set_policies(services.database, principal), done)
    return await page(request, "policies/list.html", view, title="Policies", section="settings")


@get("/policies/organization", opt=_READ)
async def organization_policy_page(
    request: _Request, services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await show(request, services, principal, PolicyPlace(ORGANIZATION))


@post("/policies/organization", opt={PERMISSION: Permission.MANAGE_ORGANIZATION})
async def save_organization_policy(
    request: _Request, services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await save(request, services, principal, PolicyPlace(ORGANIZATION))


@post("/policies/organization/preview", opt={PERMISSION: Permission.MANAGE_ORGANIZATION})
async def preview_policy_of_organization(
    request: _Request, services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await preview(request, services, principal, PolicyPlace(ORGANIZATION))


@get("/policies/customers/{public_id:str}", opt=_READ)
async def customer_policy_page(
    request: _Request, public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await show(request, services, principal, PolicyPlace(CUSTOMER, public_id))


@post("/policies/customers/{public_id:str}", opt={PERMISSION: Permission.MANAGE_CUSTOMERS})
async def save_customer_policy(
    request: _Request, public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await save(request, services, principal, PolicyPlace(CUSTOMER, public_id))


@post("/policies/customers/{public_id:str}/preview", opt={PERMISSION: Permission.MANAGE_CUSTOMERS})
async def preview_policy_of_customer(
    request: _Request, public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await preview(request, services, principal, PolicyPlace(CUSTOMER, public_id))


@get("/monitors/{public_id:str}/policy", opt=_READ)
async def monitor_policy_page(
    request: _Request, public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await show(request, services, principal, PolicyPlace(MONITOR, public_id))


@post("/monitors/{public_id:str}/policy", opt={PERMISSION: Permission.CHANGE})
async def save_monitor_policy(
    request: _Request, public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await save(request, services, principal, PolicyPlace(MONITOR, public_id))


@post("/monitors/{public_id:str}/policy/preview", opt={PERMISSION: Permission.CHANGE})
async def preview_policy_of_monitor(
    request: _Request, public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await preview(request, services, principal, PolicyPlace(MONITOR, public_id))


ROUTES: list[ControllerRouterHandler] = [
    policies_page,
    organization_policy_page,
    save_organization_policy,
    preview_policy_of_organization,
    customer_policy_page,
    save_customer_policy,
    preview_policy_of_customer,
    monitor_policy_page,
    save_monitor_policy,
    preview_policy_of_monitor,
]
