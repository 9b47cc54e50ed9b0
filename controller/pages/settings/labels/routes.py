"""`/settings/labels`: the labels in use and the saved filters; renames and removes a label on all its monitors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission, permits
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.monitors.labels import having, labels_in_use, removal_of, renaming_of
from controller.operations.monitors.many import ChangeOfMany, ManyDone, change_many
from controller.operations.overview.saved_filters import list_saved_filters, may_share
from controller.pages.many.view import fingerprint
from controller.pages.settings.labels.saved_filters import FILTERS
from controller.pages.settings.labels.view import LabelChangeView, effect_of, labels_view
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import ELSEWHERE, problems_of

_OPT = {PERMISSION: Permission.CREATE}  # who may only change a status may not change labels
_NAMES = {"newKey": "new_key", "newValue": "new_value"}
_TITLES = {"rename": "Rename a label", "remove": "Remove a label"}
_CHANGED_MEANWHILE = "The monitors with this label have changed meanwhile. Confirm what will happen now."


class LabelForm(msgspec.Struct, frozen=True, kw_only=True):
    """`any_value` is "on" for a label with whatever value. `drawn` stands for the monitors on the page before."""

    key: str = ""
    value: str = ""
    any_value: str = ""
    new_key: str = ""
    new_value: str = ""
    drawn: str = ""


@get("/settings/labels", opt={PERMISSION: Permission.READ})
async def label_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    view = labels_view(
        await labels_in_use(services.database, principal),
        await list_saved_filters(services.database, principal),
        may_change=permits(principal, Permission.CREATE),
        may_share=may_share(principal),
        done=request.query_params.get("done", ""),
    )
    title = "Labels and saved filters"
    return await page(request, "settings/labels/labels.html", view, title=title, section="settings")


@get("/settings/labels/rename", opt=_OPT)
async def ask_rename(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The form; with a new name also what the rename will do."""
    form = _in_address(request)
    if not request.query_params.get("new_key"):
        filled = msgspec.structs.replace(form, new_key=form.key, new_value=form.value)
        return await _shown(request, "rename", filled, None)
    return await _foreseen(request, services, principal, "rename", form)


@get("/settings/labels/remove", opt=_OPT)
async def ask_remove(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """What the removal will do."""
    return await _foreseen(request, services, principal, "remove", _in_address(request))


@post("/settings/labels/rename", opt=_OPT)
async def rename_label(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _done(request, services, principal, "rename")


@post("/settings/labels/remove", opt=_OPT)
async def remove_label(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _done(request, services, principal, "remove")


ROUTES: list[ControllerRouterHandler] = [label_list, ask_rename, ask_remove, rename_label, remove_label, *FILTERS]


def _in_address(request: Request[Any, Any, Any]) -> LabelForm:
    values = request.query_params
    return LabelForm(
        key=values.get("key", ""),
        value=values.get("value", ""),
        any_value="" if "value" in values else "on",
        new_key=values.get("new_key", ""),
        new_value=values.get("new_value", ""),
    )


async def _done(request: Request[Any, Any, Any], services: Services, principal: Principal, act: str) -> Response[bytes]:
    """Change the monitors, when they are those that the person was shown."""
    form = await form_of(request, LabelForm)
    try:
        tried = await _many(services, principal, act, form, dry_run=True)
        if await off_loop(fingerprint, tried) != form.drawn or tried.problems:
            return await _shown(request, act, form, tried, status=HTTPStatus.CONFLICT)
        await _many(services, principal, act, form, dry_run=False)
    except InvalidError as error:
        return await _shown(request, act, form, None, error=error)
    return see_other(request, f"/settings/labels?done={'renamed' if act == 'rename' else 'removed'}")


async def _foreseen(
    request: Request[Any, Any, Any], services: Services, principal: Principal, act: str, form: LabelForm
) -> Response[bytes]:
    try:
        tried = await _many(services, principal, act, form, dry_run=True)
    except InvalidError as error:
        return await _shown(request, act, form, None, error=error)
    return await _shown(request, act, form, tried)


async def _many(services: Services, principal: Principal, act: str, form: LabelForm, *, dry_run: bool) -> ManyDone:
    """Raises InvalidError, ForbiddenError."""
    value = None if form.any_value else form.value
    change: ChangeOfMany = removal_of(form.key)
    if act == "rename":
        change = renaming_of(form.key, value, form.new_key.strip(), form.new_value.strip())
    return await change_many(services.database, principal, having(form.key, value), change, dry_run=dry_run)


async def _shown(
    request: Request[Any, Any, Any],
    act: str,
    form: LabelForm,
    tried: ManyDone | None,
    *,
    error: InvalidError | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[bytes]:
    values = {"new_key": form.new_key, "new_value": form.new_value}
    problems = problems_of(error, values, _NAMES) if error else {}
    if status is HTTPStatus.CONFLICT:
        problems = {ELSEWHERE: _CHANGED_MEANWHILE}
    view = LabelChangeView(
        act=act,
        key=form.key,
        value=None if form.any_value else form.value,
        form=values,
        problems=problems,
        effect=None if tried is None else await off_loop(effect_of, tried),
    )
    status = HTTPStatus.BAD_REQUEST if error else status
    return await page(
        request, "settings/labels/change.html", view, title=_TITLES[act], section="settings", status=status
    )
