"""What somebody does with maintenance at once: begin it, start the next occurrence early, prolong or end one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.expansion import coming, timetable
from controller.decisions.maintenance.occurrences import LONGEST
from controller.errors import InvalidError, WrongStateError
from controller.model import Principal
from controller.model.audit import AuditAction
from controller.model.maintenance import Effect, MaintenanceWindow, StoredOccurrence
from controller.operations.audit.recording import record
from controller.operations.maintenance.changing import changing, in_effect
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange, create_window, delete_window
from controller.store.accounts import organizations
from controller.store.maintenance import occurring
from controller.store.maintenance import windows as store
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.epoch import to_text

_SECOND = timedelta(seconds=1)
_TICK = timedelta(milliseconds=1)
_SEARCHED = 5
"""One occurrence in a year may be none, because the clock skips it."""


async def begin_now(
    database: Database,
    principal: Principal,
    *,
    name: str,
    targets: WindowTargetsChange,
    lasting: timedelta,
    effect: Effect = Effect.SILENCE,
) -> MaintenanceWindow:
    """Make a window that begins now. Raises what `create_window` raises; `lasting` must be positive."""
    now = utc_now()
    async with database.one_transaction() as own:
        organization = await organizations.by_id(own, principal.organization_id)
        zone = organization.time_zone if organization else "UTC"
        start, end = (_wall(moment, zone) for moment in (now, now + lasting))
        change = WindowChange(
            name=name,
            start=start,
            end=max(end, start + _SECOND),  # in the hour that comes twice, the clock may show less than before
            time_zone=zone,
            targets=targets,
            effect=effect,
        )
        made = await create_window(own, principal, change)
        async with own.connection() as connection:
            for one in await occurring.stored(connection, made.id, now):
                await occurring.move(connection, made.id, one._replace(from_at=now, to_at=now + lasting))
            return await in_effect(connection, made.organization_id, made.id)


async def start_now(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    *,
    on_found: Callable[[MaintenanceWindow], None] = lambda _: None,
) -> MaintenanceWindow:
    """Let the next occurrence begin now. Its end stays, but one that is farther away than it lasts is only as long as
    planned from now on. Raises NotFoundError, ForbiddenError, and WrongStateError when
    the window is under way, disabled, or over.
    """
    async with changing(database, principal, identifier) as (own, window):
        on_found(window)
        now = utc_now()
        if any(one.holds(now) for one in window.stored):
            raise WrongStateError("The window is under way")
        following = coming(window.stored, timetable(window), now, _SEARCHED) if window.enabled else []
        following = [one for one in following if not one.is_empty]
        if not following:
            raise WrongStateError("The window has no occurrence to come")
        begins, ends = following[0]
        far = ends is not None and begins - now > ends - begins
        planned = next((one.planned_at for one in window.stored if one.from_at == begins), begins)
        to_at = now + (ends - begins) if ends is not None and far else ends
        return await _moved(own, principal, window, StoredOccurrence(planned, now, to_at))


async def prolong(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    until: datetime | timedelta,
    *,
    on_found: Callable[[MaintenanceWindow], None] = lambda _: None,
) -> MaintenanceWindow:
    """Let the present occurrence end at another moment to come, or so much later than it would. Raises
    NotFoundError, ForbiddenError, InvalidError with the field `until`, and WrongStateError when the window is not under
    way.
    """
    async with changing(database, principal, identifier) as (own, window):
        on_found(window)
        present = _present(window)
        if window.of_status is not None or present.to_at is None:
            raise InvalidError("until", "must not be set: this window lasts until somebody ends it")
        until = present.to_at + until if isinstance(until, timedelta) else until
        if until <= utc_now():
            raise InvalidError("until", "must be in the future")
        if until - present.from_at > LONGEST:
            raise InvalidError("until", f"must be at most {LONGEST.days} days after the beginning")
        return await _moved(own, principal, window, present._replace(to_at=until))


async def end_now(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    *,
    on_found: Callable[[MaintenanceWindow], None] = lambda _: None,
) -> MaintenanceWindow:
    """End the present occurrence; later ones take place. A window that stands for a monitor's status is gone then.
    Raises NotFoundError, ForbiddenError, and WrongStateError when the window is not under way.
    """
    async with changing(database, principal, identifier) as (own, window):
        on_found(window)
        present = _present(window)
        if window.of_status is not None:
            return await delete_window(own, principal, identifier)
        return await _moved(own, principal, window, present._replace(to_at=max(utc_now(), present.from_at + _TICK)))


def _present(window: MaintenanceWindow) -> StoredOccurrence:
    """The occurrence that lasts longest, of those under way. Raises WrongStateError."""
    now = utc_now()
    present = [one for one in window.stored if one.holds(now)]
    if not present:
        raise WrongStateError("The window is not under way")
    return max(present, key=lambda one: (one.to_at is None, one.to_at or now))


async def _moved(
    database: Database, principal: Principal, window: MaintenanceWindow, moved: StoredOccurrence
) -> MaintenanceWindow:
    async with database.connection() as connection:
        await occurring.move(connection, window.id, moved)
        await store.touch(connection, window.id)
        after = await in_effect(connection, window.organization_id, window.id)
    times = {"from": to_text(moved.from_at), "to": to_text(moved.to_at) if moved.to_at else None}
    await record(
        database, principal, AuditAction.MAINTENANCE_CHANGED, before=window, after=after, besides={"occurrence": times}
    )
    return after


def _wall(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
