"""`/settings/recipient-groups`: the list, a form for a new group and for each, and the end of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.notification.recipients import RecipientGroup
from controller.operations.channels import channels, recipient_groups
from controller.operations.channels.channels import ChannelOwner
from controller.operations.channels.recipient_groups import GROUP_NOT_FOUND, LONGEST_NAME, GroupChange
from controller.operations.monitors import monitors
from controller.pages.settings.recipient_groups.view import (
    PATH,
    GroupEndView,
    GroupFormView,
    groups_view,
    monitor_options,
    path_of,
    recipient_options,
)
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import (
    BOX,
    differing,
    form_status,
    problems_of_conflict,
    require_version,
    version_of,
)
from shared.wire.targets import KINDS

_OPT = {PERMISSION: Permission.MANAGE_CHANNELS}
_MOST_SHOWN = 500
_LARGEST = 2**63 - 1


class GroupForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    is_default: str = ""
    recipients: list[str] = []
    monitors: list[str] = []
    version: str = ""


class EndForm(msgspec.Struct, frozen=True, kw_only=True):
    """A button and nothing else."""


@get(PATH, opt=_OPT)
async def group_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Every group, with who hears of what."""
    found = await recipient_groups.list_groups(services.database, principal)
    view = groups_view(found, request.query_params.get("done", ""))
    return await page(
        request, "settings/recipient_groups/list.html", view, title="Recipient groups", section="settings"
    )


@get(f"{PATH}/new", opt=_OPT)
async def new_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _form(request, services, principal, None, values_of(GroupForm()))


@post(f"{PATH}/new", opt=_OPT)
async def create_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, GroupForm)
    try:
        await recipient_groups.create_group(services.database, principal, _change(form, None))
    except InvalidError as error:
        return await _form(request, services, principal, None, values_of(form), error)
    return see_other(request, f"{PATH}?done=created")


@get(f"{PATH}/{{public_id:str}}", opt=_OPT)
async def group_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    return await _form(request, services, principal, found, _stored(found))


@post(f"{PATH}/{{public_id:str}}", opt=_OPT)
async def change_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    form = await form_of(request, GroupForm)

    def decide(now: RecipientGroup) -> GroupChange:
        require_version(form.version, version_of(_form_of(now)), now)
        return _change(form, now)

    try:
        await recipient_groups.update_group(services.database, principal, found.id, decide)
    except InvalidError as error:
        return await _form(request, services, principal, found, values_of(form), error)
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, RecipientGroup)  # noqa: S101 - `decide` raised it
        stored = _stored(now)
        values = values_of(form) | {"version": stored.pop("version")}
        words = {"is_default": BOX, **_names_of(now)}
        problems = problems_of_conflict("this group", differing(values, stored), stored, words)
        return await _form(request, services, principal, now, values, error, problems)
    return see_other(request, f"{PATH}?done=changed")


@get(f"{PATH}/{{public_id:str}}/delete", opt=_OPT)
async def ask_delete_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Who hears of its monitors then."""
    found = await _found(services, principal, public_id)
    view = GroupEndView(path=path_of(found), name=found.name, is_default=found.is_default, monitors=len(found.monitors))
    template = "settings/recipient_groups/delete.html"
    return await page(request, template, view, title="Delete the recipient group", section="settings")


@post(f"{PATH}/{{public_id:str}}/delete", opt=_OPT)
async def delete_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    await form_of(request, EndForm)
    await recipient_groups.delete_group(services.database, principal, found.id)
    return see_other(request, f"{PATH}?done=deleted")


ROUTES: list[ControllerRouterHandler] = [
    group_list,
    new_group,
    create_group,
    group_page,
    change_group,
    ask_delete_group,
    delete_group,
]


async def _found(services: Services, principal: Principal, public_id: str) -> RecipientGroup:
    """Raises NotFoundError, ForbiddenError."""
    try:
        identifier = UUID(public_id)
    except ValueError:
        raise NotFoundError(GROUP_NOT_FOUND) from None
    return await recipient_groups.get_group(services.database, principal, identifier)


async def _form(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    group: RecipientGroup | None,
    values: dict[str, Any],
    error: InvalidError | PreconditionFailedError | None = None,
    problems: dict[str, str] | None = None,
) -> Response[bytes]:
    shown = await monitors.some_monitors(services.database, principal, KINDS, limit=_MOST_SHOWN, offset=0)
    known = await channels.list_channels(services.database, principal, ChannelOwner())
    view = GroupFormView(
        path=path_of(group) if group else f"{PATH}/new",
        delete=f"{path_of(group)}/delete" if group else "",
        form=values,
        problems=problems or (problems_of(error, values) if error else {}),
        recipients=recipient_options(known),
        monitors=monitor_options(shown.monitors, group),
        more_monitors=max(0, shown.total - _MOST_SHOWN),
        longest=LONGEST_NAME,
    )
    title = "Recipient group" if group else "New recipient group"
    template = "settings/recipient_groups/form.html"
    return await page(request, template, view, title=title, section="settings", status=form_status(error))


def _form_of(group: RecipientGroup) -> GroupForm:
    return GroupForm(
        name=group.name,
        is_default="on" if group.is_default else "",
        recipients=[str(one.id) for one in group.recipients],
        monitors=[str(one.id) for one in group.monitors],
    )


def _stored(group: RecipientGroup) -> dict[str, Any]:
    form = _form_of(group)
    return values_of(form) | {"version": version_of(form)}


def _names_of(group: RecipientGroup) -> dict[str, dict[str, str]]:
    """What the values of the form's boxes are called."""
    return {
        "recipients": {str(one.id): one.name for one in group.recipients},
        "monitors": {str(one.id): one.name for one in group.monitors},
    }


def _change(form: GroupForm, group: RecipientGroup | None) -> GroupChange:
    """Step numbers, error types and templates, which only AlertSite's API knows, stay. Raises InvalidError."""
    steps = {one.id: one.step_number for one in group.monitors} if group else {}
    return GroupChange(
        name=form.name,
        monitors={number: steps.get(number, 0) for number in _numbers(form.monitors, "monitors")},
        recipients=_numbers(form.recipients, "recipients"),
        is_default=form.is_default == "on",
        extras=group.extras if group else {},
    )


def _numbers(texts: list[str], field: str) -> list[int]:
    if not all(text.isascii() and text.isdecimal() and int(text[:20]) <= _LARGEST for text in texts):
        raise InvalidError(field, "must be some of those shown")
    return [int(text) for text in texts]
