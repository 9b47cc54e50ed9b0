"""`/settings/people`: who can log in, and what each may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import (
    AlreadyExistsError,
    DomainError,
    ForbiddenError,
    InvalidError,
    LimitedError,
    NotFoundError,
    PreconditionFailedError,
)
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Account, Customer, Principal
from controller.operations.accounts import colleagues, people
from controller.operations.accounts.customers import list_customers
from controller.operations.sign_on.settings import get_sign_on
from controller.pages.settings.people.acts import ACTS, account_here, link_page
from controller.pages.settings.people.forms import (
    BY_LINK,
    FIELDS,
    NAMES,
    OwnNameForm,
    PersonForm,
    changed_account,
    form_of_account,
    new_account,
    own_form_of_account,
    own_names,
)
from controller.pages.settings.people.view import (
    DONE,
    NewPersonView,
    PeopleView,
    changed_meanwhile,
    customer_options,
    entry_options,
    person_row,
    person_view,
)
from controller.pages.settings.requests import done_of, following_page, page_request, search_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import form_status, require_version, version_of
from controller.pages.words.roles import role_options

_PATH = "/settings/people"
_OPT = {PERMISSION: Permission.MANAGE_USERS}
_REFUSED = (InvalidError, AlreadyExistsError, LimitedError)


@get(_PATH, opt=_OPT)
async def people_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Everybody who can log in, by name."""
    text = search_of(request)
    found, cursor = await colleagues.colleagues(
        services.database, services.vault, principal, page_request(request, "name"), text=text or None
    )
    view = PeopleView(
        rows=[person_row(one, principal) for one in found],
        text=text,
        following=following_page(_PATH, text, cursor),
        may_add=bool(await colleagues.grantable_roles(services.database, principal)),
        done=done_of(request, DONE),
    )
    return await page(request, "settings/people/list.html", view, title="People", section="settings")


@get(f"{_PATH}/new", opt=_OPT)
async def new_person(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _new(request, services, principal, PersonForm())


@post(f"{_PATH}/new", opt=_OPT)
async def add_person(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Add a colleague; a link to come in by is shown at once, because it is in no other page."""
    form = await form_of(request, PersonForm)
    try:
        made, _ = await people.create_account(
            services.database,
            services.passwords,
            principal,
            principal.organization_id,
            new_account(form),
            every_breach=True,
        )
    except _REFUSED as error:
        return await _new(request, services, principal, form, error)
    if form.entry != BY_LINK:
        return see_other(request, f"{_PATH}/{made.public_id}?done=added")
    link = await colleagues.make_login_link(services.database, principal, made.public_id)
    return await link_page(request, services, principal, link, added=True)


@get(f"{_PATH}/{{public_id:str}}", opt=_OPT)
async def person_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """One person's account, with everything that can be done about it."""
    account = await account_here(services, principal, public_id)
    return await _person(request, services, principal, account)


@post(f"{_PATH}/{{public_id:str}}", opt=_OPT)
async def change_person(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    account = await account_here(services, principal, public_id)
    own = account.id == principal.account_id
    form: PersonForm | OwnNameForm = await form_of(request, OwnNameForm if own else PersonForm)
    known = await list_customers(services.database, principal)

    def expect(found: Account) -> None:
        require_version(form.version, version_of(_stored(found, principal, known)))

    try:
        change = own_names(form) if isinstance(form, OwnNameForm) else changed_account(form)
        await people.update_account(
            services.database,
            services.passwords,
            principal,
            account.public_id,
            change,
            expect=expect,
            every_breach=True,
        )
    except (*_REFUSED, PreconditionFailedError) as error:
        return await _person(request, services, principal, account, form, error)
    return see_other(request, f"{_PATH}/{account.public_id}?done=saved")


ROUTES: list[ControllerRouterHandler] = [people_list, new_person, add_person, person_page, change_person, *ACTS]


async def _new(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: PersonForm,
    error: DomainError | None = None,
) -> Response[bytes]:
    roles = await colleagues.grantable_roles(services.database, principal)
    if not roles:
        raise ForbiddenError
    view = NewPersonView(
        form=values_of(form) | {"password": ""},
        problems=_problems(error),
        roles=role_options(roles),
        customers=customer_options(await list_customers(services.database, principal)),
        entries=entry_options(sign_on=await _has_sign_on(services, principal)),
    )
    return await page(
        request,
        "settings/people/new.html",
        view,
        title="Add a colleague",
        section="settings",
        status=form_status(error),
    )


async def _person(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    account: Account,
    form: PersonForm | OwnNameForm | None = None,
    error: DomainError | None = None,
) -> Response[bytes]:
    found = await colleagues.colleague(services.database, principal, account.id)
    customers = await list_customers(services.database, principal)
    kept = _stored(found.account, principal, customers)
    stored = values_of(kept) | {"version": version_of(kept)}
    values, problems = stored | (values_of(form) if form else {}), _problems(error)
    if isinstance(error, PreconditionFailedError):
        problems = changed_meanwhile(values, stored, customers)
        values["version"] = stored["version"]
    view = person_view(
        found,
        principal,
        values,
        problems,
        roles=await colleagues.grantable_roles(services.database, principal),
        customers=customers,
        done=done_of(request, DONE),
    )
    return await page(
        request,
        "settings/people/person.html",
        view,
        title=account.email,
        section="settings",
        status=form_status(error),
    )


def _stored(account: Account, principal: Principal, known: Sequence[Customer]) -> PersonForm | OwnNameForm:
    """The form of the account's page: who may change it changes all of it, but of their own only the names."""
    if account.id == principal.account_id:
        return own_form_of_account(account)
    return form_of_account(account, known)


def _problems(error: DomainError | None) -> dict[str, str]:
    if isinstance(error, AlreadyExistsError):
        return {"email": "is the address of an account that exists already"}
    return problems_of(error, FIELDS, NAMES) if error else {}


async def _has_sign_on(services: Services, principal: Principal) -> bool:
    try:
        await get_sign_on(services.database, principal)
    except NotFoundError:
        return False
    return True
