"""`/settings/sign-on`: how the organization's people log in at their own provider."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from controller.decisions.access import GLOBAL, Permission
from controller.errors import InvalidError, InvalidFieldsError, LimitedError, NotFoundError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.accounts.colleagues import grantable_roles
from controller.operations.accounts.customers import list_customers
from controller.operations.accounts.organizations import get_organization
from controller.operations.audit.reading import failed_logins
from controller.operations.sign_on import settings
from controller.operations.sign_on.logins import login_url_of, redirect_uri_of
from controller.operations.sign_on.settings import OwnedSignOn, SignOnChange
from controller.operations.sign_on.trials import ProviderTrial, try_provider
from controller.pages.settings.people.view import customer_options
from controller.pages.settings.requests import ButtonForm, done_of
from controller.pages.settings.sealed import seal, unseal
from controller.pages.settings.sign_on.forms import (
    FIELDS,
    NAMES,
    REPLACE,
    SignOnForm,
    form_of_sign_on,
    group_rows,
    refused_group,
    sign_on_change_of,
    sign_on_version,
)
from controller.pages.settings.sign_on.view import (
    DONE,
    SignOnEndView,
    SignOnSettingsView,
    changed_meanwhile,
    latest_refusal,
    trial_view,
)
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import form_status, require_version
from controller.pages.words.roles import role_name
from controller.sign_on.exchange import ProviderExchange
from shared.clock import utc_now

_PATH = "/settings/sign-on"
_OPT = {PERMISSION: Permission.MANAGE_SIGN_ON}
_SEALED = "single sign-on"
_SECRET = "client_secret"  # noqa: S105 - the name of a field


@get(_PATH, opt=_OPT)
async def sign_on_settings(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _shown(request, services, principal)


@post(_PATH, opt=_OPT)
async def change_sign_on_settings(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await _filled(request, services, principal)
    groups = [row.group.strip() for row in group_rows(form) if row.group.strip()]

    def decide(current: OwnedSignOn | None) -> SignOnChange:
        require_version(form.version, sign_on_version(current.sign_on if current else None))
        return sign_on_change_of(form, stored=current is not None and bool(current.sign_on.config))

    try:
        saved = await settings.change_sign_on(
            services.database,
            services.vault,
            services.outlets.senders.destinations,
            principal,
            decide,
            now=utc_now(),
        )
    except InvalidError as error:
        named = InvalidFieldsError([refused_group(one, groups) for one in error.fields])
        return await _shown(request, services, principal, form, named)
    except PreconditionFailedError as error:
        return await _shown(request, services, principal, form, error)
    return see_other(request, f"{_PATH}?done={'made' if saved.created else 'saved'}")


@post(f"{_PATH}/try", opt=_OPT)
async def try_sign_on(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Try the provider that the form names. Nothing is stored, and the form stays as it was typed."""
    form = await _filled(request, services, principal)
    exchange = ProviderExchange(services.outlets.senders.webhook)
    try:
        tried = await try_provider(services.database, exchange, principal, form.issuer.strip(), services.public_url)
    except (InvalidError, LimitedError) as error:
        return await _shown(request, services, principal, form, error)
    return await _shown(request, services, principal, form, tried=tried)


@get(f"{_PATH}/end", opt=_OPT)
async def end_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """What happens when single sign-on ends."""
    found = await settings.get_sign_on(services.database, principal)
    view = SignOnEndView(issuer=found.sign_on.issuer)
    return await page(request, "settings/sign_on/end.html", view, title="End single sign-on", section="settings")


@post(f"{_PATH}/end", opt=_OPT)
async def end_sign_on(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    await form_of(request, ButtonForm)
    await settings.delete_sign_on(services.database, principal, lambda _: None)
    return see_other(request, f"{_PATH}?done=deleted")


ROUTES: list[ControllerRouterHandler] = [sign_on_settings, change_sign_on_settings, try_sign_on, end_page, end_sign_on]


async def _shown(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: SignOnForm | None = None,
    error: InvalidError | LimitedError | PreconditionFailedError | None = None,
    *,
    tried: ProviderTrial | None = None,
) -> Response[bytes]:
    here = await get_organization(services.database, principal)
    found = await _found(services, principal)
    roles = await grantable_roles(services.database, principal)
    kept = form_of_sign_on(found.sign_on) if found else SignOnForm()
    shown, version = form or kept, sign_on_version(found.sign_on if found else None)
    customers = customer_options(await list_customers(services.database, principal))
    problems = problems_of(error, FIELDS, NAMES) if error else {}
    if isinstance(error, PreconditionFailedError):
        problems = changed_meanwhile(shown, kept, customers)
    elif form is not None:
        version = form.version
    view = SignOnSettingsView(
        exists=found is not None,
        has_secret=found is not None and bool(found.sign_on.config),
        redirect_uri=redirect_uri_of(services.public_url, here.public_id),
        login_url=login_url_of(services.public_url, here.public_id),
        updated_at=found.sign_on.updated_at if found else None,
        refused=latest_refusal(await failed_logins(services.database, principal)) if found else None,
        form=values_of(shown) | {_SECRET: "", "sealed": _sealed(services, principal, shown), "version": version},
        problems=problems,
        rows=group_rows(shown),
        roles=[(role.value, role_name(role)) for role in roles],
        default_roles=[("", "is not let in"), *((one.value, role_name(one)) for one in roles if one not in GLOBAL)],
        customers=customers,
        tried=trial_view(tried) if tried else None,
        done=done_of(request, DONE),
    )
    return await page(
        request,
        "settings/sign_on/sign_on.html",
        view,
        title="Single sign-on",
        section="settings",
        status=form_status(error),
    )


async def _filled(request: Request[Any, Any, Any], services: Services, principal: Principal) -> SignOnForm:
    """The form that was sent, with the secret that was typed now or before."""
    form = await form_of(request, SignOnForm)
    if form.secret != REPLACE:
        return msgspec.structs.replace(form, sealed="")
    before = unseal(services.vault, principal, _SEALED, form.sealed, utc_now())
    return msgspec.structs.replace(form, client_secret=form.client_secret or str(before.get(_SECRET, "")), sealed="")


def _sealed(services: Services, principal: Principal, form: SignOnForm) -> str:
    typed = {_SECRET: form.client_secret} if form.client_secret else {}
    return seal(services.vault, principal, _SEALED, typed, utc_now())


async def _found(services: Services, principal: Principal) -> OwnedSignOn | None:
    try:
        return await settings.get_sign_on(services.database, principal)
    except NotFoundError:
        return None
