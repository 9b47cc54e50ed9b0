"""Channels that are notified of changes of servers: their form, their page, and the way there."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import Browser, Page, browsing_as

LIST = "/settings/channels"
NEW = f"{LIST}/new"
BOXES = {"certificate_changed", "starttls_vanished", "interception_suspected", "other_fact_changed"}


async def made_with(browser: Browser, **boxes: Any) -> Page:
    form = await browser.open(f"{NEW}?type=email")
    assert "Tell this channel also when …" in form.text
    assert form.form(NEW).names >= BOXES
    return await browser.submit(form, NEW, name="Changes", to="a@example.net", **boxes)


async def stored(api: Api, path: str) -> list[str]:
    names: list[str] = await api.value(
        "SELECT fact_changes FROM notification_channel WHERE public_id = $1::text::uuid", path.rpartition("/")[2]
    )
    return names


async def test_a_new_channel_is_notified_of_no_change(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        made = await made_with(browser)
    assert await stored(api, made.path.partition("?")[0]) == []
    assert "Also when" not in made.text


async def test_a_subscription_is_made_kept_by_other_changes_and_cleared(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        made = await made_with(browser, certificate_changed="on", starttls_vanished="on")
        one = made.path.partition("?")[0]
        assert "and changes of servers" in (await browser.open(LIST)).text
        assert "Also when The certificate changed; STARTTLS vanished, everywhere or in one country" in made.text
        edit = await browser.open(f"{one}/edit")
        assert BOXES & edit.form(f"{one}/edit").fields.keys() == {"certificate_changed", "starttls_vanished"}
        renamed = await browser.submit(edit, f"{one}/edit", name="Renamed")
        assert await stored(api, one) == ["certificate_changed", "starttls_vanished"]
        edit = await browser.open(f"{one}/edit")
        cleared = await browser.submit(edit, f"{one}/edit", certificate_changed="", starttls_vanished="")
    assert ("Also when" in renamed.text, "Also when" in cleared.text) == (True, False)
    assert await stored(api, one) == []


async def test_boxes_stay_as_ticked_when_another_field_is_wrong(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        refused = await made_with(browser, interception_suspected="on", delay="soon")
    assert refused.status == 400
    assert BOXES & refused.form(NEW).fields.keys() == {"interception_suspected"}


@pytest.mark.parametrize(("role", "offered"), [(Role.ADMIN, True), (Role.EDITOR, False), (Role.READONLY, False)])
async def test_the_feed_of_changes_leads_to_channels_for_those_who_manage_them(
    api: Api, role: Role, offered: bool
) -> None:
    async with browsing_as(api, role) as browser:
        page = await browser.open("/changes")
    assert ("Be notified of changes" in page.links) is offered
