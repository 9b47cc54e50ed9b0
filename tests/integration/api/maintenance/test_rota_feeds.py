"""Feeds of rotas for calendar programs: an address that reads who is on call, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from icalendar import Calendar

from controller.model import Role
from shared.clock import utc_now
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.maintenance.test_calendar_feeds import PATH, read
from tests.integration.api.people import organization_of, person

ROTAS = "/api/v1/rotas"


async def _on_call(client: httpx.AsyncClient, email: str) -> str:
    """A rota in which this person is on call from yesterday on for three days, and after that nobody."""
    rota = (await client.post(ROTAS, json={"name": uuid4().hex})).json()["id"]
    now = utc_now()
    times = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(days=2)).isoformat()}
    made = await client.post(f"{ROTAS}/{rota}/overrides", json={**times, "person": email})
    assert made.status_code == 201, made.text
    return str(rota)


def _summaries(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]


async def test_a_feed_shows_who_is_on_call_until_its_maker_may_see_that_no_more(api: Api) -> None:
    who = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        rota = await _on_call(client, who.email)
        made: dict[str, Any] = (await client.post(PATH, json={"name": "Outlook", "rotaId": rota})).json()
        assert made["rotaId"] == rota
        assert "/calendar/rota.ics?token=calendar_" in made["url"]
        answer = await read(api, made["url"])
        assert _summaries(answer) == [who.email]
        again = await read(api, made["url"], **{"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        elsewhere = made["url"].replace("rota.ics", "maintenance.ics")
        assert (await read(api, elsewhere)).status_code == 404, "a token reads what it was made for"
        windows = (await client.post(PATH, json={"name": "Windows"})).json()["url"]
        assert (await read(api, windows.replace("maintenance.ics", "rota.ics"))).status_code == 404
        assert _summaries(await client.get(f"{ROTAS}/{rota}/on-call.ics")) == [who.email]
    await api.value("UPDATE account SET role = 'user' WHERE id = $1", who.id)
    assert (await read(api, made["url"])).status_code == 404
    await api.value("UPDATE account SET role = 'admin' WHERE id = $1", who.id)
    assert (await read(api, made["url"])).status_code == 200
    await api.value("DELETE FROM rota WHERE public_id = $1::uuid", rota)
    assert (await read(api, made["url"])).status_code == 404


@pytest.mark.parametrize(
    ("role", "rota", "status"),
    [
        pytest.param(Role.USER, None, 403, id="rotas are for who manages channels"),
        pytest.param(Role.ADMIN, str(uuid4()), 404, id="no such rota"),
        pytest.param(Role.ADMIN, "x", 400, id="no id"),
    ],
)
async def test_a_feed_that_nobody_may_make(api: Api, role: Role, rota: str | None, status: int) -> None:
    known = (await api.client.post(ROTAS, json={"name": uuid4().hex})).json()["id"]
    who = await person(api, role, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        answer = await client.post(PATH, json={"name": "Outlook", "rotaId": rota or known}, headers=who.headers)
    assert answer.status_code == status, answer.text


async def test_an_override_is_removed_only_as_it_was_read(api: Api) -> None:
    who = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        path = f"{ROTAS}/{await _on_call(client, who.email)}/overrides"
        [one] = (await client.get(path)).json()["items"]
        etag = (await client.get(f"{path}/{one['id']}")).headers["etag"]
        lost = await client.delete(f"{path}/{one['id']}", headers={"If-Match": '"another"'})
        assert lost.status_code == 412
        assert (await client.delete(f"{path}/{one['id']}", headers={"If-Match": etag})).status_code == 204
