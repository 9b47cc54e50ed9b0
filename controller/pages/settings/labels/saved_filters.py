"""The forms of saved filters: save one, change it, delete it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.saved_filters import SavedFilter
from controller.operations.overview import saved_filters as operations
from controller.operations.overview.saved_filters import LONGEST_NAME, FilterChange, may_share
from controller.pages.settings.labels.view import FilterEndView, FilterFormView
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of

_OPT = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}
_SAVED = "/settings/saved-filters"


class SavedFilterForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    query: str = ""
    shared: str = ""


class NoFieldsForm(msgspec.Struct, frozen=True, kw_only=True):
    """A button and nothing else."""


@post("/settings/saved-filters", opt=_OPT)
async def save_filter(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Save a filter and show its list; the form again when something is wrong with it."""
    form = await form_of(request, SavedFilterForm)
    try:
        made = await operations.create_saved_filter(services.database, principal, _change(form))
    except InvalidError as error:
        return await _form(request, principal, _SAVED, values_of(form), "Save a filter", error)
    return see_other(request, f"/?{made.query}")


@get("/settings/saved-filters/{public_id:str}", opt=_OPT)
async def saved_filter_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    values = {"name": found.name, "query": found.query, "shared": "on" if found.shared else ""}
    return await _form(request, principal, _path(found), values, "Saved filter", None)


@post("/settings/saved-filters/{public_id:str}", opt=_OPT)
async def change_filter(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    form = await form_of(request, SavedFilterForm)
    try:
        await operations.update_saved_filter(services.database, principal, found.public_id, _change(form))
    except InvalidError as error:
        return await _form(request, principal, _path(found), values_of(form), "Saved filter", error)
    return see_other(request, "/settings/labels?done=filter")


@get("/settings/saved-filters/{public_id:str}/delete", opt=_OPT)
async def ask_delete_filter(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Who loses the filter."""
    found = await _found(services, principal, public_id)
    view = FilterEndView(path=_path(found), name=found.name, shared=found.shared)
    template = "settings/labels/delete_filter.html"
    return await page(request, template, view, title="Delete the saved filter", section="settings")


@post("/settings/saved-filters/{public_id:str}/delete", opt=_OPT)
async def delete_filter(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    await form_of(request, NoFieldsForm)
    await operations.delete_saved_filter(services.database, principal, found.public_id)
    return see_other(request, "/settings/labels?done=forgotten")


FILTERS: list[ControllerRouterHandler] = [
    save_filter,
    saved_filter_page,
    change_filter,
    ask_delete_filter,
    delete_filter,
]


async def _found(services: Services, principal: Principal, public_id: str) -> SavedFilter:
    """Raises NotFoundError."""
    try:
        number = UUID(public_id)
    except ValueError:
        raise NotFoundError(operations.FILTER_NOT_FOUND) from None
    return await operations.get_saved_filter(services.database, principal, number)


async def _form(
    request: Request[Any, Any, Any],
    principal: Principal,
    path: str,
    values: dict[str, Any],
    title: str,
    error: InvalidError | None,
) -> Response[bytes]:
    view = FilterFormView(
        path=path,
        form=values,
        problems=problems_of(error, values) if error else {},
        may_share=may_share(principal),
        longest=LONGEST_NAME,
    )
    status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    return await page(request, "settings/labels/filter.html", view, title=title, section="settings", status=status)


def _change(form: SavedFilterForm) -> FilterChange:
    return FilterChange(name=form.name, query=form.query, shared=form.shared == "on")


def _path(found: SavedFilter) -> str:
    return f"{_SAVED}/{found.public_id}"
