"""One request for each route that changes escalation policies, rotas or reminders, by the API and by forms."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from shared.clock import utc_now
from tests.integration.api.audit.world import MARK, World
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION

_POLICIES, _ROTAS = "/api/v1/escalation-policies", "/api/v1/rotas"
_SETTINGS = "/settings"
_MESSAGES = f"{_SETTINGS}/customers/{CUSTOMER}/messages"
_URL = f"https://calendar.example.com/{MARK}/rota.ics?token={MARK}"


async def _rota(world: World) -> str:
    made = await world.send("POST", _ROTAS, {"name": uuid4().hex, "url": _URL})
    return str(made["id"])


async def _policy(world: World) -> str:
    """The only one of the organization."""
    for one in (await world.send("GET", _POLICIES))["items"]:
        await world.send("DELETE", f"{_POLICIES}/{one['id']}")
    steps = [{"afterMinutes": 10, "rotaId": await _rota(world)}]
    return str((await world.send("POST", _POLICIES, {"name": uuid4().hex, "steps": steps}))["id"])


async def _override(world: World) -> tuple[str, str]:
    rota, now = await _rota(world), utc_now()
    body = {
        "from": now.isoformat(),
        "to": (now + timedelta(hours=1)).isoformat(),
        "person": world.admin.email,
    }
    made = await world.send("POST", f"{_ROTAS}/{rota}/overrides", body)
    return rota, str(made["id"])


async def _change_policy(world: World) -> None:
    await world.send("PATCH", f"{_POLICIES}/{await _policy(world)}", {"severity": "partial"})


async def _delete_policy(world: World) -> None:
    await world.send("DELETE", f"{_POLICIES}/{await _policy(world)}")


async def _change_rota(world: World) -> None:
    await world.send("PATCH", f"{_ROTAS}/{await _rota(world)}", {"name": uuid4().hex, "url": f"{_URL}2"})


async def _delete_rota(world: World) -> None:
    await world.send("DELETE", f"{_ROTAS}/{await _rota(world)}")


async def _remove_override(world: World) -> None:
    rota, override = await _override(world)
    await world.send("DELETE", f"{_ROTAS}/{rota}/overrides/{override}")


async def _grouping(owner: str, world: World) -> None:
    before = await world.send("GET", f"/api/v1/{owner}/grouping")
    await world.send("PUT", f"/api/v1/{owner}/grouping", {"stormLimit": before["inForce"]["stormLimit"] % 100 + 1})


async def _reminders(world: World, owner: str) -> None:
    number = uuid4().int % 100 + 1
    await world.send("PUT", f"/api/v1/{owner}/reminders", {"enabled": False, "firstMinutes": number})


async def _form(world: World, path: str, action: str = "", **values: Any) -> None:
    await world.submit(path, action or path, **values)


async def _make_by_form(world: World) -> None:
    await world.send("DELETE", f"{_POLICIES}/{await _policy(world)}")
    rota = await _rota(world)
    await _form(world, f"{_SETTINGS}/escalation/new", name=uuid4().hex, minutes_1="5", rota_1=rota)


async def _on_policy(world: World, act: str = "", **values: Any) -> None:
    path = f"{_SETTINGS}/escalation/{await _policy(world)}"
    await _form(world, path, f"{path}{act}", **values)


async def _on_rota(world: World, act: str = "", **values: Any) -> None:
    path = f"{_SETTINGS}/rotas/{await _rota(world)}"
    await _form(world, path, f"{path}{act}", **values)


async def _add_by_form(world: World) -> None:
    begin = utc_now().replace(tzinfo=None) + timedelta(days=1)
    times = {"since": f"{begin:%Y-%m-%dT%H:%M}", "until": f"{begin + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    await _on_rota(world, "/overrides", who=world.admin.email, **times)


async def _remove_by_form(world: World) -> None:
    rota, override = await _override(world)
    path = f"{_SETTINGS}/rotas/{rota}"
    await _form(world, path, f"{path}/overrides/{override}/delete")


async def _feed_by_form(world: World) -> None:
    path = f"{_SETTINGS}/rotas/{await _rota(world)}"
    made = await world.browser.submit(await world.browser.open(path), f"{path}/feeds", feed="Outlook")
    assert made.status == 201, made.text
    world.secrets += re.findall(r"token=([\w-]+)", made.text)


async def _remind_by_form(world: World) -> None:
    number = str(uuid4().int % 100 + 101)
    await _form(world, f"{_SETTINGS}/escalation", f"{_SETTINGS}/escalation/reminders", first_minutes=number)


async def _group_by_form(page: str, action: str, world: World) -> None:
    await _form(world, page, action, storm_limit=str(uuid4().int % 100 + 101))


OF_ON_CALL: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("POST", _POLICIES): ("escalation_policy.created", _policy),
    ("PATCH", f"{_POLICIES}/{{}}"): ("escalation_policy.changed", _change_policy),
    ("DELETE", f"{_POLICIES}/{{}}"): ("escalation_policy.deleted", _delete_policy),
    ("POST", _ROTAS): ("rota.created", _rota),
    ("PATCH", f"{_ROTAS}/{{}}"): ("rota.changed", _change_rota),
    ("DELETE", f"{_ROTAS}/{{}}"): ("rota.deleted", _delete_rota),
    ("POST", f"{_ROTAS}/{{}}/overrides"): ("rota.changed", _override),
    ("DELETE", f"{_ROTAS}/{{}}/overrides/{{}}"): ("rota.changed", _remove_override),
    ("PUT", "/api/v1/organizations/{}/reminders"): (
        "organization.changed",
        lambda w: _reminders(w, f"organizations/{ORGANIZATION}"),
    ),
    **{
        ("PUT", f"/api/v1/{owners}/{{}}/grouping"): (f"{owners[:-1]}.changed", partial(_grouping, f"{owners}/{one}"))
        for owners, one in (("organizations", ORGANIZATION), ("customers", CUSTOMER))
    },
    ("PUT", "/api/v1/customers/{}/reminders"): ("customer.changed", lambda w: _reminders(w, f"customers/{CUSTOMER}")),
    ("POST", f"{_SETTINGS}/escalation/new"): ("escalation_policy.created", _make_by_form),
    ("POST", f"{_SETTINGS}/escalation/{{}}"): ("escalation_policy.changed", lambda w: _on_policy(w, minutes_1="7")),
    ("POST", f"{_SETTINGS}/escalation/{{}}/delete"): (
        "escalation_policy.deleted",
        lambda w: _on_policy(w, "/delete"),
    ),
    ("POST", f"{_SETTINGS}/escalation/reminders"): ("organization.changed", _remind_by_form),
    ("POST", f"{_SETTINGS}/grouping"): ("organization.changed", partial(_group_by_form, f"{_SETTINGS}/grouping", "")),
    ("POST", f"{_SETTINGS}/customers/{{}}/messages/grouping"): (
        "customer.changed",
        partial(_group_by_form, _MESSAGES, f"{_MESSAGES}/grouping"),
    ),
    ("POST", f"{_SETTINGS}/customers/{{}}/messages/reminders"): (
        "customer.changed",
        lambda w: _form(w, _MESSAGES, f"{_MESSAGES}/reminders", first_minutes=str(uuid4().int % 100 + 101)),
    ),
    ("POST", f"{_SETTINGS}/rotas"): (
        "rota.created",
        lambda w: _form(w, f"{_SETTINGS}/rotas", name=uuid4().hex, url=_URL),
    ),
    ("POST", f"{_SETTINGS}/rotas/{{}}"): ("rota.changed", lambda w: _on_rota(w, name=uuid4().hex, url=f"{_URL}3")),
    ("POST", f"{_SETTINGS}/rotas/{{}}/delete"): ("rota.deleted", lambda w: _on_rota(w, "/delete")),
    ("POST", f"{_SETTINGS}/rotas/{{}}/overrides"): ("rota.changed", _add_by_form),
    ("POST", f"{_SETTINGS}/rotas/{{}}/feeds"): ("calendar_feed.created", _feed_by_form),
    ("POST", f"{_SETTINGS}/rotas/{{}}/overrides/{{}}/delete"): ("rota.changed", _remove_by_form),
}
