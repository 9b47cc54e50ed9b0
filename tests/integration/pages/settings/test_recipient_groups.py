"""The pages of recipient groups: who hears of what in words, and the forms."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import browsing_as

GROUPS = "/settings/recipient-groups"


@pytest.fixture(autouse=True)
async def _nothing_yet(api: Api) -> None:
    await api.value("DELETE FROM recipient_group")
    await api.value("DELETE FROM notification_channel")
    await api.value("DELETE FROM monitor")


async def channel(api: Api, name: str) -> int:
    answer = await api.client.post("/api/v3/recipients", json={"name": name, "recipient": "a@example.com"})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


async def stored(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.client.get("/api/v3/notifier-groups")).json()["results"]
    return found


async def test_a_group_is_made_changed_and_deleted_in_the_browser(api: Api) -> None:
    team, boss = await channel(api, "Team <b>"), await channel(api, "Boss")
    monitor = await api.create(name="Office mail")
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(GROUPS)
        assert "No group so far" in page.html
        page = await browser.open(f"{GROUPS}/new")
        assert "Team &lt;b&gt;" in page.html
        page = await browser.submit(
            page, f"{GROUPS}/new", name="Mail team", recipients=str(team), monitors=str(monitor["id"])
        )
        assert "The group is created." in page.html
        [made] = await stored(api)
        assert (made["name"], made["recipients"], made["is_default"]) == ("Mail team", [{"id": team}], False)
        (table,) = page.tables()
        assert table[1:] == [["Mail team", "Team <b>", "Office mail"]]
        path = page.links["Mail team"]
        page = await browser.submit(
            await browser.open(path), path, name="Night team", recipients=str(boss), is_default="on"
        )
        assert "The group is changed." in page.html
        [made] = await stored(api)
        assert (made["name"], made["is_default"]) == ("Night team", True)
        page = await browser.submit(await browser.open(f"{path}/delete"), f"{path}/delete")
        assert "The group is deleted." in page.html
    assert await stored(api) == []


async def test_a_form_with_a_mistake_is_shown_again(api: Api) -> None:
    await channel(api, "Team")
    await api.create(name="Office mail")
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(f"{GROUPS}/new"), f"{GROUPS}/new", name="Mail team")
    assert page.status == 400
    assert "must be a list of 1 to 1000" in page.html
    assert 'value="Mail team"' in page.html


async def test_two_people_do_not_replace_each_others_changes_unseen(api: Api) -> None:
    team = await channel(api, "Team")
    monitor = await api.create(name="Office mail")
    body = {"name": "Mail team", "monitors": [{"id": monitor["id"]}], "recipients": [{"id": team}]}
    number = (await api.client.post("/api/v3/notifier-groups", json=body)).json()["id"]
    async with browsing_as(api, Role.ADMIN) as browser:
        path = (await browser.open(GROUPS)).links["Mail team"]
        form = await browser.open(path)
        await api.client.patch(f"/api/v3/notifier-groups/{number}", json={"name": "Other team"})
        page = await browser.submit(form, path, name="Night team")
    assert page.status == 409
    assert "Stored now: Other team" in page.html
    assert (await stored(api))[0]["name"] == "Other team"


async def test_who_manages_no_channels_of_the_organization_may_not_see_it(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN, customers=[api.customer]) as browser:
        assert (await browser.open(GROUPS)).status == 403
    async with browsing_as(api, Role.USER) as browser:
        assert (await browser.open(GROUPS)).status == 403
