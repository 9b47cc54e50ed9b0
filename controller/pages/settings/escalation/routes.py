"""`/settings/escalation`: who is told when nobody takes an incident, and who is reminded."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.on_call.escalation import MOST_STEPS
from controller.errors import InvalidError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.notification.on_call import EscalationPolicy, Reminders
from controller.operations.accounts import customers, organizations
from controller.operations.accounts.settings import organization_owner
from controller.operations.channels.channels import ChannelOwner, list_channels
from controller.operations.incidents.layered_settings import change_settings, read_settings
from controller.operations.on_call import policies, rotas
from controller.operations.on_call.reminders import REMINDERS
from controller.pages.settings.escalation.reading import FIELDS, in_form, policy_of, values_of_fields
from controller.pages.settings.escalation.view import (
    DONE,
    SEVERITIES,
    EscalationView,
    PolicyFormView,
    escalation_row,
    policy_differences,
    policy_form,
    policy_version,
    reminders_words,
)
from controller.pages.settings.messages.forms import NAMES, RemindersForm, form_of_own, own_of_form
from controller.pages.settings.requests import ButtonForm, done_of, thing_of
from controller.pages.shell.forms import fields_of, form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import form_status, require_version

_PATH = "/settings/escalation"
_NEW = f"{_PATH}/new"
_ONE = f"{_PATH}/{{public_id:str}}"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_ROWS = 3


@get(_PATH, opt=_MANAGING)
async def escalation_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _list(request, services, principal)


@post(f"{_PATH}/reminders", opt=_MANAGING)
async def set_reminders(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, RemindersForm)
    organization = await organizations.get_organization(services.database, principal)
    try:
        owner = await organization_owner(services.database, principal, organization.public_id)
        await change_settings(services.database, principal, REMINDERS, owner, own_of_form(form, Reminders))
    except InvalidError as error:
        return await _list(request, services, principal, form, error)
    return see_other(request, f"{_PATH}?done=reminders")


@get(_NEW, opt=_MANAGING)
async def new_policy(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _form(request, services, principal, None, policy_form(None))


@post(_NEW, opt=_MANAGING)
async def make_policy(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    values = values_of_fields(await fields_of(request))
    rows: list[int] = []
    try:
        customer, change, rows = policy_of(values)
        await policies.create_policy(services.database, principal, customer, change)
    except InvalidError as error:
        return await _form(request, services, principal, None, values, in_form(error, rows))
    return see_other(request, f"{_PATH}?done=made")


@get(_ONE, opt=_MANAGING)
async def policy_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    found = await policies.get_policy(services.database, principal, thing_of(public_id))
    return await _form(request, services, principal, found, policy_form(found))


@post(_ONE, opt=_MANAGING)
async def change_policy(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    found = await policies.get_policy(services.database, principal, thing_of(public_id))
    values = values_of_fields(await fields_of(request))
    rows: list[int] = []
    try:
        _, change, rows = policy_of(values)
        await policies.update_policy(
            services.database,
            principal,
            found.public_id,
            change,
            expect=lambda now: require_version(values["version"], policy_version(now), now),
        )
    except InvalidError as error:
        return await _form(request, services, principal, found, values, in_form(error, rows))
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, EscalationPolicy)  # noqa: S101 - `expect` raised it
        typed, problems = values | {"version": policy_version(now)}, policy_differences(now, values)
        return await _form(request, services, principal, now, typed, error, problems)
    return see_other(request, f"{_PATH}?done=saved")


@post(f"{_ONE}/delete", opt=_MANAGING)
async def delete_policy(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    found = await policies.get_policy(services.database, principal, thing_of(public_id))
    await form_of(request, ButtonForm)
    await policies.delete_policy(services.database, principal, found.public_id)
    return see_other(request, f"{_PATH}?done=deleted")


async def _list(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: RemindersForm | None = None,
    error: InvalidError | None = None,
) -> Response[bytes]:
    found = await policies.list_policies(services.database, principal)
    words, values = "", None
    if principal.customer_ids is None:
        organization = await organizations.get_organization(services.database, principal)
        owner = await organization_owner(services.database, principal, organization.public_id)
        held = await read_settings(services.database, REMINDERS, owner)
        words, values = reminders_words(held.in_force), values_of(form_of_own(RemindersForm, held.own))
    if form is not None:
        values = values_of(form)
    view = EscalationView(
        done=done_of(request, DONE),
        policies=list(map(escalation_row, found)),
        reminders=words,
        form=values,
        problems=problems_of(error, RemindersForm.__struct_fields__, NAMES) if error else {},
    )
    status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    title = "Escalation and reminders"
    return await page(request, "settings/escalation/list.html", view, title=title, section="settings", status=status)


async def _form(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    found: EscalationPolicy | None,
    values: Mapping[str, Any],
    error: InvalidError | PreconditionFailedError | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response[bytes]:
    known = await customers.list_customers(services.database, principal)
    channels = [
        one.channel
        for one in await list_channels(services.database, principal, ChannelOwner())
        if one.channel.monitor_id is None and not one.channel.for_ops
    ]
    limited = principal.customer_ids is not None
    own = found.customer_public_id if found else None
    usable = [one for one in channels if found is None or one.customer_public_id in (None, own)]
    every = [] if limited else await rotas.list_rotas(services.database, principal)
    used = max((int(name.partition("_")[2]) for name in values if name.startswith("minutes_")), default=0)
    view = PolicyFormView(
        path=f"{_PATH}/{found.public_id}" if found else _NEW,
        id=found.public_id if found else None,
        whose=(found.customer_name or "the organization") if found else "",
        form={name: [] if name.startswith("channels_") else "" for name in FIELDS} | dict(values),
        problems=problems or (problems_of(error, FIELDS) if isinstance(error, InvalidError) else {}),
        numbers=list(range(1, min(MOST_STEPS, max(_ROWS, used + (error is None and found is not None))) + 1)),
        customers=[
            *([] if limited else [("", "the organization")]),
            *((str(one.public_id), one.name) for one in sorted(known, key=lambda one: one.name.lower())),
        ],
        channels=[(str(one.public_id), one.name, one.type) for one in usable],
        rotas=[("", "nobody"), *((str(one.public_id), one.name) for one in every)],
        severities=SEVERITIES,
    )
    title = found.name if found else "New escalation policy"
    template = "settings/escalation/form.html"
    return await page(request, template, view, title=title, section="settings", status=form_status(error))


ROUTES: list[ControllerRouterHandler] = [
    escalation_page,
    set_reminders,
    new_policy,
    make_policy,
    policy_page,
    change_policy,
    delete_policy,
]
