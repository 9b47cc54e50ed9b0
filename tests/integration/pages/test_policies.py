"""The pages of policies: in words, as a picture, as a form, and what another one would have opened."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.outages import make_locations
from tests.integration.api.past_outages import PastOutage, store_past
from tests.integration.pages.browser import browsing_as

ORGANIZATION = "/policies/organization"
OF_CUSTOMER = f"/policies/customers/{CUSTOMER}"
OWN: dict[str, Any] = {"base": "own"}


@pytest.fixture(autouse=True)
async def nothing_set(api: Api) -> None:
    await make_locations(api)
    await api.value("UPDATE organization SET policy = NULL")
    await api.value("UPDATE customer SET policy = NULL, alert_location_threshold_count = NULL")


async def monitor_page(api: Api, **fields: Any) -> str:
    return f"/monitors/{(await api.create(**fields))['publicId']}/policy"


async def test_the_list_says_in_words_what_holds_and_who_has_an_own_policy(api: Api) -> None:
    await monitor_page(api, name="Without")
    path = await monitor_page(api, name="With its own")
    async with browsing_as(api, Role.ADMIN) as browser:
        form = await browser.open(path)
        await browser.submit(form, path, base="global_verify")
        form = await browser.open(OF_CUSTOMER)
        await browser.submit(form, OF_CUSTOMER, **OWN, recovery_rounds="3")
        page = await browser.open("/policies")
    assert "An incident opens when more than half of the locations fail, confirmed by a recheck 10 s later" in page.text
    assert "the standard policy, since none is set" in page.text
    customers, monitors = page.main.all("table")
    assert "it closes after 3 passing rounds in a row" in customers.text
    assert "With its own Two locations An incident opens when at least 2 locations" in monitors.text
    assert "Without" not in monitors.text


@pytest.mark.parametrize("level", ["organization", "customer", "monitor"])
async def test_own_values_are_saved_and_shown_again(api: Api, level: str) -> None:
    path = {"organization": ORGANIZATION, "customer": OF_CUSTOMER, "monitor": await monitor_page(api)}[level]
    values: dict[str, Any] = {
        "quorum": "number",
        "quorum_count": "2",
        "rechecks": "0",
        "consecutive_rounds": "3",
        "recovery_rounds": "2",
        "regional_after_seconds": "300",
        "voters": "home",
        "order": "sequential",
    }
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(path)
        answer = await browser.submit(page, path, follow=False, **OWN, **values)
        assert (answer.status, answer.location) == (303, f"{path}?done=saved")
        shown = await browser.open(answer.location)
    assert "The policy is saved" in shown.text
    form = shown.form(path)
    for name, value in {**OWN, **values}.items():
        assert form.fields[name] == [value], name


async def test_as_above_removes_the_own_policy(api: Api) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        await browser.submit(await browser.open(path), path, base="sla")
        assert "set for this monitor" in (await browser.open(path)).text
        answer = await browser.submit(await browser.open(path), path, follow=False, base="above")
        assert answer.location == f"{path}?done=removed"
        shown = await browser.open(path)
    assert "the standard policy, since none is set" in shown.text
    assert "set for this monitor" not in shown.text


async def test_every_wrong_field_is_named_at_its_place_and_all_is_kept(api: Api) -> None:
    values: dict[str, Any] = {
        "quorum": "number",
        "quorum_count": "101",
        "consecutive_rounds": "x",
        "recovery_rounds": "7",
    }
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(ORGANIZATION)
        answer = await browser.submit(page, ORGANIZATION, **OWN, **values)
    assert answer.status == 400
    assert answer.root.one(id="wrong-quorum_count").text == "must be from 1 to 100"
    assert answer.root.one(id="wrong-consecutive_rounds").text == "must be a whole number"
    form = answer.form(ORGANIZATION)
    for name, value in {**OWN, **values}.items():
        assert form.fields[name] == [value], name
    assert await api.value("SELECT policy FROM organization ORDER BY id LIMIT 1") is None


async def test_values_that_would_not_count_are_not_dropped(api: Api) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        answer = await browser.submit(await browser.open(path), path, consecutive_rounds="4")
    assert answer.status == 400
    assert answer.root.one(id="wrong-base").text == "must be “Own values” for the fields below to count"
    assert answer.form(path).fields["consecutive_rounds"] == ["4"]


async def test_a_number_of_locations_that_would_not_count_is_not_dropped(api: Api) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        answer = await browser.submit(await browser.open(path), path, **OWN, quorum="any", quorum_count="2")
        assert answer.status == 400
        said = answer.root.one(id="wrong-quorum").text
        assert said == "must be “at least the number below” for that number to count"
        saved = await browser.submit(answer, path, follow=False, quorum="number")
        assert saved.location == f"{path}?done=saved"
        again = await browser.submit(await browser.open(path), path, follow=False, **OWN, quorum="any")
        assert again.location == f"{path}?done=saved"  # what was stored before may stay in its field


async def test_the_picture_shows_how_many_fail_and_says_the_same(api: Api) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(path), path, **OWN, quorum="all", consecutive_rounds="2")
    picture = page.main.one("svg", role="img")
    assert picture.attributes["aria-label"] in page.text
    assert "After 2 rounds and 1 recheck that fail, the incident opens, " in page.text
    assert len(picture.all("circle", class_="failing")) == 2 * 4
    assert [text.text for text in picture.all("text", class_="opens")] == ["incident", "opens"]


async def test_the_preview_counts_lists_and_keeps_what_was_typed(api: Api) -> None:
    monitor = await api.create(name="Flaky")
    await store_past(api, monitor, [PastOutage(30, 12), PastOutage(50, 2)])
    path = f"/monitors/{monitor['publicId']}/policy"
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(path)
        values = {**OWN, "consecutive_rounds": "5"}
        fields = {name: value for name, [value] in page.form(path).fields.items()}
        answer = await browser.post(f"{path}/preview", **(fields | values))
        saved = await browser.open(path)
    assert answer.status == 200
    assert "Over the last 7 days this policy would have opened 1 incident (today's: 2)." in answer.text
    rows = answer.root.one("table").one("tbody").all("tr")
    assert [row.one(class_="tag").text for row in rows] == ["changed", "gone"]
    assert "It opens 4 min later" in rows[0].text
    assert "opens no incident; today's does (down, for" in rows[1].text
    async with browsing_as(api, Role.ADMIN) as browser:
        there = await browser.open(rows[0].one("a").attributes["href"])
    assert (there.status, "Flaky" in there.text) == (200, True)
    form = answer.form(path)
    assert form.fields["consecutive_rounds"] == ["5"]
    assert "set for this monitor" not in saved.text


@pytest.mark.parametrize("role", [Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_who_may_not_change_it_sees_words_and_no_form(api: Api, role: Role) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, role, customers=[api.customer] if role is Role.READONLY else None) as browser:
        page = await browser.open(path)
        for refused in (path, f"{path}/preview"):
            answer = await browser.post(refused, base="sla")
            assert answer.status == 403
    assert "An incident opens when" in page.text
    assert all(not form.action.endswith("/policy") for form in page.forms)


async def test_an_editor_changes_monitors_and_nothing_above(api: Api) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        assert any(form.action.endswith(path) for form in (await browser.open(path)).forms)
        for other in (ORGANIZATION, OF_CUSTOMER):
            page = await browser.open(other)
            assert page.status == 200
            assert all(not form.action.endswith(other) for form in page.forms)


async def test_what_somebody_may_not_see_is_not_there(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        for path in (
            f"/policies/customers/{OTHER_CUSTOMER}",
            f"/policies/customers/{uuid4()}",
            f"/monitors/{uuid4()}/policy",
            "/policies/customers/x",
        ):
            assert (await browser.open(path)).status == 404


async def test_the_page_of_a_monitor_says_its_policy_and_leads_to_it(api: Api) -> None:
    path = await monitor_page(api)
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        page = await browser.open(path.removesuffix("/policy"))
    assert "Policy: An incident opens when more than half of the locations fail" in page.text
    assert any(link.attributes["href"].endswith(path) for link in page.root.all("a"))
