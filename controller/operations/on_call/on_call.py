"""Who is on call in a rota: at a moment, from day to day, and as a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.wall_clock import start_instant
from controller.decisions.on_call.periods import OnCallPeriod, periods
from controller.decisions.on_call.rota import OnCall, Reachable, Shift, check_year, on_call, shifts
from controller.decisions.on_call.rota_feed import calendar_of_periods
from controller.model import Principal
from controller.model.notification.on_call import Rota, RotaOverride
from controller.off_loop import off_loop
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.on_call.rotas import found_rota, require_rotas
from controller.store.on_call import reachable, rotas
from controller.store.platform.pool import Database

CALENDAR_DAYS = 90


class _Known(NamedTuple):
    rota: Rota
    overrides: Sequence[RotaOverride]
    reachable: Reachable


async def who_can_be(database: Database, principal: Principal) -> Reachable:
    """The people and channels of the organization who can be on call. Raises ForbiddenError."""
    require_rotas(principal)
    async with database.connection() as connection:
        return await reachable.reachable_of(connection, principal.organization_id)


async def who_is_on_call(database: Database, principal: Principal, public_id: UUID, at: datetime) -> OnCall:
    """Raises InvalidError, NotFoundError, ForbiddenError."""
    check_year(at, "at")
    rota, overrides, people = await _known(database, principal, public_id, at)
    return await off_loop(lambda: on_call(rota.events, overrides, people, at))


async def shifts_between(
    database: Database, principal: Principal, public_id: UUID, since: datetime, until: datetime
) -> list[Shift]:
    """All shifts and overrides with some time between these moments. Raises NotFoundError, ForbiddenError."""
    rota, overrides, _ = await _known(database, principal, public_id, since)
    return await off_loop(lambda: shifts(rota.events, overrides, since, until))


async def periods_between(
    database: Database, principal: Principal, public_id: UUID, since: datetime, until: datetime
) -> list[OnCallPeriod]:
    """Who is on call between these moments, without a gap. Raises NotFoundError, ForbiddenError."""
    rota, overrides, people = await _known(database, principal, public_id, since)
    return await off_loop(lambda: periods(rota.events, overrides, people, since, until))


async def rota_calendar(
    database: Database, principal: Principal, public_id: UUID, base_url: str, now: datetime
) -> bytes:
    """Who is on call today and in the CALENDAR_DAYS that follow, on the organization's days, as a calendar that stays
    the same until something changes or the day is over. `base_url` is that of the pages. Raises NotFoundError,
    ForbiddenError.
    """
    zone = ZoneInfo(await time_zone_of(database, principal.organization_id))
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    since, until = (start_instant(today + timedelta(days=days), zone) for days in (0, CALENDAR_DAYS + 1))
    rota, overrides, people = await _known(database, principal, public_id, since)
    link = f"{base_url}/settings/rotas/{rota.public_id}"
    return await off_loop(
        lambda: calendar_of_periods(
            periods(rota.events, overrides, people, since, until), rota.name, rota.public_id, link, since
        )
    )


async def _known(database: Database, principal: Principal, public_id: UUID, since: datetime) -> _Known:
    """A rota with the overrides that are not over at that moment. Raises NotFoundError, ForbiddenError."""
    require_rotas(principal)
    async with database.connection() as connection:
        rota = await found_rota(connection, principal, public_id)
        overrides = await rotas.overrides_of(connection, rota.id, since=since)
        return _Known(rota, overrides, await reachable.reachable_of(connection, rota.organization_id))
