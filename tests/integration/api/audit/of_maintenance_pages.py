"""Changes of maintenance windows by the forms of the dashboard."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.clock import utc_now
from tests.integration.api.audit.world import World
from tests.integration.api.maintenance.test_calendar_import import calendar, event
from tests.integration.pages.maintenance.planning import NEW, WEEKLY

FEEDS, IMPORT = "/maintenance/calendar-feeds", "/maintenance/import"
Change = Callable[[World], Awaitable[object]]


async def _planned(world: World) -> str:
    made = await world.submit(NEW, NEW, **WEEKLY)
    return str(made.location).partition("?")[0]


async def _begun(world: World) -> str:
    monitor = (await world.smtp())["publicId"]
    made = await world.browser.post("/maintenance/now", follow=False, monitors=monitor)
    assert made.status == 303, made.text
    return str(made.location).partition("?")[0]


async def _edit(world: World) -> None:
    path = await _planned(world)
    values = {"description": "In the evening", "labels": "team: post", "effect": "suspend"}
    await world.submit(f"{path}/edit", f"{path}/edit", **values)


def _act(begin: Callable[[World], Awaitable[str]], *acts: str, **fields: str) -> Change:
    async def act(world: World) -> None:
        path = await begin(world)
        for each in acts:
            done = await world.browser.post(f"{path}/{each}", follow=False, **fields)
            assert done.status == 303, done.text

    return act


async def _start(world: World) -> None:
    tomorrow = f"{utc_now() + timedelta(days=1):%Y-%m-%d}"
    once = {**WEEKLY, "repeats": "once", "start_date": tomorrow, "end_date": tomorrow}
    made = await world.submit(NEW, NEW, **once)
    done = await world.browser.post(f"{made.location.partition('?')[0]}/start", follow=False)
    assert done.status == 303, done.text


async def _feed(world: World) -> None:
    page = await world.browser.open(FEEDS)
    made = await world.browser.submit(page, FEEDS, name="Outlook")
    assert made.status == 201, made.text
    world.secrets += re.findall(r"token=([\w-]+)", made.text)


async def _revoked_feed(world: World) -> None:
    await _feed(world)
    page = await world.browser.open(FEEDS)
    await world.browser.submit(page, next(form.action for form in page.forms if form.action.endswith("/revoke")))


async def _import(world: World) -> None:
    fields = {"organization": "on", "effect": "silence", "calendar": calendar(event("a")), "store": "yes"}
    done = await world.browser.post(IMPORT, follow=False, **fields)
    assert done.status == 303, done.text


_ONE = "/maintenance/{}"
OF_MAINTENANCE_PAGES: dict[tuple[str, str], tuple[str, Change]] = {
    ("POST", NEW): ("maintenance.created", _planned),
    ("POST", "/maintenance/now"): ("maintenance.created", _begun),
    ("POST", f"{_ONE}/edit"): ("maintenance.changed", _edit),
    ("POST", f"{_ONE}/disable"): ("maintenance.changed", _act(_planned, "disable")),
    ("POST", f"{_ONE}/enable"): ("maintenance.changed", _act(_planned, "disable", "enable")),
    ("POST", f"{_ONE}/end"): ("maintenance.changed", _act(_begun, "end")),
    ("POST", f"{_ONE}/prolong"): ("maintenance.changed", _act(_begun, "prolong", minutes="15")),
    ("POST", f"{_ONE}/start"): ("maintenance.changed", _start),
    ("POST", FEEDS): ("calendar_feed.created", _feed),
    ("POST", f"{FEEDS}/{{}}/revoke"): ("calendar_feed.revoked", _revoked_feed),
    ("POST", IMPORT): ("maintenance.created", _import),
    ("POST", f"{_ONE}/delete"): ("maintenance.deleted", _act(_planned, "delete")),
}
OF_MAINTENANCE_PREVIEWS = {
    ("POST", f"{NEW}/preview"): "shows occurrences, stores nothing",
    ("POST", f"{_ONE}/edit/preview"): "shows occurrences, stores nothing",
}
