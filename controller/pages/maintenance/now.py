"""Maintenance that begins at once, from the page of a monitor or from a selection of the overview."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post

from controller.decisions.access import Permission
from controller.decisions.maintenance.occurrences import LONGEST
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.maintenance import Effect
from controller.model.monitor_list import MonitorFilter
from controller.operations.maintenance.matching import begin_for
from controller.operations.overview.query import read_query
from controller.pages.many.meant import meant_by
from controller.pages.settings.requests import uuids_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import own_path, see_other

_MINUTE = timedelta(minutes=1)


class MaintenanceNowForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: public ids of monitors, or with `all` the monitors that match the query of the address, as the
    overview reads it. `next` is the path of ours to return to; the page of the window when empty.
    """

    monitors: list[str] = []
    all: str = ""
    minutes: str = "60"
    effect: str = Effect.SILENCE
    next: str = ""


@post("/maintenance/now", opt={PERMISSION: Permission.PLAN_MAINTENANCE})
async def begin_maintenance_now(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Begin maintenance of the monitors that the form names, and return to where its button was."""
    form = await form_of(request, MaintenanceNowForm)
    made = await begin_for(
        services.database,
        principal,
        await _meant(request, services, principal, form),
        lasting=minutes_of(form.minutes),
        effect=effect_of(form.effect),
    )
    after = f"/maintenance/{made[0].public_id}?done=begun" if len(made) == 1 else "/maintenance?done=begun"
    return see_other(request, own_path(form.next) if form.next else after)


def minutes_of(text: str, field: str = "minutes") -> timedelta:
    """Raises InvalidError."""
    most = LONGEST // _MINUTE
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise InvalidError(field, f"must be a number of minutes from 1 to {most}")
    return int(text) * _MINUTE


def effect_of(text: str) -> Effect:
    """Raises InvalidError."""
    if text not in set(Effect):
        raise InvalidError("effect", f"must be one of {', '.join(Effect)}")
    return Effect(text)


async def _meant(
    request: Request[Any, Any, Any], services: Services, principal: Principal, form: MaintenanceNowForm
) -> MonitorFilter | list[UUID]:
    if form.all:
        meant, _ = await meant_by(services, principal, read_query(request.url.query).filter)
        return meant
    return uuids_of(form.monitors, "monitors")
