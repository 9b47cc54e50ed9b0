"""`/settings/organizations`: every organization of the installation, for those who run it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import AlreadyExistsError, InvalidError
from controller.http.auth import PERMISSION
from controller.http.problems import status_of
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.accounts.all_organizations import create_organization
from controller.operations.accounts.lists import organizations_page
from controller.pages.settings.organizations.view import DONE, OrganizationRow, OrganizationsView
from controller.pages.settings.requests import done_of, page_request
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of

_PATH = "/settings/organizations"
_OPT = {PERMISSION: Permission.MANAGE_ALL_ORGANIZATIONS}


class NewOrganizationForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""


@get(_PATH, opt=_OPT)
async def all_organizations(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _shown(request, services, principal, NewOrganizationForm())


@post(_PATH, opt=_OPT)
async def add_organization(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, NewOrganizationForm)
    try:
        await create_organization(services.database, principal, form.name)
    except (InvalidError, AlreadyExistsError) as error:
        return await _shown(request, services, principal, form, error)
    return see_other(request, f"{_PATH}?done=added")


ALL_OF_THEM: list[ControllerRouterHandler] = [all_organizations, add_organization]


async def _shown(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: NewOrganizationForm,
    error: InvalidError | AlreadyExistsError | None = None,
) -> Response[bytes]:
    found = await organizations_page(
        services.database, services.vault, principal, page_request(request, "name"), text=None
    )
    problems: dict[str, str] = {}
    if isinstance(error, AlreadyExistsError):
        problems = {"name": "is the name of another organization"}
    elif error is not None:
        problems = problems_of(error, form.__struct_fields__)
    view = OrganizationsView(
        rows=[
            OrganizationRow(
                number=one.id,
                name=one.name,
                customers=one.customers,
                people=one.users,
                monitors=one.monitors,
                created_at=one.created_at,
                chosen=one.id == principal.works_in,
            )
            for one in found.items
        ],
        following=f"{_PATH}?{urlencode({'after': found.next_cursor})}" if found.next_cursor else None,
        form=values_of(form),
        problems=problems,
        done=done_of(request, DONE),
    )
    status = status_of(error) if error else HTTPStatus.OK
    return await page(
        request, "settings/organization/all.html", view, title="Organizations", section="settings", status=status
    )
