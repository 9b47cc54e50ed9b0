"""Global roles choose the organization of their pages; the choice never reaches the API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from litestar import Router, get

from controller.decisions.access import Permission
from controller.http.auth import FOR_PEOPLE, PERMISSION
from controller.http.services import GivenPrincipal
from controller.model import Role
from controller.pages.shell.errors import HANDLERS
from tests.integration.api.conftest import Api
from tests.integration.api.people import organization_of
from tests.integration.pages.browser import FRAGMENT, Browser, Page, browsing, browsing_as


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.GLOBAL_ADMIN) as browser:
        yield browser


async def test_a_global_admin_chooses_once_and_sees_the_choice(api: Api, admin: Browser) -> None:
    page = await admin.open("/organization?next=/account")
    assert page.headings == ["Choose an organization"]
    assert page.root.one(class_="organization").text == "Organization: choose"
    assert [each.text for each in page.main.all("li")] == ["Ours", "Strange"]
    strange = await organization_of(api, "Strange")
    page = await choose(admin, strange, "/account")
    assert page.path == "/account"
    assert page.root.one(class_="organization").text == "Organization: Strange"
    assert page.links["Organization: Strange"] == "/organization"
    page = await admin.open("/organization")
    assert [each.text for each in page.main.all("li")] == ["Ours", "Strange shown now"]


async def test_the_api_does_not_read_the_choice(api: Api, admin: Browser) -> None:
    await choose(admin, await organization_of(api, "Ours"))
    answer = await admin.client.get("/api/smtp-monitors")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Organization ID is required in the authenticated session"


async def test_a_choice_that_is_gone_or_made_up_counts_as_none(admin: Browser) -> None:
    for text in ("999999", "-1", "1 OR 1", "9" * 30):
        admin.client.cookies.set("mailprobe_organization", text, domain="mailprobe.test")
        page = await admin.open("/account")
        assert page.root.one(class_="organization").text == "Organization: choose"


async def test_an_organization_that_does_not_exist_cannot_be_chosen(admin: Browser) -> None:
    assert (await choose(admin, 999_999)).status == 404
    assert "mailprobe_organization" not in admin.client.cookies


async def test_a_supporter_begins_in_the_own_organization(api: Api) -> None:
    async with browsing_as(api, Role.GLOBAL_SUPPORTER) as browser:
        page = await browser.open("/account")
        assert page.root.one(class_="organization").text == "Organization: Ours"
        page = await choose(browser, await organization_of(api, "Strange"), "/account")
        assert page.root.one(class_="organization").text == "Organization: Strange"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.USER, Role.EDITOR, Role.READONLY])
async def test_everybody_else_stays_in_the_own_organization(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        browser.client.cookies.set(
            "mailprobe_organization", str(await organization_of(api, "Strange")), domain="mailprobe.test"
        )
        page = await browser.open("/account")
        assert not page.root.all(class_="organization")
        assert page.main.one("dl").all("dd")[2].text == "Ours"
        page = await browser.open("/organization")
        assert (page.status, page.headings) == (403, ["You may not do this"])
        assert (await choose(browser, await organization_of(api, "Strange"))).status == 403


async def test_logging_out_forgets_the_choice(api: Api, admin: Browser) -> None:
    page = await choose(admin, await organization_of(api, "Ours"), "/account")
    await admin.submit(page, "/logout")
    assert "mailprobe_organization" not in admin.client.cookies


async def test_nobody_chooses_without_logging_in(api: Api) -> None:
    async with browsing(api) as browser:
        assert (await browser.open("/organization", follow=False)).location == "/login?next=/organization"


async def test_a_page_that_needs_an_organization_leads_to_the_choice_and_back(api: Api) -> None:
    @get("/needs-one", opt={PERMISSION: Permission.READ, FOR_PEOPLE: True})
    async def needs_one(principal: GivenPrincipal) -> str:
        return f"in {principal.organization_id}"

    api.application.register(Router(path="/", route_handlers=[needs_one], exception_handlers=HANDLERS))
    async with browsing_as(api, Role.GLOBAL_ADMIN) as browser:
        fragment = await browser.open("/needs-one", accept=FRAGMENT)
        assert (fragment.status, fragment.html) == (400, "Choose an organization first.")
        page = await browser.open("/needs-one?q=1")
        assert page.path == "/organization?next=/needs-one%3Fq%3D1"
        number = await organization_of(api, "Ours")
        page = await browser.submit(page, "/organization", organization=str(number))
        assert (page.path, page.html) == ("/needs-one?q=1", f"in {number}")


async def choose(browser: Browser, number: int, following: str = "/organization") -> Page:
    return await browser.post("/organization", organization=str(number), next=following)
