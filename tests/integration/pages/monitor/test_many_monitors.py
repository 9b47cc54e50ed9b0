"""One change of all monitors of a list: it is shown before it happens, and what was shown is what is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.our_monitors.asking import PATH, create
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import Browser, Page, browsing_as

MANY = "/monitors/many"
TEAM = "/monitors/many?label=team:post"


@pytest.fixture(autouse=True)
async def monitors(api: Api) -> list[dict[str, Any]]:
    """Three of a team, one of which is disabled, and one of nobody."""
    await make_locations(api)
    await api.value("UPDATE monitor SET deleted_at = now()")
    team = [
        await create(api, "smtp", name=f"Of the team {number}", labels={"team": "post"}, enabled=number != 3)
        for number in (1, 2, 3)
    ]
    return [*team, await create(api, "imap", name="Of nobody")]


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.EDITOR) as browser:
        yield browser


async def stored(api: Api, monitor: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{monitor['id']}")
    shown: dict[str, Any] = answer.json()
    return shown


def choosing(page: Page) -> int:
    """The place of the form that chooses what to do; a preview has one before it."""
    return len([form for form in page.forms if form.action.startswith(MANY)]) - 1


async def send(browser: Browser, page: Page, number: int, **values: Any) -> Page:
    form = [form for form in page.forms if form.action.startswith(MANY)][number]
    answer = await browser.client.post(
        form.action,
        data={**form.fields, **values},
        headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    return Page(answer)


async def preview(browser: Browser, path: str, **values: Any) -> Page:
    page = await browser.open(path)
    assert page.status == 200
    return await send(browser, page, 0, **values)


async def test_the_list_leads_to_the_page_with_its_filter(browser: Browser) -> None:
    page = await browser.open("/?label=team:post")
    link = page.links["Change these 3 monitors …"]
    assert link == TEAM
    many = await browser.open(link)
    assert "3 monitors with label team:post" in many.text


async def test_it_says_what_will_happen_and_then_does_it(
    api: Api, browser: Browser, monitors: list[dict[str, Any]]
) -> None:
    page = await preview(browser, TEAM, act="disable")
    shown = page.id("preview").text
    assert "2 monitors : Nothing is checked until somebody enables them" in shown
    assert "Of the team 1" in shown
    assert "Of the team 3" not in shown
    assert "1 monitor stays as it is" in shown
    assert (await stored(api, monitors[0]))["enabled"] is True
    done = await send(browser, page, 0)
    said = done.id("done")
    assert "Done: 2 monitors disabled . Nothing was to change at 1 other monitor." in said.text
    assert [link.text for link in said.all("a")][1:] == ["Of the team 1", "Of the team 2", "Of the team 3"]
    found = await browser.open(said.all("a")[0].attributes["href"])
    assert all(f"Of the team {number}" in found.text for number in (1, 2, 3))
    assert [(await stored(api, one))["enabled"] for one in monitors] == [False, False, False, True]


@pytest.mark.parametrize(
    ("values", "field", "after", "words"),
    [
        ({"act": "enable"}, "enabled", [True, True, True, True], "1 monitor enabled"),
        (
            {"act": "begin-maintenance"},
            "inMaintenance",
            [True, True, False, False],
            "2 monitors put into maintenance",
        ),
        (
            {"act": "notify-nobody"},
            "notifyOnError",
            [False, False, False, True],
            "3 monitors changed: nobody is notified of their incidents",
        ),
        (
            {"act": "interval", "interval": "420"},
            "interval",
            [420, 420, 420, 1800],
            "3 monitors changed: checked every 7 min",
        ),
        (
            {"act": "countries", "countries": ["FI"]},
            "countries",
            [["FI"], ["FI"], ["FI"], None],
            "3 monitors changed: checked from FI",
        ),
        (
            {"act": "label", "label": "env: prod"},
            "labels",
            [{"env": "prod", "team": "post"}, {"env": "prod", "team": "post"}, {"env": "prod", "team": "post"}, {}],
            "3 monitors labelled env: prod",
        ),
        ({"act": "unlabel", "key": "team"}, "labels", [{}, {}, {}, {}], "3 monitors changed: label team removed"),
    ],
    ids=lambda value: value.get("act") if isinstance(value, dict) else "",
)
async def test_each_act(
    api: Api,
    browser: Browser,
    monitors: list[dict[str, Any]],
    values: dict[str, Any],
    field: str,
    after: list[Any],
    words: str,
) -> None:
    page = await preview(browser, TEAM, **values)
    done = await send(browser, page, 0)
    assert f"Done: {words} ." in done.text
    found = await browser.open(done.id("done").all("a")[0].attributes["href"])
    for link in done.id("done").all("ul")[0].all("a"):
        assert link.text in found.text
    assert [(await stored(api, one))[field] for one in monitors] == after


async def test_deleting_many_says_that_it_cannot_be_undone(
    api: Api, browser: Browser, monitors: list[dict[str, Any]]
) -> None:
    page = await preview(browser, TEAM, act="delete")
    assert "Nobody can bring them back" in page.id("preview").text
    done = await send(browser, page, 0)
    assert "Done: 3 monitors deleted ." in done.text
    assert "Of the team 2" in done.id("done").text
    assert done.id("done").all("a") == []
    found = [(await api.client.get(f"{PATH}/{one['id']}")).status_code for one in monitors]
    assert found == [404, 404, 404, 200]


async def test_when_other_monitors_match_meanwhile_nothing_is_done_and_it_is_shown_again(
    api: Api, browser: Browser, monitors: list[dict[str, Any]]
) -> None:
    page = await preview(browser, TEAM, act="disable")
    late = await create(api, "smtp", name="Late", labels={"team": "post"})
    again = await send(browser, page, 0)
    assert again.status == 409
    assert "Nothing was done" in again.text
    assert "Late" in again.id("preview").text
    assert (await stored(api, monitors[0]))["enabled"] is True
    await send(browser, again, 0)
    assert (await stored(api, late))["enabled"] is False


async def test_what_is_so_already_has_no_button(browser: Browser) -> None:
    page = await preview(browser, f"{TEAM}&state=disabled", act="disable")
    assert "Nothing: it is so already." in page.text
    assert choosing(page) == 0


async def test_a_monitor_that_cannot_be_changed_so_is_named_and_nothing_is_done(api: Api, browser: Browser) -> None:
    await create(api, "smtp", name="Slow", labels={"team": "post"}, interval=300, timeout=200)
    page = await preview(browser, TEAM, act="interval", interval="60")
    assert "Slow : timeout must not be longer than the interval" in page.id("preview").text
    assert choosing(page) == 0


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"act": "interval", "interval": "5"}, "interval", "must be from 10 to 86400"),
        ({"act": "interval", "interval": "often"}, "interval", "must be a number of seconds"),
        ({"act": "countries", "countries": []}, "countries", "must hold at least one country"),
        ({"act": "label", "label": ""}, "label", "must have keys"),
        ({"act": "unlabel", "key": "a:b"}, "key", "must have keys"),
        ({"act": "explode"}, "act", "must be one of the list"),
    ],
)
async def test_a_wrong_value_is_named_at_its_field(
    browser: Browser, values: dict[str, Any], field: str, words: str
) -> None:
    page = await preview(browser, TEAM, **values)
    assert page.status == 400
    assert words in page.id(f"wrong-{field}").text


async def test_without_a_filter_it_says_that_all_are_meant(browser: Browser) -> None:
    page = await browser.open(MANY)
    assert "that you may see, because the list was not filtered" in page.text


async def test_only_monitors_of_ones_own_customers_are_meant(api: Api) -> None:
    other = await create(api, "smtp", customerId=OTHER_CUSTOMER, name="Elsewhere", labels={"team": "post"})
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        page = await preview(browser, TEAM, act="disable")
        assert "Elsewhere" not in page.text
        await send(browser, page, 0)
        refused = await browser.open(f"{MANY}?customer={OTHER_CUSTOMER}")
        assert refused.status == 400
        assert (await browser.open(f"{MANY}?customer={CUSTOMER}")).status == 200
    assert (await stored(api, other))["enabled"] is True


async def test_who_may_change_only_the_status_is_offered_no_more(api: Api, monitors: list[dict[str, Any]]) -> None:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(TEAM)
        offered = [each.attributes["value"] for each in page.main.all("input", type="radio")]
        assert offered == ["disable", "enable", "begin-maintenance", "end-maintenance"]
        assert (await send(browser, page, 0, act="delete")).status == 403
        assert (await send(browser, page, 0, act="label", label="x")).status == 403
        await send(browser, await preview(browser, TEAM, act="disable"), 0)
    assert (await stored(api, monitors[0]))["enabled"] is False
    async with browsing_as(api, Role.GLOBAL_SUPPORTER) as browser:
        assert "Change these" not in (await browser.open("/?label=team:post")).text


async def test_all_that_match_are_put_into_maintenance_for_a_while(api: Api, browser: Browser) -> None:
    page = await browser.open(TEAM)
    offered = page.id("for-a-while")
    assert offered.one("button").text == "Begin maintenance of 3 monitors"
    form = next(form for form in page.forms if form.action == offered.one("form").attributes["action"])
    fields = {**form.fields, "minutes": "240"}
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    begun = await browser.client.post(form.action, data=fields, headers=headers)
    assert begun.status_code == 303, begun.text
    lasting = await api.value(
        "SELECT array_agg(extract(epoch FROM until - since)::int) FROM monitor_in_maintenance"
        " JOIN monitor ON monitor.id = monitor_id WHERE deleted_at IS NULL AND effect = 'silence'"
    )
    assert lasting == [4 * 3600] * 2, "the disabled one stays disabled"


async def test_labels_filter_the_list(browser: Browser) -> None:
    assert "Of nobody" not in (await browser.open("/?label=team:post")).text
    assert "Of the team 1" in (await browser.open("/?label=team")).text
    assert "No monitor matches" in (await browser.open("/?label=team:other")).text
    assert "No monitor matches" in (await browser.open("/?label=team&label=missing&sort=uptime")).text
    assert "Of the team 1" in (await browser.open("/?label=team&sort=uptime")).text
    assert (await browser.open("/?label=%00")).status == 400
    shown = await browser.open("/?label=team:post&label=team")
    assert shown.form("/").fields["label"] == ["team:post", "team"]
