"""Import maintenance windows from a calendar file: all that is within our rules, and words for the rest."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET

from controller.decisions.access import Permission, permits
from controller.decisions.maintenance.ical_import import OutsideEvent, PlannedEvent, events_in
from controller.decisions.maintenance.rules import LONGEST_DESCRIPTION
from controller.errors import ForbiddenError, InvalidError
from controller.model import Principal
from controller.model.maintenance import Effect, MaintenanceWindow
from controller.off_loop import off_loop
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import (
    WindowChange,
    change_window,
    create_window,
    list_windows,
    planned,
)
from controller.store.maintenance import calendars as store
from controller.store.platform.pool import Database


class Imported(NamedTuple):
    """The events that became windows, those whose windows were made before and were changed, and what is outside of
    our rules. After a trial run (`dry_run`) nothing of it is stored, and no windows are there.
    """

    created: list[PlannedEvent]
    changed: list[PlannedEvent]
    outside: list[OutsideEvent]
    windows: list[MaintenanceWindow]


async def import_calendar(
    database: Database,
    principal: Principal,
    content: bytes,
    *,
    targets: WindowTargetsChange,
    effect: Effect,
    dry_run: bool,
) -> Imported:
    """Make a window of each event, or change the one that was made of it before, or that it was exported from: events
    are known by their UID. All are for `targets`. Raises InvalidError with the field `body` for what is no calendar,
    and what `create_window` raises for the targets.
    """
    if not permits(principal, Permission.PLAN_MAINTENANCE):
        raise ForbiddenError
    zone = await time_zone_of(database, principal.organization_id)
    events, outside = await off_loop(events_in, content, zone)
    async with database.one_transaction() as own:
        known = await _known(own, principal)
        fitting = []
        for event in events:
            problem = await _problem(own, principal, _change(event, targets, effect), known.get(event.uid))
            if problem is None:
                fitting.append(event)
            else:
                outside.append(OutsideEvent(event.name, str(problem)))
        created = [event for event in fitting if event.uid not in known]
        changed = [event for event in fitting if event.uid in known]
        windows = []
        for event in () if dry_run else fitting:
            change, before = _change(event, targets, effect), known.get(event.uid)
            if before is None:
                window = await create_window(own, principal, change)
                async with own.connection() as connection:
                    await store.keep_uid(connection, window.id, event.uid)
            else:
                window = await change_window(own, principal, before.id, change)
            windows.append(window)
    return Imported(created, changed, outside, windows)


async def _known(database: Database, principal: Principal) -> dict[str, MaintenanceWindow]:
    """The windows that the caller may change, by the UIDs of the events that they are."""
    found = {one.id: one for one in await list_windows(database, principal) if one.of_status is None}
    async with database.connection() as connection:
        uids = await store.uids_of(connection, principal.organization_id)
    by_uid = {str(one.public_id): one for one in found.values()}
    return by_uid | {uid: found[number] for uid, number in uids if number in found}


async def _problem(
    database: Database, principal: Principal, change: WindowChange, before: MaintenanceWindow | None
) -> InvalidError | None:
    """Why an event breaks our rules. Raises InvalidError for targets that do."""
    try:
        await planned(database, principal, change, before)
    except InvalidError as error:
        if any(one.field.startswith("targets") for one in error.fields):
            raise
        return error
    return None


def _change(event: PlannedEvent, targets: WindowTargetsChange, effect: Effect) -> WindowChange:
    return WindowChange(
        name=" ".join(event.name.split())[:255] or "Maintenance",
        description=event.description[:LONGEST_DESCRIPTION] if event.description else None,
        time_zone=event.time_zone,
        start=event.start,
        end=event.end,
        recurrence=event.recurrence,
        effect=effect,
        enabled=UNSET,
        targets=targets,
    )
