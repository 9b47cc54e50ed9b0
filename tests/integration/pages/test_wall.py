"""`/wall`: every monitor as a letter, the worst in words, counts, and nothing of what one may not see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from controller.model import Principal, Role
from controller.operations.maintenance.acts import begin_now
from controller.operations.maintenance.targets import WindowTargetsChange
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.people import organization_of
from tests.integration.pages.browser import FRAGMENT, Page, browsing_as
from tests.integration.pages.listed import latest, monitor, nothing_there, verdict

__all__ = ["nothing_there"]


def states(page: Page) -> str:
    return page.id("dots").attributes["data-states"]


def worst(page: Page) -> list[str]:
    return [item.text for found in page.root.all("ol") for item in found.all("li")]


async def _three(api: Api) -> None:
    for name, state in (("a", "down"), ("b", "up"), ("c", "degraded")):
        await verdict(api, await monitor(api, name), state)


async def test_every_monitor_is_a_letter_in_the_order_of_names(api: Api) -> None:
    await _three(api)
    await monitor(api, "d")
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open("/wall")
    assert (page.status, states(page)) == (200, "dugn")
    assert page.root.one("h1").text == "1 down 1 degraded 1 unknown 1 up"
    assert page.id("dots").attributes["aria-label"].endswith("4 monitors: 1 down, 1 degraded, 1 unknown, 1 up")


async def test_the_worst_come_first_with_where_and_since_when(api: Api) -> None:
    await _three(api)
    down = await monitor(api, "Zulu")
    await verdict(api, down, "down", ago="65 minutes")
    await latest(api, down, "de-nbg", failure="refused")
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/wall")
    assert worst(page) == [
        "a down for 2 h",
        "Zulu down for 1 h 5 min DE",
        "c degraded for 2 h",
    ]


async def test_it_says_how_long_monitors_are_in_maintenance(api: Api) -> None:
    ids = [await monitor(api, name) for name in "abcdef"]
    ours = await organization_of(api, "Ours")
    who = Principal(works_in=ours, role=Role.ADMIN)
    for minutes, some in ((90, ids[:5]), (30, ids[5:])):
        numbers = [await api.value("SELECT id FROM monitor WHERE public_id = $1::uuid", str(one)) for one in some]
        targets = WindowTargetsChange(monitors=numbers)
        await begin_now(api.database, who, name="W", targets=targets, lasting=timedelta(minutes=minutes))
    async with browsing_as(api, Role.EDITOR) as browser:
        text = (await browser.open("/wall")).id("board").text
        rows = (await browser.open("/")).main.all("td", class_="is-maintenance")
    found = re.search(r"In maintenance: f until .*, a until .*, b until .*, c until .*, and 2 more", text)
    assert found, text
    assert all(re.match(r"maintenance until \d\d:\d\d", row.text) for row in rows)
    assert len(rows) == 6


async def test_it_has_no_navigation_and_the_policy_of_all_pages(api: Api) -> None:
    await _three(api)
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/wall")
        other = await browser.open("/")
    assert page.root.all("nav") == page.root.all("a") == []
    names = ("content-security-policy", "referrer-policy", "x-content-type-options", "cache-control")
    assert [page.headers[name] for name in names] == [other.headers[name] for name in names]
    assert other.links["Wall"] == "/wall"


async def test_monitors_are_filtered_and_counted_by_customer_or_label(api: Api) -> None:
    await verdict(api, await monitor(api, "a"), "down")
    await verdict(api, await monitor(api, "b", customerId=OTHER_CUSTOMER), "up")
    await api.value("UPDATE monitor SET labels = '{\"team\": \"post\"}' WHERE name = 'a' AND deleted_at IS NULL")
    async with browsing_as(api, Role.EDITOR) as browser:
        assert states(await browser.open(f"/wall?customer={CUSTOMER}")) == "d"
        assert states(await browser.open("/wall?label=team:post")) == "d"
        assert states(await browser.open("/wall?label=team")) == "d"
        assert states(await browser.open("/wall?state=up,partial")) == "u"
        by_customer = await browser.open("/wall?by=customer")
        parts = by_customer.root.one("section", aria_labelledby="by")
        assert [item.text for item in parts.all("li")] == ["Example Customer 1 down", "Other Customer 1 up"]
        by_label = (await browser.open("/wall?by=label:team")).root.one("section", aria_labelledby="by")
        assert [item.text for item in by_label.all("li")] == ["post 1 down", "without it 1 up"]


async def test_nothing_wrong_is_one_sentence(api: Api) -> None:
    await verdict(api, await monitor(api, "a"), "up")
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/wall")
    assert "Nothing is down." in page.text
    assert worst(page) == []


async def test_a_blind_location_is_on_the_wall(api: Api) -> None:
    await verdict(api, await monitor(api, "a"), "up")
    await api.value("UPDATE agent SET last_seen_at = now() - interval '20 minutes'")
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/wall")
    assert re.search(r"Location \S+ \(.+\) is silent for 20 min", page.text)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("size=3", "is not a parameter of this page"),
        ("by=country", "by must be customer, or label: and the key of a label, or empty"),
        ("columns=9", "columns must be from 1 to 4"),
        ("state=broken", "state must be any of"),
        ("customer=x", "customer must be the UUID of a customer"),
        ("label=:x", "label must be key:value"),
        ("by=customer&by=customer", "by must be given once"),
    ],
)
async def test_an_address_that_means_nothing_is_refused_with_the_rule(api: Api, query: str, message: str) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"/wall?{query}")
    assert page.status == 400
    assert message in page.text


async def test_who_is_limited_sees_only_monitors_of_these_customers(api: Api) -> None:
    await verdict(api, await monitor(api, "ours"), "down")
    await verdict(api, await monitor(api, "other", customerId=OTHER_CUSTOMER), "down")
    async with browsing_as(api, Role.USER, customers=[api.other_customer]) as browser:
        page = await browser.open("/wall?by=customer")
        assert (states(page), "ours" in page.html, "Example Customer" in page.html) == ("d", False, False)
        elsewhere = await browser.open(f"/wall?customer={CUSTOMER}")
        assert "No monitor matches." in elsewhere.text
    async with browsing_as(api, Role.ADMIN, organization="Strange") as browser:
        assert "No monitor matches." in (await browser.open("/wall")).text


async def test_a_script_that_lost_its_session_is_refused_without_a_page(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        browser.client.cookies.clear()
        assert (await browser.open("/wall", accept=FRAGMENT, follow=False)).status == 401
