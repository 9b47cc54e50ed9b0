"""Warnings about monitors that no location may check."""

from __future__ import annotations

from controller.decisions.schedule.hindrances import without_location
from controller.model import Monitor
from controller.store.monitors import unlocated
from controller.store.platform.pool import Connection, Database


async def warnings_about(database: Database, monitor: Monitor) -> list[str]:
    """Why no location checks this monitor, which the caller may see; empty when one may, or it is disabled."""
    async with database.connection() as connection:
        reason = await why_unlocated(connection, monitor)
    return [f"{reason}; its verdict is unknown until there is one"] if reason else []


async def why_unlocated(connection: Connection, monitor: Monitor) -> str:
    """Empty when the monitor has a location, or is disabled."""
    found = await unlocated.unlocated(connection, monitor.id)
    if found is None:
        return ""
    return without_location(found.country_codes, listed=found.listed, any_enabled=found.any_enabled)
