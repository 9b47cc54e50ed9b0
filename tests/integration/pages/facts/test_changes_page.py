"""The feed of changes as a page, and the facts on the page of a monitor."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.model import Role
from tests.integration.api.changed_facts import add_change, add_fact
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import Browser, browsing_as


@pytest.fixture(autouse=True)
async def none_before(api: Api) -> AsyncIterator[None]:
    await make_locations(api)
    yield
    await api.value("DELETE FROM fact_change")


@pytest.fixture
async def reader(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        yield browser


async def test_without_a_change_it_says_what_will_be_here(reader: Browser) -> None:
    page = await reader.open("/changes")
    assert page.status == 200
    assert "No change so far" in page.headings


async def test_a_change_is_told_in_words_with_its_monitor(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    await add_change(api, monitor, fact="certificate", before="A", after="B", countries=("DE", "FI"))
    page = await reader.open("/changes")
    assert "The certificate changed from A to B in DE, FI." in page.text
    assert f"/monitors/{monitor['publicId']}#facts" in page.links.values()


async def test_a_finding_is_explained(api: Api, reader: Browser) -> None:
    await add_change(api, await api.create(), fact=None, finding="downgrade_suspected", change="began", after="x")
    page = await reader.open("/changes")
    assert "STARTTLS vanished in DE, and other countries are still offered it." in page.text
    assert "offers this country no STARTTLS while others get it at the same address" in page.text


async def test_filters_keep_what_they_show(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    await add_change(api, monitor)
    await add_change(api, monitor, fact="starttls", before="offered", after="missing", countries=("FI",))
    page = await reader.open("/changes?what=starttls&country=fi")
    assert "STARTTLS vanished in FI" in page.text
    assert "TLSv1.3" not in page.text
    assert "No change is like that." in (await reader.open("/changes?country=US")).text


@pytest.mark.parametrize("query", ["from=yesterday", "to=9999-12-31"])
async def test_a_day_that_is_none_is_refused(reader: Browser, query: str) -> None:
    assert (await reader.open(f"/changes?{query}")).status == 400


@pytest.mark.parametrize("name", ["what", "country", "location"])
async def test_a_text_that_no_change_can_have_is_refused(reader: Browser, name: str) -> None:
    assert (await reader.open(f"/changes?{name}=a%00b")).status == 400


async def test_the_changes_of_another_customer_are_not_found(api: Api) -> None:
    monitor = await api.create()
    await add_change(api, monitor)
    other = await api.value("SELECT id FROM customer WHERE name = $1", OTHER_CUSTOMER)
    async with browsing_as(api, Role.READONLY, customers=[other]) as browser:
        assert "No change so far" in (await browser.open("/changes")).headings
        assert (await browser.open(f"/changes?monitor={monitor['publicId']}")).status == 404


async def test_the_page_of_a_monitor_shows_its_facts_and_the_latest_changes(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    await add_fact(api, monitor, "de-nbg", "starttls", "offered")
    await add_fact(api, monitor, "fi-hel", "starttls", "missing")
    await add_change(api, monitor)
    card = (await reader.open(f"/monitors/{monitor['publicId']}")).id("facts")
    assert "not offered" in card.text
    assert "The TLS version changed from TLSv1.2 to TLSv1.3 in DE" in card.text


async def test_changes_are_read_page_by_page(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    for number in range(51):
        await add_change(api, monitor, after=f"TLSv{number}")
    first = await reader.open("/changes")
    assert "to TLSv0 in" not in first.text
    assert "to TLSv0 in" in (await reader.open(first.links["Older"])).text
