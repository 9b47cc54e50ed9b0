"""`/settings/rotas/{id}/overrides`: somebody is on call instead of whom the calendar says."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.identifiers import is_uuid
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.on_call import rotas
from controller.operations.on_call.rotas import NewOverride
from controller.pages.maintenance.calendar import LATEST
from controller.pages.settings.requests import ButtonForm, thing_of
from controller.pages.settings.rotas.showing import PATH, OverrideForm, show_rota
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import see_other
from controller.pages.shell.problems import problems_of, values_of
from shared.clock import utc_now

_OVERRIDES = f"{PATH}/{{public_id:str}}/overrides"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_NAMES = {"from": "since", "to": "until", "person": "who", "channelId": "who"}


@post(_OVERRIDES, opt=_MANAGING)
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
        values = values_of(form)
        problems = problems_of(error, values, _NAMES)
        return await show_rota(request, services, principal, thing_of(public_id), values, error, problems)
    return see_other(request, f"{PATH}/{public_id}?done=added")


@post(f"{_OVERRIDES}/{{override_id:str}}/delete", opt=_MANAGING)
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
    return see_other(request, f"{PATH}/{public_id}?done=removed")


def _wall(text: str, field: str) -> datetime:
    """A time without an offset. Raises InvalidError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 2000 <= found.year <= LATEST:
        raise InvalidError(field, "must be a date and a time, as 2027-03-28T18:00")
    return found


ROUTES: list[ControllerRouterHandler] = [add_override, remove_override]
