"""What is done about somebody's account: a new login link, the end of their sessions, and its removal."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import ForbiddenError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Account, Principal
from controller.operations.accounts import colleagues, people
from controller.operations.accounts.colleagues import LoginLink
from controller.pages.settings.people.view import LoginLinkView, PersonRemovalView, person_row
from controller.pages.settings.requests import ButtonForm, thing_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other

_ONE = "/settings/people/{public_id:str}"
_OPT = {PERMISSION: Permission.MANAGE_USERS}
_CHOOSE_PASSWORD = "/account"  # noqa: S105 - the path of a page


@post(f"{_ONE}/link", opt=_OPT)
async def make_link(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Answered with the page itself: the link is in no address and no other page."""
    account = await account_here(services, principal, public_id)
    await form_of(request, ButtonForm)
    link = await colleagues.make_login_link(services.database, principal, account.id)
    return await link_page(request, services, principal, link, added=False)


@post(f"{_ONE}/sessions", opt=_OPT)
async def end_their_sessions(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    account = await account_here(services, principal, public_id)
    await form_of(request, ButtonForm)
    await colleagues.end_sessions_of(services.database, principal, account.id)
    return see_other(request, f"/settings/people/{account.public_id}?done=sessions")


@get(f"{_ONE}/delete", opt=_OPT)
async def removal_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """What happens when the account is deleted."""
    account = await account_here(services, principal, public_id)
    found = await colleagues.colleague(services.database, principal, account.id)
    if found.account.id == principal.account_id:
        raise ForbiddenError
    view = PersonRemovalView(
        person=person_row(found, principal),
        sessions=found.whereabouts.sessions,
        tokens=await colleagues.tokens_of_maker(services.database, principal, found.account),
    )
    title = f"Delete the account of {found.account.email}"
    return await page(request, "settings/people/delete.html", view, title=title, section="settings")


@post(f"{_ONE}/delete", opt=_OPT)
async def delete_person(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    account = await account_here(services, principal, public_id)
    await form_of(request, ButtonForm)
    await people.delete_account(services.database, principal, account.id)
    return see_other(request, "/settings/people?done=deleted")


async def account_here(services: Services, principal: Principal, public_id: str) -> Account:
    """Somebody's account, also to a global role only in the organization that it works in: the page offers that one's
    customers. Raises NotFoundError, ForbiddenError.
    """
    account = await people.get_account(services.database, principal, thing_of(public_id))
    if account.organization_id != principal.organization_id:
        raise NotFoundError
    return account


async def link_page(
    request: Request[Any, Any, Any], services: Services, principal: Principal, link: LoginLink, *, added: bool
) -> Response[bytes]:
    found = await colleagues.colleague(services.database, principal, link.account.id)
    view = LoginLinkView(
        id=str(link.account.public_id),
        email=link.account.email,
        link=colleagues.link_with(services.public_url, link.code, following=_CHOOSE_PASSWORD),
        whole=bool(services.public_url.url),
        expires_at=link.expires_at,
        added=added,
        sees=person_row(found, principal).sees,
    )
    title = f"Login link for {link.account.email}"
    return await page(request, "settings/people/link.html", view, title=title, section="settings")


ACTS: list[ControllerRouterHandler] = [make_link, end_their_sessions, removal_page, delete_person]
