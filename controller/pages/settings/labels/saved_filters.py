"""The forms of saved filters: save one, change it, delete it."""

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
from controller.model.saved_filters import SavedFilter
from controller.operations.overview import saved_filters as operations
from controller.operations.overview.saved_filters import LONGEST_NAME, FilterChange, may_share
from controller.pages.settings.labels.view import FilterEndView, FilterFormView
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

_OPT = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}
_SAVED = "/settings/saved-filters"


class SavedFilterForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    query: str = ""
    shared: str = ""
    version: str = ""


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
    return await _form(request, principal, _path(found), _stored(found), "Saved filter", None)


@post("/settings/saved-filters/{public_id:str}", opt=_OPT)
async def change_filter(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, public_id)
    form = await form_of(request, SavedFilterForm)

    def expect(now: SavedFilter) -> None:
        require_version(form.version, version_of(_form_of_filter(now)), now)

    try:
        await operations.update_saved_filter(
            services.database, principal, found.public_id, _change(form), expect=expect
        )
    except InvalidError as error:
        return await _form(request, principal, _path(found), values_of(form), "Saved filter", error)
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, SavedFilter)  # noqa: S101 - `expect` raised it
        stored = _stored(now)
        values = values_of(form) | {"version": stored.pop("version")}
        problems = problems_of_conflict("this filter", differing(values, stored), stored, {"shared": BOX})
        return await _form(request, principal, _path(now), values, "Saved filter", error, problems)
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
    error: InvalidError | PreconditionFailedError | None,
    problems: dict[str, str] | None = None,
) -> Response[bytes]:
    view = FilterFormView(
        path=path,
        form=values,
        problems=problems or (problems_of(error, values) if error else {}),
        may_share=may_share(principal),
        longest=LONGEST_NAME,
    )
    status = form_status(error)
    return await page(request, "settings/labels/filter.html", view, title=title, section="settings", status=status)


def _form_of_filter(found: SavedFilter) -> SavedFilterForm:
    return SavedFilterForm(name=found.name, query=found.query, shared="on" if found.shared else "")


def _stored(found: SavedFilter) -> dict[str, str]:
    form = _form_of_filter(found)
    return values_of(form) | {"version": version_of(form)}


def _change(form: SavedFilterForm) -> FilterChange:
    return FilterChange(name=form.name, query=form.query, shared=form.shared == "on")


def _path(found: SavedFilter) -> str:
    return f"{_SAVED}/{found.public_id}"
