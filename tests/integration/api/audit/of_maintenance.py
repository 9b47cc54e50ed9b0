"""One request for each route and form that changes maintenance windows or tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from controller.api.v1.maintenance.calendar import CalendarImport
from shared.clock import utc_now
from tests.integration.api.audit.world import World
from tests.integration.api.conftest import CUSTOMER

_PATH = "/api/v1/maintenance-windows"
_WINDOW = {
    "name": "Upgrade",
    "start": "2027-01-01T01:00:00",
    "end": "2027-01-01T02:00:00",
    "targets": {"customers": [CUSTOMER]},
}
_CALENDAR = {**CalendarImport.EXAMPLE, "targets": _WINDOW["targets"], "dryRun": False}
_NOW = {"minutes": 5, "targets": _WINDOW["targets"]}


async def _ours(world: World, method: str, body: Any = None) -> None:
    made = await world.send("POST", _PATH, _WINDOW)
    if method != "POST":
        await world.send(method, f"{_PATH}/{made['id']}", body)


async def _act(world: World, act: str, body: Any = None) -> None:
    made = await world.send("POST", *((_PATH, _WINDOW) if act == "start" else (f"{_PATH}/now", _NOW)))
    await world.send("POST", f"{_PATH}/{made['id']}/{act}", body)


async def _prolong(world: World) -> None:
    await _act(world, "prolong", {"until": (utc_now() + timedelta(hours=1)).isoformat()})


async def _tag_monitor(world: World) -> None:
    tag, monitor = await world.tag(), await world.smtp()
    body = {"monitorType": "smtp", "monitorId": monitor["id"], "tagId": tag["id"]}
    await world.send("POST", "/api/monitor-tags", body)


async def _update_window(world: World) -> None:
    await world.send("PATCH", f"/api/maintenance-windows/{(await world.window())['id']}", {"name": "Later"})


async def _delete_window(world: World) -> None:
    await world.send("DELETE", f"/api/maintenance-windows/{(await world.window())['id']}")


async def _feed(world: World) -> str:
    made = await world.send("POST", "/api/v1/calendar-feeds", {"name": "Outlook"})
    world.secrets.append(made["url"].partition("=")[2])
    return str(made["id"])


async def _no_feed(world: World) -> None:
    await world.send("DELETE", f"/api/v1/calendar-feeds/{await _feed(world)}")


_WEEKLY = {"type": "Alert", "start_day": 1, "end_day": 1, "start_time": "01:00", "end_time": "02:00"}


async def _blackout(world: World, method: str, body: Any = None) -> None:
    made = await world.send("POST", "/api/v3/blackouts", {**_WEEKLY, "assoc_id": (await world.smtp())["id"]})
    if method != "POST":
        await world.send(method, f"/api/v3/blackouts/{made['id']}", body)


async def _blackouts(world: World) -> None:
    body = {
        "monitors": [(await world.smtp())["id"]],
        "update_persistent": True,
        "update_persistent_action": "append",
        "persistent_blackouts": [_WEEKLY],
    }
    await world.send("POST", "/api/v3/blackouts/bulk-edit", body)


OF_MAINTENANCE: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("POST", _PATH): ("maintenance.created", lambda w: _ours(w, "POST")),
    ("POST", f"{_PATH}/now"): ("maintenance.created", lambda w: w.send("POST", f"{_PATH}/now", _NOW)),
    ("POST", f"{_PATH}/import"): ("maintenance.created", lambda w: w.send("POST", f"{_PATH}/import", _CALENDAR)),
    ("POST", "/api/v1/calendar-feeds"): ("calendar_feed.created", _feed),
    ("DELETE", "/api/v1/calendar-feeds/{}"): ("calendar_feed.revoked", _no_feed),
    ("PATCH", f"{_PATH}/{{}}"): ("maintenance.changed", lambda w: _ours(w, "PATCH", {"name": "Other"})),
    ("PUT", f"{_PATH}/{{}}"): ("maintenance.changed", lambda w: _ours(w, "PUT", _WINDOW | {"name": "Other"})),
    ("DELETE", f"{_PATH}/{{}}"): ("maintenance.deleted", lambda w: _ours(w, "DELETE")),
    ("POST", f"{_PATH}/{{}}/start"): ("maintenance.changed", lambda w: _act(w, "start")),
    ("POST", f"{_PATH}/{{}}/end"): ("maintenance.changed", lambda w: _act(w, "end")),
    ("POST", f"{_PATH}/{{}}/prolong"): ("maintenance.changed", _prolong),
    ("POST", "/api/maintenance-windows"): ("maintenance.created", lambda w: w.window()),
    ("POST", "/api/tags"): ("tag.created", lambda w: w.tag()),
    ("POST", "/api/monitor-tags"): ("monitor.changed", _tag_monitor),
    ("PATCH", "/api/maintenance-windows/{}"): ("maintenance.changed", _update_window),
    ("DELETE", "/api/maintenance-windows/{}"): ("maintenance.deleted", _delete_window),
    ("POST", "/api/v3/blackouts"): ("maintenance.created", lambda w: _blackout(w, "POST")),
    ("PATCH", "/api/v3/blackouts/{}"): ("maintenance.changed", lambda w: _blackout(w, "PATCH", {"note": "Later"})),
    ("DELETE", "/api/v3/blackouts/{}"): ("maintenance.deleted", lambda w: _blackout(w, "DELETE")),
    ("POST", "/api/v3/blackouts/bulk-edit"): ("maintenance.created", _blackouts),
}
