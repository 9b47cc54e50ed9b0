"""Who may see the page of a monitor and check it now, and how such a check is followed without script."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from controller.model import GapReason, Role
from controller.store.checks.dispatch import Expected, expect
from controller.store.checks.results import store_results
from controller.store.locations.locations import record_heartbeat
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.api.conftest import OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.monitors.test_trigger import heartbeat
from tests.integration.api.outages import REFUSED, check_result, make_locations
from tests.integration.pages.browser import browsing, browsing_as


async def test_nobody_sees_it_without_a_login(api: Api) -> None:
    made = await api.create()
    async with browsing(api) as browser:
        answer = await browser.open(f"/monitors/{made['publicId']}?range=week", follow=False)
    assert answer.status == 303
    assert answer.location.startswith("/login?next=/monitors/")


async def test_what_belongs_to_others_is_not_found(api: Api) -> None:
    other = await api.create(customerId=OTHER_CUSTOMER)
    answer = await api.client.post(
        "/api/smtp-monitors",
        json={"customerId": STRANGE_CUSTOMER, "name": "S", "hostname": "mail.example.com"},
        headers={"Authorization": f"Bearer {api.strange_token}"},
    )
    own = await api.create()
    api.dispatcher.triggered.clear()
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        page = await browser.open(f"/monitors/{own['publicId']}")
        assert page.status == 200
        token = page.form(f"/monitors/{own['publicId']}/check").fields["_csrf_token"][0]
        for monitor in (other["publicId"], answer.json()["publicId"], "0" * 8, own["publicId"][:-1] + "g"):
            assert (await browser.open(f"/monitors/{monitor}")).status == 404
            sent = await browser.client.post(
                f"/monitors/{monitor}/check",
                data={"_csrf_token": token},
                headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
            )
            assert sent.status_code == 404, sent.text
    assert api.dispatcher.triggered == []


async def test_readonly_sees_no_button_and_is_refused(api: Api) -> None:
    made = await api.create()
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}")
        assert page.status == 200
        assert "Check now" not in page.text
        token = page.form("/logout").fields["_csrf_token"][0]
        sent = await post(browser.client, made["publicId"], token)
    assert sent.status_code == 403


async def post(client: httpx.AsyncClient, monitor: str, token: str) -> httpx.Response:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    return await client.post(f"/monitors/{monitor}/check", data={"_csrf_token": token}, headers=headers)


async def test_a_check_without_the_token_of_the_form_is_refused(api: Api) -> None:
    made = await api.create()
    api.dispatcher.triggered.clear()
    async with browsing_as(api, Role.USER) as browser:
        await browser.open(f"/monitors/{made['publicId']}")
        assert (await post(browser.client, made["publicId"], "")).status_code == 403
    assert api.dispatcher.triggered == []


async def test_check_now_starts_a_check_and_shows_how_it_goes(api: Api) -> None:
    await make_locations(api)
    for code, country in (("de-nbg", "DE"), ("fi-hel", "FI")):
        assert await record_heartbeat(api.database, heartbeat(code, country))
    made = await api.create()
    path = f"/monitors/{made['publicId']}"
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.submit(await browser.open(path), f"{path}/check", follow=False)
        assert page.status == 303
        assert page.location.startswith(f"{path}?checked=")
        assert api.dispatcher.triggered[-1][1] == ["de-nbg", "fi-hel"]
        due_ms = int(page.location.partition("=")[2])
        assert "No check was started at" in (await browser.open(page.location)).id("check-now").text

        numbers = [await api.value("SELECT id FROM location WHERE code = $1", code) for code in ("de-nbg", "fi-hel")]
        await expect(
            api.database,
            [
                Expected(made["id"], due_ms, number, Purpose.TRIGGERED, GapReason.NO_RESULT, due_ms + 60_000)
                for number in numbers
            ],
        )
        waiting = await browser.open(page.location)
        assert "2 locations have not answered yet." in waiting.id("check-now").text
        assert waiting.links["Load again"] == page.location

        due = utc_now().replace(microsecond=0) - timedelta(milliseconds=0)
        due = due - timedelta(milliseconds=to_ms(due) - due_ms)
        await store_results(
            api.database, [check_result(made, due, "de-nbg", purpose=Purpose.TRIGGERED, failure=REFUSED)]
        )
        half = (await browser.open(page.location)).id("check-now")
        assert "1 location has not answered yet." in half.text
        assert "failed: refused in connect" in half.text
        (link,) = [one for one in half.all("a") if one.text.startswith("Open")]
        assert link.attributes["href"].endswith(f"?due={due_ms}")


async def test_a_location_that_does_not_answer_is_said_to_be_ours(api: Api) -> None:
    await make_locations(api)
    made = await api.create()
    long_ago = utc_now() - timedelta(minutes=10)
    number = await api.value("SELECT id FROM location WHERE code = 'de-nbg'")
    await api.value(
        "INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)"
        " VALUES ($1, $2, $2, $3, 'triggered', 'no_result')",
        made["id"],
        long_ago,
        number,
    )
    async with browsing_as(api, Role.USER) as browser:
        card = (await browser.open(f"/monitors/{made['publicId']}?checked={to_ms(long_ago)}")).id("check-now")
    assert "did not answer in time; the fault is ours, not the server's" in card.text
    assert "All have answered, or can answer no more." in card.text


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("range=decade", "range"),
        ("from=yesterday", "from"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"),
        ("from=2026-02-02T00:00Z&to=2026-02-01T00:00Z", "from"),
        ("from=2020-02-02T00:00Z", "from"),
        ("to=2026-13-01", "to"),
        ("status=broken", "status"),
        ("purpose=fun", "purpose"),
        ("before=1", "before"),
        ("after=1.2.fun", "after"),
        ("after=%C2%B2.1.recheck", "after"),
        ("checked=now", "checked"),
        ("checked=99999999999999999999999999", "checked"),
    ],
)
async def test_a_wrong_address_is_refused_by_the_name_of_the_parameter(api: Api, query: str, name: str) -> None:
    made = await api.create()
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}?{query}")
    assert page.status == 400
    assert f"{name} must" in page.text


async def test_a_password_of_the_config_is_nowhere_on_the_page(api: Api) -> None:
    made = await api.create(smtpConfig={"auth": {"user": "probe@example.com", "pass": "correct horse"}})
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}")
    assert "probe@example.com" in page.id("settings").text
    assert "correct horse" not in page.html
    stored = await api.value("SELECT config #>> '{auth,pass}' FROM monitor WHERE id = $1", made["id"])
    assert stored
    assert stored not in page.html
