"""One request for each route that changes recipients, their groups, their blackouts, packages, or custom properties."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.integration.api.audit.world import MARK, World

_RECIPIENTS, _GROUPS = "/api/v3/recipients", "/api/v3/notifier-groups"
_OURS, _PACKAGES = "/api/v1/recipient-groups", "/api/v1/packages"
_PAGES = "/settings/recipient-groups"


async def _made(world: World) -> str:
    body = {
        "name": "On call",
        "method_id": 16,
        "recipient": "https://hooks.example.com/in",
        "username": "us",
        "password": f"{MARK}-recipient",
    }
    return str((await world.send("POST", _RECIPIENTS, body))["id"])


async def _recipient(world: World, method: str, body: Any = None) -> None:
    await world.send(method, f"{_RECIPIENTS}/{await _made(world)}", body)


async def _grouped(world: World) -> str:
    monitor, recipient = (await world.smtp())["id"], int(await _made(world))
    body = {"name": "Team", "monitors": [{"id": monitor}], "recipients": [{"id": recipient}]}
    return str((await world.send("POST", _GROUPS, body))["id"])


async def _group(world: World, method: str, body: Any = None) -> None:
    await world.send(method, f"{_GROUPS}/{await _grouped(world)}", body)


async def _our_group(world: World, method: str, body: Any = None) -> None:
    number = await _grouped(world)
    if method == "POST":
        of = "SELECT public_id::text FROM {} WHERE id = (SELECT {}_id FROM recipient_group_{} WHERE group_id = $1)"
        monitor = await world.api.value(of.format("monitor", "monitor", "monitor"), int(number))
        channel = await world.api.value(of.format("notification_channel", "channel", "channel"), int(number))
        await world.send("POST", _OURS, {"name": "Other", "monitorIds": [monitor], "channelIds": [channel]})
        return
    public_id = await world.api.value("SELECT public_id FROM recipient_group WHERE id = $1", int(number))
    await world.send(method, f"{_OURS}/{public_id}", body)


async def _package(world: World, method: str, body: Any = None) -> None:
    key = (await world.send("POST", _PACKAGES, {"key": uuid4().hex}))["key"]
    if method != "POST":
        await world.send(method, f"{_PACKAGES}/{key}", body)


async def _label(world: World, method: str) -> None:
    body = {"name": uuid4().hex, "value": "a", "monitors": [(await world.smtp())["id"]]}
    made = await world.send("POST", "/api/v3/property", body)
    if method != "POST":
        change = {"name": uuid4().hex} if method == "PATCH" else None
        await world.send(method, f"/api/v3/properties/{made['id']}", change)


async def _page(world: World, act: str) -> None:
    number = await _grouped(world)
    public_id = await world.api.value("SELECT public_id FROM recipient_group WHERE id = $1::text::bigint", number)
    one = f"{_PAGES}/{public_id}"
    match act:
        case "new":
            group = "SELECT {}_id::text FROM recipient_group_{} WHERE group_id = $1::text::bigint"
            monitor = await world.api.value(group.format("monitor", "monitor"), number)
            recipient = await world.api.value(group.format("channel", "channel"), number)
            await world.submit(f"{_PAGES}/new", f"{_PAGES}/new", name="Other", recipients=recipient, monitors=monitor)
        case "change":
            await world.submit(one, one, name=uuid4().hex)
        case _:
            await world.submit(f"{one}/delete", f"{one}/delete")


OF_RECIPIENTS: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("POST", _RECIPIENTS): ("channel.created", _made),
    ("PATCH", f"{_RECIPIENTS}/{{}}"): ("channel.changed", lambda w: _recipient(w, "PATCH", {"stop_threshold": 3})),
    ("DELETE", f"{_RECIPIENTS}/{{}}"): ("channel.deleted", lambda w: _recipient(w, "DELETE")),
    ("POST", _GROUPS): ("recipient_group.created", _grouped),
    ("PATCH", f"{_GROUPS}/{{}}"): ("recipient_group.changed", lambda w: _group(w, "PATCH", {"is_default": True})),
    ("DELETE", f"{_GROUPS}/{{}}"): ("recipient_group.deleted", lambda w: _group(w, "DELETE")),
    ("POST", _OURS): ("recipient_group.created", lambda w: _our_group(w, "POST")),
    ("PATCH", f"{_OURS}/{{}}"): ("recipient_group.changed", lambda w: _our_group(w, "PATCH", {"statuses": [4]})),
    ("DELETE", f"{_OURS}/{{}}"): ("recipient_group.deleted", lambda w: _our_group(w, "DELETE")),
    ("POST", _PACKAGES): ("package.created", lambda w: _package(w, "POST")),
    ("PATCH", f"{_PACKAGES}/{{}}"): ("package.changed", lambda w: _package(w, "PATCH", {"checkLocations": 2})),
    ("DELETE", f"{_PACKAGES}/{{}}"): ("package.deleted", lambda w: _package(w, "DELETE")),
    ("POST", "/api/v3/property"): ("monitor.changed", lambda w: _label(w, "POST")),
    ("PATCH", "/api/v3/properties/{}"): ("monitor.changed", lambda w: _label(w, "PATCH")),
    ("DELETE", "/api/v3/properties/{}"): ("monitor.changed", lambda w: _label(w, "DELETE")),
    ("POST", f"{_PAGES}/new"): ("recipient_group.created", lambda w: _page(w, "new")),
    ("POST", f"{_PAGES}/{{}}"): ("recipient_group.changed", lambda w: _page(w, "change")),
    ("POST", f"{_PAGES}/{{}}/delete"): ("recipient_group.deleted", lambda w: _page(w, "delete")),
}
