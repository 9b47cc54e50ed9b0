"""Windows of several monitors planned at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow
from controller.operations.maintenance.windows import WindowChange, create_window, delete_window, list_windows
from controller.store.platform.pool import Database


async def plan_many(
    database: Database,
    principal: Principal,
    changes: Sequence[WindowChange],
    *,
    instead_of: Callable[[MaintenanceWindow], bool] = lambda _: False,
) -> list[MaintenanceWindow]:
    """Make these windows, and delete those that `instead_of` names. Raises what `create_window` raises."""
    async with database.one_transaction() as own:
        for window in await list_windows(own, principal):
            if instead_of(window):
                await delete_window(own, principal, window.id)
        return [await create_window(own, principal, change) for change in changes]
