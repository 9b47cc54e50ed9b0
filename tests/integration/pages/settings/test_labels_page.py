"""The page of labels and saved filters, and the renaming and removal of a label on all monitors that have it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from controller.model import Role
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.pages.browser import Browser, Page, browsing_as

LABELS = "/settings/labels"
RENAME, REMOVE = f"{LABELS}/rename", f"{LABELS}/remove"


@pytest.fixture(autouse=True)
async def _nothing_yet(api: Api) -> None:
    await api.value("DELETE FROM saved_filter")
    await api.value("DELETE FROM monitor")


async def labelled(api: Api, *each: dict[str, str], **fields: Any) -> list[str]:
    """Monitors with these labels."""
    ids = []
    for labels in each:
        made = await api.create(**fields)
        answer = await api.client.patch(f"/api/v1/monitors/{made['publicId']}", json={"labels": labels})
        assert answer.status_code == 200, answer.text
        ids.append(made["publicId"])
    return ids


async def labels_of(api: Api, monitor: str) -> Any:
    return await api.value("SELECT labels FROM monitor WHERE public_id = $1::text::uuid", monitor)


async def confirm(browser: Browser, page: Page, path: str) -> Page:
    form = next(form for form in page.forms if form.method == "post" and form.action == path)
    return await browser.post(
        path, follow=False, **{name: one[0] for name, one in form.fields.items() if name[0] != "_"}
    )


async def test_it_shows_each_label_with_its_values_and_where_they_lead(api: Api) -> None:
    await labelled(api, {"team": "post", "critical": ""}, {"team": "post"}, {"team": "web & mail"})
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(LABELS)
    assert page.status == 200
    (table,) = page.tables()
    assert table[1:] == [
        ["critical 1 monitor", "without a value 1 monitor"],
        ["team 3 monitors", "post 2 monitors web & mail 1 monitor"],
    ]
    assert page.links["team"] == "/?label=team"
    assert page.links["web & mail"] == f"/?label=team:{quote('web & mail').replace('%20', '+')}"
    assert "/settings/labels/remove" not in page.html


async def test_labels_of_other_customers_are_not_shown(api: Api) -> None:
    await labelled(api, {"secret": "project"}, customerId=OTHER_CUSTOMER)
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        assert "secret" not in (await browser.open(LABELS)).text


async def test_a_rename_says_what_will_happen_and_keeps_the_values(api: Api) -> None:
    first, second, other = await labelled(api, {"team": "post"}, {"team": "web", "x": "1"}, {"x": "2"})
    async with browsing_as(api, Role.EDITOR) as browser:
        form = await browser.open(f"{RENAME}?key=team")
        told = await browser.submit(form, RENAME, new_key="group")
        assert "team becomes group on 2 monitors" in told.text
        assert await labels_of(api, first) == {"team": "post"}
        done = await confirm(browser, told, RENAME)
        assert (done.status, done.location) == (303, f"{LABELS}?done=renamed")
    assert [await labels_of(api, one) for one in (first, second, other)] == [
        {"group": "post"},
        {"x": "1", "group": "web"},
        {"x": "2"},
    ]


async def test_one_value_is_renamed_alone(api: Api) -> None:
    first, second = await labelled(api, {"team": "post"}, {"team": "web"})
    async with browsing_as(api, Role.EDITOR) as browser:
        told = await browser.open(f"{RENAME}?key=team&value=post&new_key=team&new_value=mail")
        assert "team with the value post becomes team with the value mail on 1 monitor" in told.text
        assert (await confirm(browser, told, RENAME)).status == 303
    assert [await labels_of(api, one) for one in (first, second)] == [{"team": "mail"}, {"team": "web"}]


async def test_a_rename_that_would_lose_a_value_is_refused_and_names_the_monitor(api: Api) -> None:
    (first,) = await labelled(api, {"team": "post", "group": "web"})
    async with browsing_as(api, Role.EDITOR) as browser:
        told = await browser.open(f"{RENAME}?key=team&new_key=group")
        assert "must not have group already, with the value web" in told.text
        assert f"/monitors/{first}" in told.links.values()
        assert not [form for form in told.forms if form.method == "post" and form.action == RENAME]


@pytest.mark.parametrize("name", ["a:b", "x" * 51, "team"])
async def test_a_wrong_new_name_is_named_beside_it(api: Api, name: str) -> None:
    await labelled(api, {"team": "post"})
    async with browsing_as(api, Role.EDITOR) as browser:
        answer = await browser.submit(await browser.open(f"{RENAME}?key=team"), RENAME, new_key=name)
    assert (answer.status, answer.id("wrong-new_key").text[:4]) == (400, "must")
    assert next(form for form in answer.forms if form.action == RENAME).fields["new_key"] == [name]


async def test_a_removal_is_refused_when_other_monitors_have_it_meanwhile(api: Api) -> None:
    (first,) = await labelled(api, {"team": "post"})
    async with browsing_as(api, Role.EDITOR) as browser:
        told = await browser.open(f"{REMOVE}?key=team")
        (second,) = await labelled(api, {"team": "web"})
        again = await confirm(browser, told, REMOVE)
        assert (again.status, "have changed meanwhile" in again.text) == (409, True)
        assert await labels_of(api, first) == {"team": "post"}
        assert (await confirm(browser, again, REMOVE)).location == f"{LABELS}?done=removed"
    assert [await labels_of(api, one) for one in (first, second)] == [{}, {}]


async def test_as_many_other_monitors_are_not_those_that_were_shown(api: Api) -> None:
    (first,) = await labelled(api, {"team": "post"})
    async with browsing_as(api, Role.EDITOR) as browser:
        told = await browser.open(f"{REMOVE}?key=team")
        await api.value("UPDATE monitor SET labels = '{}' WHERE public_id = $1::text::uuid", first)
        (second,) = await labelled(api, {"team": "web"})
        assert (await confirm(browser, told, REMOVE)).status == 409
    assert await labels_of(api, second) == {"team": "web"}


async def test_who_may_only_read_changes_no_label(api: Api) -> None:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        assert (await browser.open(f"{RENAME}?key=team")).status == 403
        assert (await browser.post(REMOVE, key="team", any_value="on", drawn="0")).status == 403


async def test_the_page_of_a_monitor_links_its_labels(api: Api) -> None:
    (first,) = await labelled(api, {"team": "post", "critical": ""})
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"/monitors/{first}")
    assert (page.links["team: post"], page.links["critical"]) == ("/?label=team:post", "/?label=critical:")


async def test_a_filter_is_saved_from_the_overview_and_shown_above_the_list(api: Api) -> None:
    await api.create()
    async with browsing_as(api, Role.EDITOR) as browser:
        assert "Save this filter" not in (await browser.open("/")).text
        page = await browser.open("/?state=down&sort=name")
        done = await browser.submit(page, "/settings/saved-filters", follow=False, name="All that is down")
        assert (done.status, done.location) == (303, "/?state=down&sort=name")
        shown = await browser.open(done.location)
        assert shown.links["All that is down"] == "/?state=down&sort=name"
        assert "Save this filter" not in shown.text
    async with browsing_as(api, Role.ADMIN) as other:
        assert "All that is down" not in (await other.open("/")).text


async def test_a_wrong_filter_comes_back_as_it_was_typed(api: Api) -> None:
    await api.create()
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/?state=down")
        await browser.submit(page, "/settings/saved-filters", name="Down")
        again = await browser.submit(page, "/settings/saved-filters", name="Down", shared="")
        assert (again.status, again.id("wrong-name").text) == (400, "is that of another saved filter")
        assert again.form("/settings/saved-filters").fields["query"] == ["state=down"]


async def test_a_saved_filter_is_renamed_shared_and_deleted(api: Api) -> None:
    await api.create()
    async with browsing_as(api, Role.EDITOR) as browser, browsing_as(api, Role.USER) as other:
        await browser.post("/settings/saved-filters", name="Down", query="state=down")
        path = (await browser.open(LABELS)).links["Change Down"]
        done = await browser.submit(await browser.open(path), path, follow=False, name="Broken", shared="on")
        assert done.location == f"{LABELS}?done=filter"
        assert "Broken" in (await other.open("/")).links
        told = await browser.open(f"{path}/delete")
        assert "of everybody in the organization" in told.text
        gone = await browser.submit(told, f"{path}/delete")
        assert "The saved filter is deleted." in gone.text
        assert "Broken" not in (await other.open("/")).links


async def test_who_may_not_share_has_no_box_for_it_and_is_refused(api: Api) -> None:
    await api.create()
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        form = (await browser.open("/?state=down")).form("/settings/saved-filters")
        assert "shared" not in form.names
        refused = await browser.post("/settings/saved-filters", name="N", query="state=down", shared="on")
        assert refused.status == 403
