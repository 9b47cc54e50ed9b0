"""What a maintenance window would be: its next occurrences and what may be wrong with it, before it is stored."""

from __future__ import annotations

from typing import NamedTuple

from controller.decisions.maintenance.expansion import coming, timetable
from controller.decisions.maintenance.occurrences import Occurrence
from controller.decisions.maintenance.rules import is_busy
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow, NewWindow
from controller.off_loop import off_loop
from controller.operations.maintenance.windows import WindowChange, planned
from controller.store.platform.pool import Database
from shared.clock import utc_now

BUSY = "The window takes more than a quarter of a week. An outage within that time is reported late, or never."


class Preview(NamedTuple):
    """The next occurrences, the zone of the window, and warnings in words."""

    coming: list[Occurrence]
    time_zone: str
    warnings: list[str]


async def preview_window(
    database: Database,
    principal: Principal,
    change: WindowChange,
    window: MaintenanceWindow | None = None,
    *,
    at_most: int = 5,
) -> Preview:
    """What `change` would make of `window` (None: of a new one). Raises what `create_window` raises."""
    new = await planned(database, principal, change, window)
    return await off_loop(_preview, new, at_most)


def warnings_of(window: MaintenanceWindow | NewWindow) -> list[str]:
    return [BUSY] if window.enabled and is_busy(window, utc_now()) else []


def _preview(new: NewWindow, at_most: int) -> Preview:
    return Preview(coming([], timetable(new), utc_now(), at_most), new.time_zone, warnings_of(new))
