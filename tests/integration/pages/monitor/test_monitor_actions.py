"""Switch a monitor off and on, keep it quiet, delete it: from its page."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.api.our_monitors.asking import PATH, create
from tests.integration.pages.browser import browsing_as


async def state(api: Api, monitor: dict[str, Any]) -> Any:
    return await api.value("SELECT set_status(id, status) FROM monitor WHERE public_id = $1::text::uuid", monitor["id"])


@pytest.mark.parametrize(
    ("before", "act", "after", "words"),
    [
        ({}, "disable", "disabled", "The monitor is disabled"),
        ({"enabled": False}, "enable", "active", "The monitor is enabled"),
        ({}, "begin-maintenance", "maintenance", "Maintenance has begun"),
        ({"inMaintenance": True}, "end-maintenance", "active", "Maintenance has ended"),
        ({"inMaintenance": True}, "disable", "disabled", "The monitor is disabled"),
    ],
)
async def test_a_button_changes_the_status_and_the_page_says_so(
    api: Api, before: dict[str, Any], act: str, after: str, words: str
) -> None:
    made = await create(api, "smtp", **before)
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"/monitors/{made['id']}")
        done = await browser.submit(page, f"/monitors/{made['id']}/{act}")
    assert words in done.text
    assert await state(api, made) == after


async def test_a_disabled_monitor_offers_to_enable_it_and_nothing_that_makes_no_difference(api: Api) -> None:
    made = await create(api, "smtp", enabled=False)
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"/monitors/{made['id']}")
    actions = {form.action.rpartition("/")[2] for form in page.forms}
    assert "enable" in actions
    assert not {"disable", "begin-maintenance", "end-maintenance"} & actions


async def test_a_disabled_monitor_stays_so_when_maintenance_begins(api: Api) -> None:
    made = await create(api, "smtp", enabled=False)
    async with browsing_as(api, Role.EDITOR) as browser:
        await browser.post(f"/monitors/{made['id']}/begin-maintenance", follow=False)
    assert await state(api, made) == "disabled"


async def test_deleting_says_what_goes_before_anything_does(api: Api) -> None:
    made = await create(api, "smtp", project="terraform", externalKey="mx")
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"/monitors/{made['id']}")
        asked = await browser.open(page.links["Delete …"])
        for words in ("no location checks it", "History:", "Incidents:", "Notifications:", "in the project terraform"):
            assert words in asked.text
        assert (await api.client.get(f"{PATH}/{made['id']}")).status_code == 200
        done = await browser.submit(asked, f"/monitors/{made['id']}/delete")
        assert "The monitor is deleted." in done.text
        assert (await browser.open(f"/monitors/{made['id']}")).status == 404
        again = await browser.post(f"/monitors/{made['id']}/delete", follow=False)
        assert again.status == 404
    assert (await api.client.get(f"{PATH}/{made['id']}")).status_code == 404


async def test_the_page_of_deletion_offers_to_disable_instead(api: Api) -> None:
    made = await create(api, "smtp")
    async with browsing_as(api, Role.EDITOR) as browser:
        asked = await browser.open(f"/monitors/{made['id']}/delete")
        done = await browser.submit(asked, f"/monitors/{made['id']}/disable")
    assert "The monitor is disabled" in done.text
    assert await state(api, made) == "disabled"


async def test_words_in_the_address_are_not_shown(api: Api) -> None:
    made = await create(api, "smtp")
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"/monitors/{made['id']}?done=You+won")
    assert "You won" not in page.html
