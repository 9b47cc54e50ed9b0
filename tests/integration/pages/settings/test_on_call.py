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


async def test_each_of_several_channels_with_one_name_can_be_put_on_call(api: Api) -> None:
    now = utc_now().replace(tzinfo=None)
    name = uuid4().hex
    await api.value(
        "INSERT INTO notification_channel (organization_id, type, name, config)"
        " SELECT organization_id, 'email', $1, '{}' FROM customer, generate_series(1, 2) WHERE customer.public_id = $2",
        name,
        CUSTOMER,
    )
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(ROTAS), ROTAS, name=uuid4().hex)
        younger = await api.value("SELECT max(id) FROM notification_channel WHERE name = $1", name)
        number = str(await api.value("SELECT public_id FROM notification_channel WHERE id = $1", younger))
        assert f"the channel {name} (E-mail 2)" in page.text
        times: dict[str, Any] = {"since": f"{now:%Y-%m-%dT%H:%M}", "until": f"{now + timedelta(days=2):%Y-%m-%dT%H:%M}"}
        page = await browser.submit(page, f"{_path(page)}/overrides", who=number, **times)
        assert "The override is added." in page.text
        assert await api.value("SELECT channel_id FROM rota_override ORDER BY id DESC LIMIT 1") == younger


async def test_a_week_says_who_is_on_call_and_when_nobody_is(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(ROTAS), ROTAS, name=uuid4().hex)
        assert "Nobody is on call" in page.text
        person = await api.value("SELECT email FROM account ORDER BY id DESC LIMIT 1")
        times: dict[str, Any] = {"since": "2098-03-03T08:00", "until": "2098-03-04T18:30"}
        page = await browser.submit(page, f"{_path(page)}/overrides", who=person, **times)
        week = await browser.open(f"{_path(page)}?date=2098-03-05")
        assert "Mon 3 Mar 2098 to Sun 9 Mar 2098" in week.text
        shown = " ".join(week.text.split())
        for expected in (
            f"from 08:00 {person} override",
            f"until 18:30 {person} override",
            "00:00–08:00 Nobody is on call",
        ):
            assert expected in shown
        assert "At some times nobody is on call." in shown
        later = await browser.open(f"{_path(page)}?date=2098-03-12")
        assert f"{person} override" not in " ".join(later.text.partition("March 2098")[0].split())


async def test_a_feed_of_a_rota_is_made_on_its_page_and_shown_once(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        name = uuid4().hex
        page = await browser.submit(await browser.open(ROTAS), ROTAS, name=name)
        path = _path(page)
        made = await browser.submit(page, f"{path}/feeds", feed="Outlook")
        assert (made.status, "/calendar/rota.ics?token=calendar_" in made.text) == (201, True)
        assert f"who is on call in {name}" in made.text
        assert "calendar_" not in (await browser.open(path)).text
        feeds = await browser.open("/maintenance/calendar-feeds")
        assert f"who is on call in {name}" in feeds.text
        wrong = await browser.submit(page, f"{path}/feeds", feed=" ")
        assert (wrong.status, wrong.id("wrong-feed").text) == (400, "must be 1 to 255 printable characters")


async def test_a_form_that_was_drawn_from_another_state_is_shown_again(api: Api) -> None:
    await _nothing_set(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        name = uuid4().hex
        old = await browser.submit(await browser.open(ROTAS), ROTAS, name=name)
        path = _path(old)
        first = await browser.submit(old, path, name=f"{name} b")
        assert "The rota is saved." in first.text
        lost = await browser.submit(old, path, name=f"{name} c")
        assert (lost.status, lost.id("wrong-name").text) == (409, f"Stored now: {name} b")
        assert f"{name} c" in lost.form(path).fields["name"]
        assert "The rota is saved." in (await browser.submit(lost, path)).text

        rota = path.rpartition("/")[2]
        page = await browser.open(f"{ESCALATION}/new")
        made = await browser.submit(page, f"{ESCALATION}/new", name="Night", minutes_1="5", rota_1=rota)
        policy = made.links["Night"]
        old = await browser.open(policy)
        await browser.submit(old, policy, minutes_1="7")
        lost = await browser.submit(old, policy, minutes_1="9", severity="partial")
        assert (lost.status, lost.id("wrong-minutes_1").text) == (409, "Stored now: 7")
        assert lost.id("wrong-severity").text == "Stored now: full outages only"
        saved = await browser.submit(lost, policy)
        assert "after 9 min" in saved.text


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
