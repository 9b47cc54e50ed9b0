"""The pages of escalation policies, reminders and rotas."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from controller.model import Role
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.pages.browser import Page, browsing_as

ESCALATION, ROTAS = "/settings/escalation", "/settings/rotas"


def _path(page: Page) -> str:
    return page.path.partition("?")[0]


async def _nothing_set(api: Api) -> None:
    await api.value("DELETE FROM escalation_policy")
    await api.value("UPDATE organization SET reminders = NULL")


async def test_a_policy_is_made_of_its_rows_and_said_in_words(api: Api) -> None:
    await _nothing_set(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        name = uuid4().hex
        rota = await browser.submit(await browser.open(ROTAS), ROTAS, name=name)
        number = _path(rota).rpartition("/")[2]
        steps: dict[str, Any] = {"minutes_1": "10", "rota_1": number, "minutes_3": "90", "rota_3": number}
        made = await browser.submit(await browser.open(f"{ESCALATION}/new"), f"{ESCALATION}/new", name="Night", **steps)
        assert _path(made) == ESCALATION
        assert "The policy is made." in made.text
        assert f"after 10 min, if nobody took it: who is on call in {name}" in made.text
        assert "after 1 h 30 min, if nobody took it" in made.text


async def test_what_is_wrong_stands_beside_the_row(api: Api) -> None:
    await _nothing_set(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(f"{ESCALATION}/new")
        wrong = await browser.submit(page, f"{ESCALATION}/new", name="Night", minutes_2="soon", minutes_3="5")
        assert wrong.status == 400
        assert wrong.id("wrong-minutes_2").text == "must be a number of minutes"
        wrong = await browser.submit(page, f"{ESCALATION}/new", name="Night", minutes_2="7", minutes_3="5")
        assert wrong.id("wrong-minutes_3").text == "must be more than that of the step before"
        assert "must name a channel" in wrong.id("wrong-channels_2").text


async def test_reminders_are_said_in_words(api: Api) -> None:
    await _nothing_set(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(ESCALATION)
        assert "Nobody is reminded" in page.text
        path = f"{ESCALATION}/reminders"
        saved = await browser.submit(page, path, enabled="on", first_minutes="5", max_minutes="60")
        assert "reminded after 5 minutes, and again after pauses that double, up to 60 minutes" in saved.text
        wrong = await browser.submit(page, path, enabled="on", first_minutes="50", max_minutes="10")
        assert wrong.id("wrong-max_minutes").text == "must not be less than firstMinutes"


async def test_a_rota_shows_who_is_on_call_and_never_its_address(api: Api) -> None:
    now = utc_now().replace(tzinfo=None)
    async with browsing_as(api, Role.ADMIN) as browser:
        url = "webcal://calendar.example.com/private/path.ics?token=quietly"
        page = await browser.submit(await browser.open(ROTAS), ROTAS, name=uuid4().hex, url=url)
        assert "the calendar at calendar.example.com: not read yet" in page.text
        assert "nobody: steps that name this rota tell their channels alone" in page.text
        person = await api.value("SELECT email FROM account ORDER BY id DESC LIMIT 1")
        times: dict[str, Any] = {
            "since": f"{now - timedelta(hours=3):%Y-%m-%dT%H:%M}",
            "until": f"{now + timedelta(hours=3):%Y-%m-%dT%H:%M}",
        }
        page = await browser.submit(page, f"{_path(page)}/overrides", who=person, **times)
        assert "The override is added." in page.text
        assert f"On call now: {person}, by an override" in page.text
        for path in (_path(page), ROTAS, f"/api/v1/rotas/{_path(page).rpartition('/')[2]}"):
            shown = (await browser.client.get(path)).text
            assert "quietly" not in shown
            assert "private/path" not in shown
        assert await api.value("SELECT config ->> 'urlSecret' LIKE 'gAAAA%' FROM rota ORDER BY id DESC LIMIT 1")


async def test_who_is_limited_to_customers_has_their_policies_alone(api: Api) -> None:
    await _nothing_set(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        made = await browser.submit(await browser.open(ROTAS), ROTAS, name=uuid4().hex)
        rota = _path(made).rpartition("/")[2]
        for name, customer in (("General", ""), ("Own", CUSTOMER)):
            page = await browser.open(f"{ESCALATION}/new")
            await browser.submit(page, f"{ESCALATION}/new", name=name, customer=customer, minutes_1="5", rota_1=rota)
    async with browsing_as(api, Role.ADMIN, customers=[api.customer]) as browser:
        page = await browser.open(ESCALATION)
        assert "Own" in page.text
        assert "General" not in page.text
        assert (await browser.open(ROTAS)).status == 403
