"""What a bulk edit of blackouts asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.blackouts.bodies import MOST_IN_BULK, BlackoutTimes, BulkEdit
from controller.api.compat.alertsite.blackouts.mapping import blackout_of, shown_blackout
from controller.api.compat.alertsite.bodies import sent
from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow
from controller.operations.maintenance.windows import WindowChange
from controller.operations.monitors import monitors
from controller.store.platform.pool import Database

_ACTIONS = ("append", "update")


class BulkPlan(NamedTuple):
    """The windows to make, and which of the present ones they replace."""

    changes: list[WindowChange]
    replaces: Callable[[MaintenanceWindow], bool]


async def planned(database: Database, principal: Principal, body: BulkEdit, zone: str, now: datetime) -> BulkPlan:
    """Raises InvalidError, and ForbiddenError for a monitor that the caller may not see."""
    numbers = _numbers(body.monitors)
    parts = (
        _part(body.update_one_time, body.update_one_time_action, body.one_time_blackouts, "one_time"),
        _part(body.update_persistent, body.update_persistent_action, body.persistent_blackouts, "persistent"),
    )
    found = [
        (blackout_of(sent(one), zone, now), weekly) for weekly, (_, blackouts) in enumerate(parts) for one in blackouts
    ]
    for blackout, weekly in found:
        if blackout.weekly is not bool(weekly):
            raise InvalidError("persistent", "must agree with the list that the blackout is in")
    if len(found) * len(numbers) > MOST_IN_BULK:
        raise InvalidError("monitors", f"must be fewer: a bulk edit makes at most {MOST_IN_BULK} blackouts")
    for number in numbers:
        await _require(database, principal, number)
    replaced = [weekly for weekly, (action, _) in enumerate(parts) if action == "update"]

    def replaces(window: MaintenanceWindow) -> bool:
        shown = shown_blackout(window, zone)
        return shown is not None and shown.assoc_id in numbers and int(shown.persistent is True) in replaced

    return BulkPlan([one.change(number, zone) for number in numbers for one, _ in found], replaces)


def _part(
    updates: Any, action: Any, blackouts: list[BlackoutTimes] | UnsetType, name: str
) -> tuple[str | None, list[BlackoutTimes]]:
    """What is done to blackouts of one sort, and those that are made; None: they are left alone."""
    if updates is UNSET or not values.flag(updates, f"update_{name}"):
        return None, []
    if action not in _ACTIONS:
        raise InvalidError(f"update_{name}_action", f"must be one of {', '.join(_ACTIONS)}")
    if blackouts is UNSET:
        raise InvalidError(f"{name}_blackouts", "is required")
    return str(action), list(blackouts)


def _numbers(value: Any) -> list[int]:
    """Each monitor once; as a number, or as an object with an id."""
    if not isinstance(value, list) or not value or len(value) > MOST_IN_BULK:
        raise InvalidError("monitors", f"must be a list of 1 to {MOST_IN_BULK} numbers")
    plain = [item.get("id") if isinstance(item, dict) else item for item in value]
    return list(dict.fromkeys(values.number(item, "monitors", 1, 2**63 - 1) for item in plain))


async def _require(database: Database, principal: Principal, number: int) -> None:
    try:
        await monitors.get_monitor(database, principal, tuple(KINDS.values()), number)
    except NotFoundError:
        raise ForbiddenError from None
