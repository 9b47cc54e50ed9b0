"""One request for each form of the settings' pages of channels, labels and saved filters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.integration.api.audit.world import MARK, World

_CHANNELS = "/settings/channels"
_FILTERS = "/settings/saved-filters"


async def _hook(world: World) -> str:
    answer = await world.browser.client.post(
        f"{_CHANNELS}/new?type=webhook",
        data={
            "_csrf_token": (await world.browser.open(_CHANNELS)).form("/logout").fields["_csrf_token"],
            "name": "On call",
            "url": f"https://hooks.example.com/{MARK}",
            "secret": f"{MARK}-webhook",
            "headers": f"Authorization: Bearer {MARK}",
            "enabled": "on",
        },
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def _edit(world: World) -> None:
    one = await _hook(world)
    await world.submit(f"{one}/edit", f"{one}/edit", secret=f"{MARK}-other", timeout="7")


async def _act(world: World, act: str) -> None:
    one = await _hook(world)
    if act == "enable":
        await world.browser.post(f"{one}/disable", follow=False)
    await world.browser.post(f"{one}/{act}", follow=False)


async def _labelled(world: World, act: str) -> None:
    made = await world.smtp()
    key = uuid4().hex
    await world.send("PATCH", f"/api/v1/monitors/{made['publicId']}", {"labels": {key: "a"}})
    more = f"&new_key={uuid4().hex}" if act == "rename" else ""
    page = await world.browser.open(f"/settings/labels/{act}?key={key}{more}")
    form = next(form for form in page.forms if form.method == "post" and form.action.endswith(act))
    await world.browser.post(form.action, follow=False, **{name: one[0] for name, one in form.fields.items()})


async def _filter(world: World, act: str = "") -> None:
    answer = await world.send("POST", "/api/v1/saved-filters", {"name": uuid4().hex, "query": "state=down"})
    one = f"{_FILTERS}/{answer['id']}"
    if act == "delete":
        await world.browser.post(f"{one}/delete", follow=False)
    else:
        await world.submit(one, one, name=uuid4().hex)


async def _save(world: World) -> None:
    await world.browser.post(_FILTERS, follow=False, name=uuid4().hex, query="state=up")


OF_SETTINGS: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("POST", f"{_CHANNELS}/new"): ("channel.created", _hook),
    ("POST", f"{_CHANNELS}/{{}}/edit"): ("channel.changed", _edit),
    ("POST", f"{_CHANNELS}/{{}}/enable"): ("channel.changed", lambda w: _act(w, "enable")),
    ("POST", f"{_CHANNELS}/{{}}/disable"): ("channel.changed", lambda w: _act(w, "disable")),
    ("POST", f"{_CHANNELS}/{{}}/delete"): ("channel.deleted", lambda w: _act(w, "delete")),
    ("POST", "/settings/labels/rename"): ("monitor.changed", lambda w: _labelled(w, "rename")),
    ("POST", "/settings/labels/remove"): ("monitor.changed", lambda w: _labelled(w, "remove")),
    ("POST", _FILTERS): ("saved_filter.created", _save),
    ("POST", f"{_FILTERS}/{{}}"): ("saved_filter.changed", _filter),
    ("POST", f"{_FILTERS}/{{}}/delete"): ("saved_filter.deleted", lambda w: _filter(w, "delete")),
}
UNRECORDED_SETTINGS = {
    ("POST", "/account/view"): "colours and keys of this browser, in a cookie",
    ("POST", "/wall/screen"): "a screen keeps its token, in a cookie",
    ("POST", f"{_CHANNELS}/new/test"): "nothing is stored",
    ("POST", "/api/v1/sign-on/test"): "nothing is stored",
    ("POST", "/settings/sign-on/try"): "nothing is stored",
    ("POST", f"{_CHANNELS}/{{}}/test"): "nothing is stored",
    ("POST", f"{_CHANNELS}/{{}}/edit/test"): "nothing is stored",
    ("POST", f"{_CHANNELS}/new/quiet"): "nothing is stored",
    ("POST", f"{_CHANNELS}/{{}}/edit/quiet"): "nothing is stored",
}
