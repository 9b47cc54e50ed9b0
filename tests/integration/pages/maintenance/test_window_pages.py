"""The list, one window and its acts, and maintenance that begins at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.api.our_monitors.asking import create
from tests.integration.api.people import organization_of
from tests.integration.pages.browser import Browser, Page, browsing_as
from tests.integration.pages.maintenance.planning import NEW, plan

NOW = "/maintenance/now"


async def begun(browser: Browser, api: Api, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The path of a window that is under way, and its monitor."""
    monitor = await create(api, "smtp", name="Harbour mail")
    page = await browser.post(NOW, monitors=monitor["id"], minutes="60", follow=True, **fields)
    assert page.path.endswith("?done=begun"), page.text
    return page.path.partition("?")[0], monitor


async def act(browser: Browser, path: str, name: str, page: Page | None = None, **values: str) -> Page:
    page = page or await browser.open(path)
    form = next(one for one in page.forms if one.action == f"{path}/{name}" and values.items() <= _single(one.fields))
    fields: dict[str, Any] = {key: value[0] for key, value in form.fields.items()}
    return await browser.post(f"{path}/{name}", **{k: v for k, v in fields.items() if k != "_csrf_token"})


def _single(fields: dict[str, list[str]]) -> Any:
    return {name: value[0] for name, value in fields.items()}.items()


async def test_the_list_has_what_is_under_way_first(browser: Browser, api: Api) -> None:
    await plan(browser, name="Weekly")
    over = {"repeats": "once", "start_date": "2020-01-01", "end_date": "2020-01-01", "name": "Long ago"}
    await plan(browser, **over)
    path, _ = await begun(browser, api)
    page = await browser.open("/maintenance")
    assert page.headings == ["Maintenance", "Under way", "Coming", "Over or disabled"]
    under_way, coming, past = (one.text for one in page.main.all("table"))
    assert "Maintenance of Harbour mail" in under_way
    assert "End now" in under_way
    assert "every Tuesday from 02:00 to 04:00, Europe/Berlin" in coming
    assert "never again" in past
    ended = await browser.post(f"{path}/end", next="/maintenance?done=ended")
    assert ended.headings == ["Maintenance", "Coming", "Over or disabled"]
    for query, names in (("?state=coming", ["Weekly"]), ("?q=AGO", ["Long ago"])):
        page = await browser.open(f"/maintenance{query}")
        assert [one.text for one in page.main.all("a", data_open="")] == names
    assert (await browser.open("/maintenance?state=none")).status == 400


async def test_it_is_prolonged_ended_and_started(browser: Browser, api: Api) -> None:
    path, _ = await begun(browser, api)
    before = await api.value("SELECT to_at FROM maintenance_occurrence")
    page = await act(browser, path, "prolong", minutes="15")
    assert "The end has been moved" in page.text
    assert (await api.value("SELECT to_at FROM maintenance_occurrence") - before).total_seconds() == 900
    refused = await browser.post(f"{path}/prolong", until_date="2020-01-01", until_time="02:00")
    assert (refused.status, "until must be in the future" in refused.text) == (400, True)
    assert refused.main.one("input", id="until_date").attributes["value"] == "2020-01-01"
    assert (await browser.post(f"{path}/prolong", until_date="x")).status == 400
    assert "Maintenance has ended" in (await act(browser, path, "end")).text
    again = await browser.post(f"{path}/end")
    assert (again.status, "The window is not under way" in again.text) == (409, True)
    weekly = await plan(browser)
    assert (await browser.post(f"{weekly}/start")).status in (200, 400)


async def test_its_page_says_what_when_and_for_which_monitors(browser: Browser, api: Api) -> None:
    await create(api, "imap", name="Harbour box")
    path = await plan(browser, start_date="2027-10-19", end_date="2027-10-19", days=["SU"], start_time="01:00")
    page = await browser.open(path)
    assert "1 monitor" in page.headings
    assert page.links["Harbour box"].startswith("/monitors/")
    assert "Sun 31 Oct 2027 01:00 +02:00 to Sun 31 Oct 2027 04:00 +01:00 , 4 h 1 h longer" in page.text
    assert page.text.count("Nov 2027 01:00") == 3


