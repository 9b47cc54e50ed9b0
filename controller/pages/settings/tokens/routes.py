"""`/settings/tokens`: API tokens. Each is shown once, in the answer to the form that makes it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission, permits
from controller.decisions.breaches import Breaches
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.problems import status_of
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import ApiToken, Principal, TokenScope
from controller.operations.accounts import tokens
from controller.operations.accounts.customers import get_customer, list_customers
from controller.operations.accounts.lists import get_token, token_makers, tokens_page
from controller.pages.settings.people.view import customer_options
from controller.pages.settings.requests import ButtonForm, done_of, page_request, thing_of
from controller.pages.settings.tokens.forms import (
    EXPIRIES,
    FIELDS,
    NAMES,
    SCOPES,
    TokenForm,
    check_customer,
    days_of,
    scope_of,
)
from controller.pages.settings.tokens.view import (
    DONE,
    MadeTokenView,
    NewTokenView,
    RevocationView,
    TokenRow,
    TokensView,
    token_row,
)
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from shared.clock import utc_now

_PATH = "/settings/tokens"
_OPT = {PERMISSION: Permission.MANAGE_CUSTOMER_TOKENS}
_HERE = "https://mailprobe.example.com"
"""Stands for the address of the API in a command, where MAILPROBE_PUBLIC_URL is not set."""


@get(_PATH, opt=_OPT)
async def token_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The tokens that the person may manage, the newest first; of one customer when the query names it."""
    chosen = request.query_params.get("customer", "")
    customer = await get_customer(services.database, principal, thing_of(chosen)) if chosen else None
    found = await tokens_page(
        services.database,
        services.vault,
        principal,
        page_request(request, "-createdAt"),
        customer=customer.public_id if customer else None,
        scope=None,
    )
    following = {"customer": chosen} if chosen else {}
    view = TokensView(
        rows=await _rows(services, principal, found.items),
        customer=customer.name if customer else None,
        following=f"{_PATH}?{urlencode({**following, 'after': found.next_cursor})}" if found.next_cursor else None,
        only_customers=_only_customers(principal),
        done=done_of(request, DONE),
    )
    return await page(request, "settings/tokens/list.html", view, title="Tokens", section="settings")


@get(f"{_PATH}/new", opt=_OPT)
async def new_token(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = TokenForm(customer=request.query_params.get("customer", ""))
    return await _new(request, services, principal, form)


@post(f"{_PATH}/new", opt=_OPT)
async def make_token(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Answered with the page that shows the token: it is in no address and no other page."""
    form = await form_of(request, TokenForm)
    try:
        found = Breaches()
        with found.noted():
            scope_of(form)
        with found.noted():
            days_of(form)
        with found.noted():
            check_customer(form)
        found.refuse(every=True)
        made, secret = await tokens.create_token(
            services.database,
            principal,
            _permission(principal, form),
            name=form.name.strip(),
            scope=scope_of(form),
            customer=UUID(form.customer) if form.customer else None,
            expires_in_days=days_of(form),
        )
    except InvalidError as error:
        return await _new(request, services, principal, form, error)
    address = services.public_url.link("/api/v1/monitors") or f"{_HERE}/api/v1/monitors"
    view = MadeTokenView(
        token=secret.reveal(),
        command=f'curl -H "Authorization: Bearer {secret.reveal()}" {address}',
        row=token_row(made, {}, utc_now()),
    )
    return await page(request, "settings/tokens/made.html", view, title="The new token", section="settings")


@get(f"{_PATH}/{{public_id:str}}/revoke", opt=_OPT)
async def revocation_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """What happens when the token is revoked."""
    token = await get_token(services.database, principal, thing_of(public_id))
    view = RevocationView(row=(await _rows(services, principal, [token]))[0])
    title = f"Revoke the token {token.name}"
    return await page(request, "settings/tokens/revoke.html", view, title=title, section="settings")


@post(f"{_PATH}/{{public_id:str}}/revoke", opt=_OPT)
async def revoke_token(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    token = await get_token(services.database, principal, thing_of(public_id))
    await form_of(request, ButtonForm)
    await tokens.delete_token(services.database, principal, tokens.permission_for(token), token.id)
    return see_other(request, f"{_PATH}?done=revoked")


ROUTES: list[ControllerRouterHandler] = [token_list, new_token, make_token, revocation_page, revoke_token]


async def _rows(services: Services, principal: Principal, found: list[ApiToken]) -> list[TokenRow]:
    makers, now = await token_makers(services.database, principal, found), utc_now()
    return [token_row(one, makers, now) for one in found]


async def _new(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: TokenForm,
    error: InvalidError | None = None,
) -> Response[bytes]:
    may_administrate = permits(principal, Permission.MANAGE_CUSTOMERS)
    view = NewTokenView(
        form=values_of(form),
        problems=problems_of(error, FIELDS, NAMES) if error else {},
        scopes=[one for one in SCOPES if may_administrate or one[0] != TokenScope.ADMIN],
        customers=customer_options(await list_customers(services.database, principal)),
        expiries=list(EXPIRIES),
        only_customers=_only_customers(principal),
    )
    status = status_of(error) if error else HTTPStatus.OK
    return await page(
        request, "settings/tokens/new.html", view, title="Make a token", section="settings", status=status
    )


def _permission(principal: Principal, form: TokenForm) -> Permission:
    """Who makes only customers' tokens, and names none, learns that at the field instead of being refused."""
    if form.customer or _only_customers(principal):
        return Permission.MANAGE_CUSTOMER_TOKENS
    return Permission.MANAGE_ORGANIZATION_TOKENS


def _only_customers(principal: Principal) -> bool:
    return not permits(principal, Permission.MANAGE_ORGANIZATION_TOKENS) or principal.customer_ids is not None
