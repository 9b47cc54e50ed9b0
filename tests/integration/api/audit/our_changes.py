"""One request for each route of our own API that changes monitors, with secrets in every field that takes one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.integration.api.audit.world import MARK, World
from tests.integration.api.conftest import CUSTOMER

Change = Callable[[World], Awaitable[Any]]

OURS = "/api/v1/monitors"


def _whole(name: str) -> dict[str, Any]:
    login = {"user": "probe@example.com", "password": f"{MARK}-{name}"}
    return {"name": name, "customerId": CUSTOMER, "target": {"kind": "imap", "host": "a.example.com", "login": login}}


async def _ours(world: World, method: str) -> None:
    made = await world.send("POST", OURS, _whole("first"))
    body = {"PUT": _whole("second"), "PATCH": {"target": _whole("third")["target"]}}.get(method)
    if method != "POST":
        await world.send(method, f"{OURS}/{made['id']}", body)


async def _by_key(world: World, method: str) -> None:
    path = f"{OURS}/by-key/shop/{uuid4().hex}"
    await world.send("PUT", path, _whole("first") | {"name": "keyed"})
    if method == "DELETE":
        await world.send("DELETE", path)


async def _many(world: World) -> None:
    made = await world.smtp()
    await world.send("POST", f"{OURS}/bulk", {"ids": [made["publicId"]], "change": {"delete": True}})


OUR_CHANGES: dict[tuple[str, str], tuple[str, Change]] = {
    ("POST", OURS): ("monitor.created", lambda w: _ours(w, "POST")),
    ("PATCH", f"{OURS}/{{}}"): ("monitor.changed", lambda w: _ours(w, "PATCH")),
    ("PUT", f"{OURS}/{{}}"): ("monitor.changed", lambda w: _ours(w, "PUT")),
    ("DELETE", f"{OURS}/{{}}"): ("monitor.deleted", lambda w: _ours(w, "DELETE")),
    ("PUT", f"{OURS}/by-key/{{}}/{{}}"): ("monitor.created", lambda w: _by_key(w, "PUT")),
    ("DELETE", f"{OURS}/by-key/{{}}/{{}}"): ("monitor.deleted", lambda w: _by_key(w, "DELETE")),
    ("POST", f"{OURS}/bulk"): ("monitor.deleted", _many),
}
