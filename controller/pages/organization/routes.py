"""`/organization`: global roles choose whose monitors the pages show (docs/compatibility.md, R1)."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post

from controller.decisions.access import Permission
from controller.errors import NotFoundError
from controller.http import cookies
from controller.http.auth import PERMISSION
from controller.http.cookies import own_cookie
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts.organizations import organization_names
from controller.pages.organization.view import organization_view
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import own_path, page, see_other

_READ = {PERMISSION: Permission.READ}


class OrganizationForm(msgspec.Struct, frozen=True, kw_only=True):
    organization: int
    next: str = "/"


@get("/organization", opt=_READ)
async def organization_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    names = await organization_names(services.database, principal)
    following = own_path(request.query_params.get("next"))
    view = organization_view(names, chosen=principal.works_in, following=following)
    return await page(request, "organization/organization.html", view, title="Organization", section="organization")


@post("/organization", opt=_READ)
async def choose_organization(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    names = await organization_names(services.database, principal)
    form = await form_of(request, OrganizationForm)
    if form.organization not in dict(names):
        raise NotFoundError("There is no such organization")
    chosen = own_cookie(request, cookies.ORGANIZATION, str(form.organization))
    return see_other(request, own_path(form.next), set_cookies=[chosen])


ROUTES = [organization_page, choose_organization]
