"""A form is tried before it is saved: from each country, with the next step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from controller.model import Role
from controller.store.checks.trials import store_results
from controller.store.locations.locations import record_heartbeat
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import TRIAL
from shared.wire.targets import KINDS
from tests.integration.api.conftest import Api
from tests.integration.api.monitors.test_trigger import heartbeat
from tests.integration.pages.browser import FRAGMENT, Browser, Page, browsing_as
from tests.integration.pages.monitor.test_find_a_server import result_of

TRIALS = "/monitors/trials"
PASSWORD = "geheim-tried"
MISSING = Failure(
    kind=FailureKind.STARTTLS_MISSING, source=FailureSource.TARGET, phase=Phase.STARTTLS, detail="it offers none"
)


@pytest.fixture(autouse=True)
async def locations(api: Api) -> AsyncIterator[None]:
    """Two locations that run trials, and a country without an agent."""
    for code in ("de", "fi", "fr"):
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, upper($1), 'k')", code
        )
        if code != "fr":
            beat = msgspec.structs.replace(heartbeat(code, code.upper(), kinds=KINDS), reads=[TRIAL])
            assert await record_heartbeat(api.database, beat)
    yield
    await api.value("DELETE FROM location")
    await api.value("DELETE FROM request_count")
    api.dispatcher.trials.clear()
    api.dispatcher.away = False


async def tried(browser: Browser, *, path: str = "/monitors/new", **values: Any) -> Page:
    """Send the form of a new monitor to be tried, as the button does."""
    form = (await browser.open(path)).form("/monitors/new")
    data = {**form.fields, **values}
    headers = {"Accept": FRAGMENT, "Sec-Fetch-Site": "same-origin"}
    return Page(await browser.client.post(TRIALS, data=data, headers=headers, follow_redirects=True))


async def answer(api: Api, failure: Failure | None, *locations: str) -> None:
    [(trying, _)] = api.dispatcher.trials
    found = [result_of(trying.id, to_ms(trying.due_at), failure, location) for location in locations]
    await store_results(api.database, found)


async def test_a_try_fills_in_country_by_country_and_ends_with_the_next_step(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        begun = await tried(browser, host="mail.example.org", port="25", tls="required", countries=["DE", "FI", "FR"])
        assert begun.status == 200
        assert begun.path.startswith(f"{TRIALS}/")
        assert "1 of 3 have answered" in begun.text
        assert "not tried: no agent is connected" in begun.id("try-FR").text
        assert "data-done" not in begun.html
        await answer(api, MISSING, "de")
        half = await browser.open(begun.path, accept=FRAGMENT)
        assert "starttls missing in starttls" in half.id("try-DE").text
        assert "checking …" in half.id("try-FI").text
        assert "Did you mean port 587, submission of mail by people, with STARTTLS?" in half.text
        await answer(api, MISSING, "fi")
        done = await browser.open(begun.path)
    assert "It does not work from any country" in done.text
    assert "data-done" in done.html
    assert "Switch STARTTLS on" in done.text
    assert "/help/starttls-missing" in done.links.values()
    [step] = [each for each in done.main.all("a") if "data-set" in each.attributes][:1]
    assert step.text == "Use port 587 with STARTTLS"
    assert step.attributes["data-set"] == '{"port":"587","tls":"required"}'
    assert step.attributes["href"] == "/monitors/new?kind=smtp&host=mail.example.org&port=587&tls=required"


async def test_what_passes_shows_its_dialogue_and_what_it_offers(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        begun = await tried(browser, path="/monitors/new?kind=imap", host="mail.example.org", countries=["DE"])
        await answer(api, None, "de")
        done = await browser.open(begun.path)
    assert "It works from the only country" in done.text
    assert "answers, TLS 1.3, the certificate names it, offers AUTH PLAIN" in done.id("try-DE").text
    assert "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready" in done.id("talk-DE").text


async def test_a_password_goes_to_the_agents_and_on_no_page(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await tried(browser, host="mail.example.org", user="u", password=PASSWORD)
    assert page.status == 200
    assert PASSWORD not in page.html
    [(trying, _)] = api.dispatcher.trials
    assert trying.logins["login"].password.reveal() == PASSWORD


async def test_what_is_wrong_with_the_form_is_said_by_field_and_nothing_is_tried(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await tried(browser, host="not a host", port="0", password=PASSWORD, countries=[])
    assert page.status == 400
    wrong = {each.attributes["data-wrong"] for each in page.main.all("li") if "data-wrong" in each.attributes}
    assert {"host", "port", "countries", "user"} <= wrong
    assert PASSWORD not in page.html
    assert not api.dispatcher.trials


async def test_without_nats_the_page_says_so(api: Api) -> None:
    api.dispatcher.away = True
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await tried(browser, host="mail.example.org")
    assert page.status == 400
    assert "NATS does not answer" in page.text


async def test_who_may_not_make_monitors_tries_nothing_and_others_see_no_trial_of_ours(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        path = (await tried(browser, host="mail.example.org")).path
    async with browsing_as(api, Role.READONLY) as browser:
        assert (await browser.post(TRIALS, kind="smtp", host="mail.example.org")).status == 403
    async with browsing_as(api, Role.EDITOR, organization="Strange") as browser:
        assert (await browser.open(path)).status == 404
