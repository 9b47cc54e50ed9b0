"""Changes of monitors by the forms of the dashboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

from tests.integration.api.audit.world import MARK, World
from tests.integration.api.conftest import CUSTOMER
from tests.integration.api.outages import make_locations

Change = Callable[[World], Awaitable[object]]


async def _monitor(world: World) -> str:
    await make_locations(world.api)
    return f"/monitors/{(await world.smtp())['publicId']}"


async def _edit(world: World) -> None:
    path = await _monitor(world)
    values = {"user": "probe", "password": f"{MARK}-page", "name": "Another", "notes": "Ring twice"}
    await world.submit(f"{path}/edit", f"{path}/edit", **values)


async def _delete(world: World) -> None:
    path = await _monitor(world)
    await world.submit(f"{path}/delete", f"{path}/delete")


def _act(*acts: str) -> Change:
    async def act(world: World) -> None:
        path = await _monitor(world)
        for each in acts:
            await world.submit(path, f"{path}/{each}")

    return act


async def _many(world: World) -> None:
    await make_locations(world.api)
    team = uuid4().hex
    body = {
        "name": "One of many",
        "customerId": CUSTOMER,
        "labels": {"team": team},
        "target": {"kind": "smtp", "host": "mail.example.com", "login": {"user": "u", "password": f"{MARK}-many"}},
    }
    await world.send("POST", "/api/v1/monitors", body)
    path = f"/monitors/many?label=team:{team}"
    shown = await world.browser.post(path, act="interval", interval="900")
    drawn = shown.main.one("input", type="hidden", value="interval").parent
    assert drawn is not None
    fields = {each.attributes["name"]: each.attributes["value"] for each in drawn.all("input", type="hidden")}
    fields.pop("_csrf_token")
    done = await world.browser.post(path, follow=False, **fields)
    assert "Done: 1 monitor changed" in done.text


OF_MONITOR_PAGES: dict[tuple[str, str], tuple[str, Change]] = {
    ("POST", "/monitors/{}/edit"): ("monitor.changed", _edit),
    ("POST", "/monitors/{}/disable"): ("monitor.changed", _act("disable")),
    ("POST", "/monitors/{}/enable"): ("monitor.changed", _act("disable", "enable")),
    ("POST", "/monitors/{}/begin-maintenance"): ("monitor.changed", _act("begin-maintenance")),
    ("POST", "/monitors/{}/end-maintenance"): ("monitor.changed", _act("begin-maintenance", "end-maintenance")),
    ("POST", "/monitors/{}/delete"): ("monitor.deleted", _delete),
    ("POST", "/monitors/many"): ("monitor.changed", _many),
}
