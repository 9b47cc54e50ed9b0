"""The page of the audit log: entries newest first, their filters in the address, and what each changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.model import Role
from controller.pages.settings.audit.view import changes_of
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import Browser, browsing_as

LOG = "/settings/audit"


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.ADMIN) as opened:
        yield opened


async def rename(api: Api, monitor: str, *names: str) -> None:
    for name in names:
        answer = await api.client.patch(f"/api/v1/monitors/{monitor}", json={"name": name})
        assert answer.status_code == 200, answer.text


async def test_an_entry_says_who_did_what_from_where_and_what_was_before(api: Api, browser: Browser) -> None:
    made = await api.create(smtpConfig={"smtpUsername": "u", "smtpPassword": "geheim"})
    await rename(api, made["publicId"], "Another name")
    page = await browser.open(LOG)
    (table,) = page.tables()
    when, who, what, changes = table[1]
    assert when.endswith("UTC")
    assert (who, what) == ("test API token from 127.0.0.1", "monitor changed Another name history of Another name")
    assert changes == "name : Outbound SMTP → Another name"
    assert page.links["Another name"] == f"/monitors/{made['publicId']}"
    assert "geheim" not in page.html


async def test_filters_are_in_the_address_and_stay_in_the_form(api: Api, browser: Browser) -> None:
    made = await api.create()
    await rename(api, made["publicId"], "One", "Two")
    page = await browser.open(f"{LOG}?action=monitor.created&kind=monitor&actor=test&from=&to=")
    assert all("monitor created" in row[2] for row in page.tables()[0][1:])
    assert page.form(LOG).fields["action"] == ["monitor.created"]
    history = await browser.open(f"{LOG}?object={made['publicId']}")
    assert [row[2].split(" history")[0] for row in history.tables()[0][1:]] == [
        "monitor changed Two",
        "monitor changed One",
        "monitor created Outbound SMTP",
    ]
    assert history.form(LOG).fields["object"] == [made["publicId"]]
    assert "No entry is like that." in (await browser.open(f"{LOG}?from=2001-01-01&to=2001-01-02")).text


async def test_a_text_is_searched_for_in_who_what_and_the_name(api: Api, browser: Browser) -> None:
    made = await api.create()
    await rename(api, made["publicId"], "Post 100% <b>", "Two")
    page = await browser.open(f"{LOG}?q=post+100%25+%3Cb")
    (found,) = page.tables()[0][1:]
    assert found[2].startswith("monitor changed Post 100% <b>")
    assert page.form(LOG).fields["q"] == ["post 100% <b"]
    both = await browser.open(f"{LOG}?q=monitor+changed&object={made['publicId']}")
    assert len(both.tables()[0]) - 1 == 2
    assert "No entry is like that." in (await browser.open(f"{LOG}?q=100_")).text


async def test_it_is_read_page_by_page(api: Api, browser: Browser) -> None:
    made = await api.create()
    await rename(api, made["publicId"], *(f"N{number}" for number in range(60)))
    first = await browser.open(f"{LOG}?object={made['publicId']}")
    second = await browser.open(first.links["Older"])
    assert [len(page.tables()[0]) - 1 for page in (first, second)] == [50, 11]
    assert "Older" not in second.links
    assert second.links["Newest"] == f"{LOG}?object={made['publicId']}"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("to=9999-12-31", "to"),
        ("action=eaten", "action"),
        ("kind=cake", "kind"),
        (f"q={'x' * 321}", "q"),
    ],
)
async def test_a_wrong_filter_is_named_beside_its_field(browser: Browser, query: str, field: str) -> None:
    page = await browser.open(f"{LOG}?{query}")
    assert (page.status, page.id(f"wrong-{field}").text[:4]) == (400, "must")


async def test_entries_of_the_installation_are_for_those_who_run_it(api: Api, browser: Browser) -> None:
    await api.value(
        "INSERT INTO audit (actor_kind, actor_name, action, object_kind, object_id, object_name)"
        " VALUES ('command', 'root', 'location.added', 'location', 'de-nbg', 'Nuremberg')"
    )
    assert "Nuremberg" in (await browser.open(f"{LOG}?kind=location")).text
    async with browsing_as(api, Role.ADMIN, organization="Strange") as stranger:
        assert "Nuremberg" not in (await stranger.open(LOG)).text


@pytest.mark.parametrize("role", [Role.EDITOR, Role.READONLY])
async def test_who_is_no_administrator_does_not_read_it(api: Api, role: Role) -> None:
    async with browsing_as(api, role, customers=[api.customer]) as other:
        assert (await other.open(LOG)).status == 403
        assert "Audit log" not in (await other.open("/settings")).text


def test_nested_fields_are_named_in_words() -> None:
    found = changes_of({"config": {"user": "a", "tls": True}}, {"config": {"user": "b"}, "labels": {}})
    assert [(one.field, one.before, one.after) for one in found] == [
        ("user", "a", "b"),
        ("tls", "true", ""),
        ("label", "", "{}"),
    ]
