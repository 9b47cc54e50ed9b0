"""`/settings/rotas`: who is on call."""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import UNSET

from controller.decisions.access import Permission
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.identifiers import is_uuid
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.on_call import rotas
from controller.operations.on_call.rotas import NewOverride, RotaChange
from controller.pages.maintenance.calendar import LATEST
from controller.pages.settings.requests import ButtonForm, done_of, thing_of
from controller.pages.settings.rotas.calendar import rota_month, span_of_month
from controller.pages.settings.rotas.view import DONE, RotasView, RotaView, on_call_words, override_row, rota_row
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from shared.clock import utc_now

_PATH = "/settings/rotas"
_ONE = f"{_PATH}/{{public_id:str}}"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_NAMES = {"from": "since", "to": "until", "person": "who", "channelId": "who", "id": ""}


class RotaForm(msgspec.Struct, frozen=True, kw_only=True):
    """A rota as it was typed. An empty `url` keeps the calendar, and `no_url` ("on") removes it."""

    name: str = ""
    url: str = ""
    no_url: str = ""


class OverrideForm(msgspec.Struct, frozen=True, kw_only=True):
    """An override as it was typed: times of the organization's wall clock. `who` is the address of a person, or the
    public id of a channel.
    """

    since: str = ""
    until: str = ""
    who: str = ""


@get(_PATH, opt=_MANAGING)
async def rota_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _list(request, services, principal, RotaForm())


@post(_PATH, opt=_MANAGING)
async def make_rota(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, RotaForm)
    change = RotaChange(name=form.name, url=form.url.strip() or None)
    try:
        made = await rotas.create_rota(services.database, services.vault, services.outlets.senders, principal, change)
    except InvalidError as error:
        return await _list(request, services, principal, form, error)
    return see_other(request, f"{_PATH}/{made.public_id}?done=made")


@get(_ONE, opt=_MANAGING)
async def rota_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _one(request, services, principal, public_id)


@post(_ONE, opt=_MANAGING)
async def change_rota(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    await rotas.get_rota(services.database, principal, thing_of(public_id))  # before the form: 404 comes before 400
    form = await form_of(request, RotaForm)
    url = form.url.strip() or (None if form.no_url == "on" else UNSET)
    try:
        await rotas.update_rota(
            services.database,
            services.vault,
            services.outlets.senders,
            principal,
            thing_of(public_id),
            RotaChange(name=form.name, url=url),
        )
    except InvalidError as error:
        return await _one(request, services, principal, public_id, form, error)
    return see_other(request, f"{_PATH}/{public_id}?done=saved")


@post(f"{_ONE}/delete", opt=_MANAGING)
async def delete_rota(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    await rotas.get_rota(services.database, principal, thing_of(public_id))  # before the form: 404 comes before 400
    await form_of(request, ButtonForm)
    try:
        await rotas.delete_rota(services.database, principal, thing_of(public_id))
    except InvalidError as error:
        return await _one(request, services, principal, public_id, None, error)
    return see_other(request, f"{_PATH}?done=deleted")


@post(f"{_ONE}/overrides", opt=_MANAGING)
async def add_override(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    await rotas.get_rota(services.database, principal, thing_of(public_id))  # before the form: 404 comes before 400
    form = await form_of(request, OverrideForm)
    zone = ZoneInfo(await time_zone_of(services.database, principal.organization_id))
    try:
        channel = thing_of(form.who) if is_uuid(form.who) else None
        new = NewOverride(
            start_instant(_wall(form.since, "from"), zone),
            end_instant(_wall(form.until, "to"), zone),
            None if channel else form.who,
            channel,
        )
        await rotas.add_override(services.database, principal, thing_of(public_id), new, utc_now())
    except InvalidError as error:
        return await _one(request, services, principal, public_id, form, error)
    return see_other(request, f"{_PATH}/{public_id}?done=added")


@post(f"{_ONE}/overrides/{{override_id:str}}/delete", opt=_MANAGING)
async def remove_override(
    request: Request[Any, Any, Any],
    public_id: FromPath[str],
    override_id: FromPath[str],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[bytes]:
    await rotas.get_rota(services.database, principal, thing_of(public_id))  # before the form: 404 comes before 400
    await form_of(request, ButtonForm)
    await rotas.remove_override(services.database, principal, thing_of(public_id), thing_of(override_id))
    return see_other(request, f"{_PATH}/{public_id}?done=removed")


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


async def _one(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    public_id: str,
    form: RotaForm | OverrideForm | None = None,
    error: InvalidError | None = None,
) -> Response[bytes]:
    number, now = thing_of(public_id), utc_now()
    found = await rotas.get_rota(services.database, principal, number)
    zone = ZoneInfo(await time_zone_of(services.database, principal.organization_id))
    day = _given_day(request) or now.astimezone(zone).date()
    shifts = await rotas.shifts_between(services.database, principal, number, *span_of_month(day, zone))
    on_call = await rotas.who_is_on_call(services.database, principal, number, now)
    overrides = await rotas.list_overrides(services.database, principal, number, since=now)
    people = await rotas.who_can_be(services.database, principal)
    values = values_of(RotaForm(name=found.name)) | values_of(OverrideForm()) | (values_of(form) if form else {})
    view = RotaView(
        done=done_of(request, DONE),
        row=rota_row(found),
        path=f"{_PATH}/{found.public_id}",
        on_call=on_call_words(on_call),
        until=on_call.until,
        unknown=list(on_call.unknown),
        fetched_at=found.fetched_at,
        failing_since=found.failing_since,
        skipped=list(found.skipped),
        month=await off_loop(rota_month, shifts, day, zone, now),
        overrides=list(map(override_row, overrides)),
        people=[
            *((one.email, one.email) for one in people.people.values()),
            *((str(one.public_id), f"the channel {one.name}") for one in people.channels.values()),
        ],
        form=values,
        problems=problems_of(error, values, _NAMES) if error else {},
    )
    status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    return await page(request, "settings/rotas/rota.html", view, title=found.name, section="settings", status=status)


def _given_day(request: Request[Any, Any, Any]) -> date | None:
    """The day in the query; None for what is none, or beyond the calendar."""
    try:
        day = date.fromisoformat(request.query_params.get("date", ""))
    except ValueError:
        return None
    return day if 2000 <= day.year <= LATEST else None


def _wall(text: str, field: str) -> datetime:
    """A time without an offset. Raises InvalidError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 2000 <= found.year <= LATEST:
        raise InvalidError(field, "must be a date and a time, as 2027-03-28T18:00")
    return found


ROUTES: list[ControllerRouterHandler] = [
    rota_list,
    make_rota,
    rota_page,
    change_rota,
    delete_rota,
    add_override,
    remove_override,
]
