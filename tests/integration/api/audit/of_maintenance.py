"""Changes of maintenance windows and tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.integration.api.audit.world import World


async def _tag_monitor(world: World) -> None:
    tag, monitor = await world.tag(), await world.smtp()
    body = {"monitorType": "smtp", "monitorId": monitor["id"], "tagId": tag["id"]}
    await world.send("POST", "/api/monitor-tags", body)


async def _update_window(world: World) -> None:
    await world.send("PATCH", f"/api/maintenance-windows/{(await world.window())['id']}", {"name": "Later"})


async def _delete_window(world: World) -> None:
    await world.send("DELETE", f"/api/maintenance-windows/{(await world.window())['id']}")


OF_MAINTENANCE: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("POST", "/api/maintenance-windows"): ("maintenance.created", lambda w: w.window()),
    ("POST", "/api/tags"): ("tag.created", lambda w: w.tag()),
    ("POST", "/api/monitor-tags"): ("monitor.changed", _tag_monitor),
    ("PATCH", "/api/maintenance-windows/{}"): ("maintenance.changed", _update_window),
    ("DELETE", "/api/maintenance-windows/{}"): ("maintenance.deleted", _delete_window),
}
