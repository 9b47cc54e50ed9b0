"""Which monitors a window is for at this moment, and when it was under way."""

from __future__ import annotations

from controller.model.maintenance import MaintenanceWindow
from controller.store.maintenance import past as store
from controller.store.maintenance.past import MonitorsOfWindow, PastOccurrence
from controller.store.platform.pool import Database

__all__ = ["MonitorsOfWindow", "PastOccurrence", "monitors_of_window", "past_of_window"]


async def monitors_of_window(database: Database, window: MaintenanceWindow, at_most: int) -> MonitorsOfWindow:
    """Of a window that the principal may see, which `get_window` has checked."""
    return await store.monitors_of_window(database, window.id, at_most)


async def past_of_window(database: Database, window: MaintenanceWindow, at_most: int) -> list[PastOccurrence]:
    """The same, the latest first."""
    return await store.past_of_window(database, window.id, at_most)
