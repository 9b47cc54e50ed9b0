"""`/settings/rotas`: who is on call."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import UNSET

from controller.decisions.access import Permission
from controller.errors import InvalidError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.notification.on_call import Rota
from controller.operations.calendar_feeds import make_feed
from controller.operations.on_call import rotas
from controller.operations.on_call.rotas import RotaChange
from controller.pages.maintenance_calendars.feeds import made_page
from controller.pages.settings.requests import ButtonForm, done_of, thing_of
from controller.pages.settings.rotas.overrides import ROUTES as OVERRIDES
from controller.pages.settings.rotas.showing import PATH, RotaFeedForm, RotaForm, rota_version, show_rota
from controller.pages.settings.rotas.view import DONE, RotasView, rota_row
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import differing, problems_of_conflict, require_version

_ONE = f"{PATH}/{{public_id:str}}"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_NAMES = {"id": ""}


@get(PATH, opt=_MANAGING)
async def rota_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _list(request, services, principal, RotaForm())


@post(PATH, opt=_MANAGING)
async def make_rota(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, RotaForm)
    change = RotaChange(name=form.name, url=form.url.strip() or None)
    try:
        made = await rotas.create_rota(services.database, services.vault, services.outlets.senders, principal, change)
    except InvalidError as error:
        return await _list(request, services, principal, form, error)
    return see_other(request, f"{PATH}/{made.public_id}?done=made")


@get(_ONE, opt=_MANAGING)
async def rota_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await show_rota(request, services, principal, thing_of(public_id))


@post(_ONE, opt=_MANAGING)
async def change_rota(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    number = thing_of(public_id)
    await rotas.get_rota(services.database, principal, number)  # before the form: 404 comes before 400
    form = await form_of(request, RotaForm)
    url = form.url.strip() or (None if form.no_url == "on" else UNSET)
    try:
        await rotas.update_rota(
            services.database,
            services.vault,
            services.outlets.senders,
            principal,
            number,
            RotaChange(name=form.name, url=url),
            expect=lambda now: require_version(form.version, rota_version(now), now),
        )
    except InvalidError as error:
        values = values_of(form)
        return await show_rota(request, services, principal, number, values, error, problems_of(error, values))
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, Rota)  # noqa: S101 - `expect` raised it
        typed, stored = values_of(form) | {"version": rota_version(now)}, {"name": now.name}
        problems = problems_of_conflict("this rota", differing(typed, stored), stored)
        return await show_rota(request, services, principal, number, typed, error, problems)
    return see_other(request, f"{PATH}/{public_id}?done=saved")


@post(f"{_ONE}/delete", opt=_MANAGING)
async def delete_rota(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    await rotas.get_rota(services.database, principal, thing_of(public_id))  # before the form: 404 comes before 400
    await form_of(request, ButtonForm)
    try:
        await rotas.delete_rota(services.database, principal, thing_of(public_id))
    except InvalidError as error:
        problems = problems_of(error, (), _NAMES)
        return await show_rota(request, services, principal, thing_of(public_id), None, error, problems)
    return see_other(request, f"{PATH}?done=deleted")


@post(f"{_ONE}/feeds", opt=_MANAGING)
async def make_rota_feed(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The answer is a page and no redirect: the address is nowhere but here."""
    number = thing_of(public_id)
    await rotas.get_rota(services.database, principal, number)  # before the form: 404 comes before 400
    form = await form_of(request, RotaFeedForm)
    try:
        made, token = await make_feed(services.database, principal, form.feed.strip(), number)
    except InvalidError as error:
        values = values_of(form)
        problems = problems_of(error, values, {"name": "feed"})
        return await show_rota(request, services, principal, number, values, error, problems)
    return await made_page(request, services, made, token)


async def _list(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: RotaForm,
    error: InvalidError | None = None,
) -> Response[bytes]:
    found = await rotas.list_rotas(services.database, principal)
    view = RotasView(
        done=done_of(request, DONE),
        rotas=list(map(rota_row, found)),
        form=values_of(form),
        problems=problems_of(error, form.__struct_fields__) if error else {},
    )
    status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    return await page(request, "settings/rotas/list.html", view, title="Rotas", section="settings", status=status)


ROUTES: list[ControllerRouterHandler] = [
    rota_list,
    make_rota,
    rota_page,
    change_rota,
    delete_rota,
    make_rota_feed,
    *OVERRIDES,
]