async def test_it_is_disabled_enabled_and_deleted(browser: Browser, api: Api) -> None:
    path, monitor = await begun(browser, api)
    page = await act(browser, path, "disable")
    assert "It does nothing until somebody enables it" in page.text
    assert await api.value("SELECT count(*) FROM monitor_in_maintenance") == 0
    assert "is enabled" in (await act(browser, path, "enable")).text
    path = (await browser.post(NOW, monitors=monitor["id"])).path.partition("?")[0]
    asked = await browser.open(f"{path}/delete")
    assert "maintenance of 1 monitor ends at once" in asked.text
    deleted = await browser.submit(asked, f"{path}/delete")
    assert deleted.path == "/maintenance?done=deleted"
    assert (await browser.open(path)).status == 404


async def test_what_was_stays_on_its_page(browser: Browser, api: Api) -> None:
    path, _ = await begun(browser, api)
    await api.value("UPDATE maintenance_time SET from_at = from_at - interval '2 hours'")
    await act(browser, path, "end")
    assert "2 h, 1 monitor" in (await browser.open(path)).text


async def test_a_window_that_is_a_status_is_named_so_and_ends_with_it(api: Api) -> None:
    monitor = await create(api, "smtp", name="Harbour mail")
    async with browsing_as(api, Role.EDITOR) as browser:
        await browser.post(f"/monitors/{monitor['id']}/begin-maintenance")
        page = await browser.open("/maintenance")
        assert "a monitor's status" in page.text
        path = next(one.attributes["href"] for one in page.main.all("a", data_open=""))
        shown = await browser.open(path)
        assert "Change" not in shown.links
        ended = await act(browser, path, "end", shown)
    assert "Maintenance has ended" in ended.text
    assert await api.value("SELECT count(*) FROM maintenance_window") == 0


async def test_maintenance_of_what_a_filter_matches(browser: Browser, api: Api) -> None:
    for number in (1, 2):
        await create(api, "smtp", name=f"Team {number}", labels={"team": "post"})
    await create(api, "smtp", name="Other")
    page = await browser.post(f"{NOW}?label=team:post", all="on", minutes="30", next="/?done=begin")
    assert page.path.startswith("/?")
    assert await api.value("SELECT name FROM maintenance_window") == "Maintenance of 2 monitors"
    assert await api.value("SELECT count(*) FROM monitor_in_maintenance") == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "monitors must be at least one"),
        ({"monitors": str(UUID(int=1))}, "monitors must be monitors that you may see"),
        ({"monitors": "1"}, "monitors must be chosen from the list"),
        ({"all": "on"}, "monitors must be at least one"),
        ({"minutes": "0"}, "minutes must be a number of minutes from 1 to 44640"),
        ({"effect": "loud"}, "effect must be one of silence, suspend"),
    ],
)
async def test_maintenance_at_once_refuses(browser: Browser, fields: dict[str, Any], said: str) -> None:
    page = await browser.post(NOW, **fields)
    assert (page.status, said in page.text) == (400, True), page.text


async def test_a_supporter_looks_and_does_nothing(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        path, _ = await begun(browser, api)
    async with browsing_as(api, Role.GLOBAL_SUPPORTER) as browser:
        organization = f"?organizationId={await organization_of(api, 'Ours')}"
        for shown in ("/maintenance", path, "/maintenance/calendar"):
            page = await browser.open(f"{shown}{organization}")
            assert page.status == 200, page.text
            assert not [one for one in page.forms if one.method == "post" and one.action != "/logout"]
            assert NEW not in page.links.values()
        assert (await browser.open(f"{NEW}{organization}")).status == 403


async def test_who_sees_one_customer_plans_for_its_monitors(api: Api) -> None:
    await create(api, "smtp", name="Own")
    number = await api.value("SELECT customer_id FROM monitor WHERE name = 'Own' AND deleted_at IS NULL")
    async with browsing_as(api, Role.EDITOR) as browser:
        everybody = await plan(browser, name="Of all")
    async with browsing_as(api, Role.READONLY, customers=[number]) as browser:
        own = await plan(browser, name="Of the customer")
        page = await browser.open("/maintenance")
        assert "Of the customer" in page.text
        assert "Of all" not in page.text
        assert "every monitor of its customer" in page.text
        assert (await browser.open(own)).status == 200
        assert (await browser.open(everybody)).status == 404
