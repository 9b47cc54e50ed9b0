"""The form of a monitor: on which others it depends, chosen by their names."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.our_monitors.asking import PATH, create
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import Browser, Page, browsing_as


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    await make_locations(api)
    async with browsing_as(api, Role.EDITOR) as browser:
        yield browser


def offered(page: Page) -> dict[str, bool]:
    """The monitors in the form, and whether each is chosen."""
    boxes = page.main.all("input", name_="depends_on")
    labels = {box.parent.text: "checked" in box.attributes for box in boxes if box.parent}
    assert len(labels) == len(boxes)
    return labels


async def parents(api: Api, monitor: str) -> list[str]:
    found: list[str] = (await api.client.get(f"{PATH}/{monitor}")).json()["dependsOn"]
    return found


async def test_parents_are_searched_for_by_name_chosen_and_stored(api: Api, browser: Browser) -> None:
    router, mail = await create(api, name="Router of hall 7"), await create(api, name="Mail of hall 7")
    edit = f"/monitors/{mail['id']}/edit"
    page = await browser.open(edit)
    assert offered(page) == {}
    page = await browser.submit(page, edit, draw="find", find="router of HALL 7", notes="typed meanwhile")
    assert (page.status, offered(page)) == (200, {"Router of hall 7": False})
    assert await parents(api, mail["id"]) == []
    page = await browser.submit(page, edit, depends_on=router["id"], find="")
    assert page.path == f"/monitors/{mail['id']}?done=changed"
    assert "Nobody is notified of it while one of these is down: Router of hall 7" in page.text
    assert await parents(api, mail["id"]) == [router["id"]]
    assert (await api.client.get(f"{PATH}/{mail['id']}")).json()["notes"] == "typed meanwhile"
    page = await browser.open(edit)
    assert offered(page) == {"Router of hall 7": True}
    await browser.submit(page, edit, depends_on=[])
    assert await parents(api, mail["id"]) == []


async def test_a_new_monitor_and_a_copy_have_parents(api: Api, browser: Browser) -> None:
    router = await create(api, name="Router of hall 8")
    page = await browser.open(f"/monitors/new?depends_on={router['id']}&customer={CUSTOMER}&host=mx.example.com")
    assert offered(page) == {"Router of hall 8": True}
    made = await browser.submit(page, "/monitors/new")
    monitor = made.path.partition("?")[0].rpartition("/")[2]
    assert await parents(api, monitor) == [router["id"]]
    assert offered(await browser.open(f"/monitors/{monitor}/duplicate")) == {"Router of hall 8": True}


async def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(api: Api, browser: Browser) -> None:
    mail = await create(api, name="Mail of hall 9")
    edit = f"/monitors/{mail['id']}/edit"
    searched = await browser.submit(await browser.open(edit), edit, draw="find", find="hall 9")
    page = await browser.submit(searched, edit, depends_on=mail["id"], name="Another")
    assert page.status == 400
    assert "must name other monitors" in page.main.one("p", id="wrong-depends_on").text
    assert offered(page) == {"Mail of hall 9": True}
    assert page.main.one("input", name_="name").attributes["value"] == "Another"
    page = await browser.submit(searched, edit, depends_on="nonsense")
    assert page.status == 400
    assert page.main.one("p", id="wrong-depends_on")


async def test_a_change_of_somebody_else_is_not_lost(api: Api, browser: Browser) -> None:
    router, mail = await create(api, name="Router of hall 5"), await create(api, name="Mail of hall 5")
    edit = f"/monitors/{mail['id']}/edit"
    page = await browser.open(edit)
    changed = await api.client.put(f"{PATH}/{mail['id']}/dependencies", json={"dependsOn": [router["id"]]})
    assert changed.status_code == 200
    conflict = await browser.submit(page, edit)
    assert conflict.status == 409
    assert "Router of hall 5" in conflict.text
    assert await parents(api, mail["id"]) == [router["id"]]


async def test_who_may_not_see_a_parent_does_not_remove_it(api: Api) -> None:
    hidden, mail = await create(api, name="Hidden router", customerId=OTHER_CUSTOMER), await create(api)
    await api.client.put(f"{PATH}/{mail['id']}/dependencies", json={"dependsOn": [hidden["id"]]})
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        edit = f"/monitors/{mail['id']}/edit"
        page = await browser.submit(await browser.open(edit), edit, draw="find", find="hidden")
        assert (offered(page), "Hidden router" in page.text) == ({}, False)
        assert (await browser.submit(await browser.open(edit), edit, name="Changed")).status == 200
    assert await parents(api, mail["id"]) == [hidden["id"]]
