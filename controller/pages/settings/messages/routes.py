"""`/settings/grouping`, and `/settings/customers/{id}/messages`: how incidents are told, and how often."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.notification.grouping import Grouping, GroupingSettings
from controller.decisions.on_call.reminders import ReminderTimes
from controller.errors import InvalidError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.notification.on_call import Reminders
from controller.operations.accounts import organizations
from controller.operations.accounts.settings import SettingOwner, customer_owner, organization_owner
from controller.operations.incidents.grouping_settings import GROUPING
from controller.operations.incidents.layered_settings import (
    LayeredSettings,
    LayeredView,
    change_settings,
    read_settings,
)
from controller.operations.on_call.reminders import REMINDERS
from controller.pages.settings.escalation.view import reminders_words
from controller.pages.settings.messages.forms import (
    NAMES,
    OFF,
    ON,
    GroupingForm,
    RemindersForm,
    form_of_own,
    own_of_form,
)
from controller.pages.settings.messages.view import (
    DONE,
    REMINDING,
    TOGETHER,
    FormView,
    GroupingView,
    MessagesView,
    example_of,
    grouping_hints,
    switch,
)
from controller.pages.settings.requests import done_of, thing_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import differing, form_status, problems_of_conflict, require_version, version_of

_GROUPING = "/settings/grouping"
_CUSTOMER = "/settings/customers/{public_id:str}/messages"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
Own = TypeVar("Own", bound=msgspec.Struct)
InForce = TypeVar("InForce")
_Error = InvalidError | PreconditionFailedError
_Form = GroupingForm | RemindersForm


@get(_GROUPING, opt=_MANAGING)
async def grouping_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _grouping(request, services, principal)


@post(_GROUPING, opt=_MANAGING)
async def set_grouping(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, GroupingForm)
    owner = await _organization(services, principal)
    try:
        await _store_grouping(services, principal, owner, form)
    except (InvalidError, PreconditionFailedError) as error:
        return await _grouping(request, services, principal, form, error)
    return see_other(request, f"{_GROUPING}?done=grouping")


@get(_CUSTOMER, opt=_MANAGING)
async def messages_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    owner = await customer_owner(services.database, principal, thing_of(public_id))
    return await _messages(request, services, owner)


@post(f"{_CUSTOMER}/grouping", opt=_MANAGING)
async def set_customer_grouping(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    owner = await customer_owner(services.database, principal, thing_of(public_id))
    form = await form_of(request, GroupingForm)
    try:
        await _store_grouping(services, principal, owner, form)
    except (InvalidError, PreconditionFailedError) as error:
        return await _messages(request, services, owner, form, error)
    return see_other(request, f"{_path(owner)}?done=grouping")


@post(f"{_CUSTOMER}/reminders", opt=_MANAGING)
async def set_customer_reminders(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    owner = await customer_owner(services.database, principal, thing_of(public_id))
    form = await form_of(request, RemindersForm)

    def unchanged(found: LayeredView[Reminders, ReminderTimes]) -> None:
        require_version(form.version, version_of(form_of_own(RemindersForm, found.own)))

    try:
        new = own_of_form(form, Reminders)
        await change_settings(services.database, principal, REMINDERS, owner, new, require_state=unchanged)
    except (InvalidError, PreconditionFailedError) as error:
        return await _messages(request, services, owner, form, error)
    return see_other(request, f"{_path(owner)}?done=reminders")


async def _store_grouping(services: Services, principal: Principal, owner: SettingOwner, form: GroupingForm) -> None:
    """Raises InvalidError, PreconditionFailedError."""

    def unchanged(found: LayeredView[Grouping, GroupingSettings]) -> None:
        require_version(form.version, version_of(form_of_own(GroupingForm, found.own)))

    new = own_of_form(form, Grouping)
    await change_settings(services.database, principal, GROUPING, owner, new, require_state=unchanged)


async def _grouping(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: GroupingForm | None = None,
    error: _Error | None = None,
) -> Response[bytes]:
    view = GroupingView(done=done_of(request, DONE), grouping=None, example=[])
    if principal.customer_ids is None:
        owner = await _organization(services, principal)
        found = await read_settings(services.database, GROUPING, owner)
        kept = form_of_own(GroupingForm, msgspec.structs.replace(found.own, enabled=found.in_force.enabled))
        drawn = _form_view(
            kept,
            version_of(form_of_own(GroupingForm, found.own)),
            form,
            error,
            switch(TOGETHER, None),
            grouping_hints(GroupingSettings(), whose="as usual"),
        )
        view = msgspec.structs.replace(view, grouping=drawn, example=example_of(found.in_force))
    title = "Grouping of incidents"
    return await page(
        request, "settings/messages/grouping.html", view, title=title, section="settings", status=form_status(error)
    )


async def _messages(
    request: Request[Any, Any, Any],
    services: Services,
    owner: SettingOwner,
    form: _Form | None = None,
    error: _Error | None = None,
) -> Response[bytes]:
    """`form` is the one of the two that was refused."""
    grouping = await read_settings(services.database, GROUPING, owner)
    reminding = await read_settings(services.database, REMINDERS, owner)
    together, times = await _above(services, GROUPING, owner), await _above(services, REMINDERS, owner)
    of_grouping, of_reminders = form_of_own(GroupingForm, grouping.own), form_of_own(RemindersForm, reminding.own)
    first, longest = (round(one.total_seconds() / 60) for one in (times.first, times.longest))
    whose = "as the organization says"
    of_which = type(form)
    view = MessagesView(
        done=done_of(request, DONE),
        path=_path(owner),
        customer=owner.what.name or "",
        customer_path=f"/settings/customers/{owner.what.id}",
        grouping=_form_view(
            of_grouping,
            version_of(of_grouping),
            form if of_which is GroupingForm else None,
            error if of_which is GroupingForm else None,
            switch(TOGETHER, ON if together.enabled else OFF),
            grouping_hints(together, whose=whose),
        ),
        example=example_of(grouping.in_force),
        reminders=_form_view(
            of_reminders,
            version_of(of_reminders),
            form if of_which is RemindersForm else None,
            error if of_which is RemindersForm else None,
            switch(REMINDING, ON if times.enabled else OFF),
            {
                "first_minutes": f"minutes; empty: {first}, {whose}",
                "max_minutes": f"minutes; empty: {longest}, {whose}",
            },
        ),
        reminded=reminders_words(reminding.in_force),
    )
    title = f"Messages about {owner.what.name}"
    return await page(
        request, "settings/messages/customer.html", view, title=title, section="settings", status=form_status(error)
    )


async def _organization(services: Services, principal: Principal) -> SettingOwner:
    """The one that the person works in. Raises ForbiddenError."""
    found = await organizations.get_organization(services.database, principal)
    return await organization_owner(services.database, principal, found.public_id)


async def _above(services: Services, settings: LayeredSettings[Own, InForce], owner: SettingOwner) -> InForce:
    """What holds for the customer's organization."""
    organization = msgspec.structs.replace(owner, customer_id=None)
    return (await read_settings(services.database, settings, organization)).in_force


def _path(owner: SettingOwner) -> str:
    return f"/settings/customers/{owner.what.id}/messages"


def _form_view(
    kept: _Form,
    version: str,
    typed: _Form | None,
    error: _Error | None,
    options: list[tuple[str, str]],
    hints: dict[str, str],
) -> FormView:
    """`kept` is what is stored, `typed` what was refused."""
    stored = values_of(kept) | {"version": version}
    values = values_of(typed) if typed is not None else stored
    problems = problems_of(error, kept.__struct_fields__, NAMES) if error else {}
    if isinstance(error, PreconditionFailedError):
        fields = {name: value for name, value in stored.items() if name != "version"}
        problems = problems_of_conflict("these settings", differing(values, fields), fields, {"enabled": dict(options)})
        values = {**values, "version": version}
    return FormView(form=values, problems=problems, options=options, hints=hints)


ROUTES: list[ControllerRouterHandler] = [
    grouping_page,
    set_grouping,
    messages_page,
    set_customer_grouping,
    set_customer_reminders,
]
