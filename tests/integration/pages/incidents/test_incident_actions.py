"""What people do about an incident on its page, and who may do it."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.outages import Outage
from tests.integration.pages.browser import Browser, browsing_as
from tests.integration.pages.incidents.conftest import path_of


async def test_somebody_acknowledges_comments_and_resolves(api: Api, editor: Browser, burning: Outage) -> None:
    path = path_of(burning)
    page = await editor.submit(await editor.open(path), f"{path}/acknowledge", comment="I am on it")
    assert (page.status, page.path) == (200, path)
    assert "has it." in page.text
    assert "I am on it" in page.text
    page = await editor.submit(page, f"{path}/comment", comment="Restarted\npostfix")
    assert "Restarted" in page.text
    page = await editor.submit(page, f"{path}/resolve", reason="It was a test")
    assert "resolved it by hand" in page.text
    assert [form.action for form in page.forms if "incidents" in form.action] == [f"{path}/comment"]
    assert await api.value("SELECT array_agg(kind ORDER BY id) FROM incident_change") == [
        "opened",
        "acknowledged",
        "commented",
        "resolved",
    ]


async def test_a_second_acknowledgement_changes_nothing_but_keeps_its_comment(
    api: Api, editor: Browser, burning: Outage
) -> None:
    path = path_of(burning)
    page = await editor.open(path)
    await editor.submit(page, f"{path}/acknowledge")
    await editor.submit(page, f"{path}/acknowledge")
    assert await api.value("SELECT count(*) FROM incident_change WHERE kind = 'acknowledged'") == 1
    await editor.submit(page, f"{path}/acknowledge", comment="Me too")
    assert await api.value("SELECT array_agg(kind ORDER BY id) FROM incident_change") == [
        "opened",
        "acknowledged",
        "commented",
    ]


async def test_what_cannot_be_done_any_more_is_a_conflict_and_keeps_what_was_typed(
    editor: Browser, burning: Outage
) -> None:
    path = path_of(burning)
    page = await editor.open(path)
    await editor.submit(page, f"{path}/resolve", reason="over")
    for action, field in (("resolve", "reason"), ("acknowledge", "comment")):
        typed: dict[str, Any] = {field: "typed at night"}
        refused = await editor.submit(page, f"{path}/{action}", **typed)
        assert refused.status == 409
        assert "Somebody resolved this incident before you." in refused.text
        assert refused.form(f"{path}/comment").fields["comment"] == ["typed at night"]


@pytest.mark.parametrize(
    ("action", "values"),
    [
        pytest.param("comment", {"comment": ""}, id="empty"),
        pytest.param("resolve", {"reason": "  "}, id="only spaces"),
        pytest.param("comment", {"comment": "x" * 2001}, id="too long"),
        pytest.param("acknowledge", {"comment": "bell \x07"}, id="a control character"),
    ],
)
async def test_a_refused_text_stays_in_its_form(
    api: Api, editor: Browser, burning: Outage, action: str, values: dict[str, Any]
) -> None:
    path = path_of(burning)
    page = await editor.submit(await editor.open(path), f"{path}/{action}", **values)
    assert page.status == 400
    form = page.form(f"{path}/{action}").element
    assert "must be" in form.one("p", class_="problem").text
    assert form.one("textarea").attributes["aria-describedby"] == "problem"
    [typed] = values.values()
    assert form.one("textarea").text == typed.strip()
    assert await api.value("SELECT count(*) FROM incident_change") == 1


@pytest.mark.parametrize(
    ("following", "expected"),
    [("/incidents?state=open", "/incidents?state=open"), ("//evil.example/", "/"), ("https://evil.example/", "/")],
)
async def test_a_form_returns_to_a_path_of_ours(
    editor: Browser, burning: Outage, following: str, expected: str
) -> None:
    page = await editor.open("/incidents")
    done = await editor.submit(page, f"{path_of(burning)}/acknowledge", follow=False, next=following)
    assert (done.status, done.location) == (303, expected)


async def test_who_may_only_read_sees_no_buttons_and_is_refused(api: Api, burning: Outage) -> None:
    path = path_of(burning)
    async with browsing_as(api, Role.EDITOR) as editor:
        forms = {form.action: form for form in (await editor.open(path)).forms}
    for role in (Role.READONLY, Role.GLOBAL_SUPPORTER):
        customers = [api.customer] if role is Role.READONLY else None
        async with browsing_as(api, role, customers=customers) as reader:
            for page in (await reader.open("/incidents"), await reader.open(path)):
                assert page.status == 200
                assert not [form.action for form in page.forms if "/incidents/" in form.action]
            page = await reader.open(path)
            token = page.form("/logout").fields["_csrf_token"][0]
            for action, field in (("acknowledge", "comment"), ("comment", "comment"), ("resolve", "reason")):
                assert f"{path}/{action}" in forms
                answer = await reader.client.post(
                    f"{path}/{action}",
                    data={"_csrf_token": token, field: "x"},
                    headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
                )
                assert answer.status_code == 403, action
    assert await api.value("SELECT count(*) FROM incident_change") == 1


@pytest.mark.parametrize(
    "who",
    [
        pytest.param({"organization": "Strange"}, id="another organization"),
        pytest.param({"customers": "other"}, id="another customer"),
    ],
)
async def test_incidents_of_others_are_not_found(api: Api, burning: Outage, who: dict[str, Any]) -> None:
    if "customers" in who:
        who = {"customers": [api.other_customer]}
    async with browsing_as(api, Role.EDITOR, **who) as browser:
        assert (await browser.open("/incidents")).main.all("tr", data_item="") == []
        page = await browser.open("/incidents")
        token = page.form("/logout").fields["_csrf_token"][0]
        assert (await browser.open(path_of(burning))).status == 404
        assert (await browser.open(f"/incidents?monitor={burning.monitor['publicId']}")).status == 404
        assert (await browser.open(f"/incidents/unpaged?monitor={burning.monitor['publicId']}")).status == 404
        for action, field in (("acknowledge", "comment"), ("comment", "comment"), ("resolve", "reason")):
            answer = await browser.client.post(
                f"{path_of(burning)}/{action}",
                data={"_csrf_token": token, field: "x"},
                headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == 404, action
        if "customers" in who:
            assert (await browser.open(f"/incidents?customer={CUSTOMER}")).status == 404
    assert await api.value("SELECT count(*) FROM incident_change") == 1
