"""The page of one rota, with its forms as they are stored or as they were typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response

from controller.errors import InvalidError, PreconditionFailedError
from controller.http.services import Services
from controller.model import Principal
from controller.model.notification.on_call import Rota
from controller.off_loop import off_loop
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.on_call import on_call, rotas
from controller.pages.maintenance.calendar import LATEST
from controller.pages.settings.requests import done_of
from controller.pages.settings.rotas.calendar import rota_month, span_of_month
from controller.pages.settings.rotas.view import DONE, RotaView, channel_choices, on_call_words, override_row, rota_row
from controller.pages.settings.rotas.week import rota_week, span_of_week
from controller.pages.shell.page import page
from controller.pages.shell.problems import values_of
from controller.pages.shell.versions import form_status, version_of
from shared.clock import utc_now

PATH = "/settings/rotas"


class RotaForm(msgspec.Struct, frozen=True, kw_only=True):
    """A rota as it was typed. An empty `url` keeps the calendar, and `no_url` ("on") removes it."""

    name: str = ""
    url: str = ""
    no_url: str = ""
    version: str = ""


class OverrideForm(msgspec.Struct, frozen=True, kw_only=True):
    """An override as it was typed: times of the organization's wall clock. `who` is the address of a person, or the
    public id of a channel.
    """

    since: str = ""
    until: str = ""
    who: str = ""


class RotaFeedForm(msgspec.Struct, frozen=True, kw_only=True):
    """A feed for a calendar program, by the name of which it is known."""

    feed: str = ""


class _DrawnRota(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of a rota was drawn from. Its URL, which is not shown, is another one after `updated_at`."""

    name: str
    updated_at: datetime


def rota_version(found: Rota) -> str:
    return version_of(_DrawnRota(name=found.name, updated_at=found.updated_at))


async def show_rota(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    number: UUID,
    typed: Mapping[str, Any] | None = None,
    error: InvalidError | PreconditionFailedError | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """`typed` are the values of a form that was refused for the `error`, with what to say beside its fields."""
    now = utc_now()
    found = await rotas.get_rota(services.database, principal, number)
    zone = ZoneInfo(await time_zone_of(services.database, principal.organization_id))
    day = _given_day(request) or now.astimezone(zone).date()
    shifts = await on_call.shifts_between(services.database, principal, number, *span_of_month(day, zone))
    periods = await on_call.periods_between(services.database, principal, number, *span_of_week(day, zone))
    who = await on_call.who_is_on_call(services.database, principal, number, now)
    overrides = await rotas.list_overrides(services.database, principal, number, since=now)
    people = await on_call.who_can_be(services.database, principal)
    kept = RotaForm(name=found.name, version=rota_version(found))
    view = RotaView(
        done=done_of(request, DONE),
        row=rota_row(found),
        path=f"{PATH}/{found.public_id}",
        on_call=on_call_words(who),
        until=who.until,
        unknown=list(who.unknown),
        fetched_at=found.fetched_at,
        failing_since=found.failing_since,
        skipped=list(found.skipped),
        week=await off_loop(rota_week, periods, day, zone, now),
        month=await off_loop(rota_month, shifts, day, zone, now),
        overrides=list(map(override_row, overrides)),
        people=[
            *((one.email, one.email) for one in people.people.values()),
            *channel_choices(people.channels),
        ],
        form={**values_of(kept), **values_of(OverrideForm()), **values_of(RotaFeedForm()), **(typed or {})},
        problems=problems or {},
    )
    status = form_status(error)
    return await page(request, "settings/rotas/rota.html", view, title=found.name, section="settings", status=status)


def _given_day(request: Request[Any, Any, Any]) -> date | None:
    """The day in the query; None for what is none, or beyond the calendar."""
    try:
        day = date.fromisoformat(request.query_params.get("date", ""))
    except ValueError:
        return None
    return day if 2000 <= day.year <= LATEST else None
