"""Errors for browsers are pages in words; programs get what they got before, and the API always answers JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from controller.application import create_application
from controller.http.services import Services
from controller.model import Role
from controller.store.platform.pool import Database
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.pages.browser import FRAGMENT, Browser, browsing, browsing_as

ANYTHING = "*/*"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


async def test_an_unknown_path_is_a_page_for_browsers_and_json_for_programs(api: Api) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/nothing/here")
        assert (page.status, page.headings) == (404, ["There is nothing here"])
        assert page.links["Go to the overview"] == "/"
        for accept in (ANYTHING, "application/json"):
            answer = await browser.client.get("/nothing/here", headers={"Accept": accept})
            assert answer.json() == {"statusCode": 404, "statusMessage": "Not Found", "message": "Not Found"}


async def test_somebody_elses_thing_looks_like_one_that_never_was(api: Api) -> None:
    """By another word on the page one could find out what exists."""
    other = await api.create(customerId=OTHER_CUSTOMER)
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        pages = [await browser.open(f"/monitors/{public_id}") for public_id in (other["publicId"], uuid4())]
    assert [page.status for page in pages] == [404, 404]
    assert pages[0].main.text == pages[1].main.text


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/v3/nothing", "/api/smtp-monitors/x/y/z"])
async def test_paths_of_the_api_answer_json_to_browsers_too(api: Api, path: str) -> None:
    async with browsing(api) as browser:
        page = await browser.open(path)
    assert page.status == 404
    assert page.headers["content-type"].startswith("application/json")


async def test_a_path_that_takes_only_forms_is_a_page_too(api: Api) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/logout")
        assert (page.status, page.headings) == (405, ["This page does not take that"])
        answer = await browser.client.get("/logout", headers={"Accept": ANYTHING})
        assert answer.headers["content-type"].startswith("application/json")


async def test_every_answer_to_a_browser_has_the_headers(api: Api) -> None:
    async with browsing_as(api, Role.GLOBAL_ADMIN) as browser:
        for path in ("/account", "/organization", "/nothing", "/logout", "/login"):
            page = await browser.open(path, follow=False)
            assert {name: page.headers.get(name) for name in HEADERS} == HEADERS, path
        answer = await browser.client.post("/account/view", data={"theme": "dark"})
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    async with browsing(api) as browser:
        for path in ("/login", "/account"):
            page = await browser.open(path, follow=False)
            assert {name: page.headers.get(name) for name in HEADERS} == HEADERS, path


@pytest.fixture
async def away(api: Api) -> AsyncIterator[Litestar]:
    """The application with a database that cannot be reached."""
    services: Services = api.application.state.services
    async with Database.open("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        yield create_application(
            Services(
                database=nowhere,
                vault=services.vault,
                dispatcher=services.dispatcher,
                bus=services.bus,
                outlets=services.outlets,
            )
        )


async def test_without_its_database_a_page_says_so(away: Litestar) -> None:
    async with client_of(away) as client:
        browser = Browser(client)
        assert (await browser.open("/login")).status == 200
        client.cookies.set("mailprobe_session", "x", domain="mailprobe.test")
        for path in ("/account", "/login"):
            page = await browser.open(path)
            assert (page.status, page.headings) == (503, ["Mailprobe cannot answer now"])
            assert "The database is not available" in page.text
            assert page.headers["retry-after"] == "2"
        fragment = await browser.open("/account", accept=FRAGMENT)
        assert (fragment.status, fragment.headers["content-type"]) == (503, "text/plain; charset=utf-8")
        answer: Any = await client.get("/api/smtp-monitors", headers={"Accept": "text/html"})
        assert answer.json()["statusCode"] == 503


async def test_a_fault_of_ours_is_a_page_without_any_detail(api: Api) -> None:
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        await api.value("ALTER TABLE customer RENAME TO elsewhere")
        try:
            page = await browser.open("/account")
        finally:
            await api.value("ALTER TABLE elsewhere RENAME TO customer")
    assert (page.status, page.headings) == (500, ["Mailprobe failed"])
    assert "elsewhere" not in page.html
    assert "customer" not in page.text


async def test_a_form_with_unknown_or_repeated_fields_is_refused(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.post("/account/view", theme="dark", role="admin")
        assert (page.status, page.headings) == (400, ["This address or form cannot be understood"])
        assert "role is not a field of this form" in page.text


async def test_a_form_that_is_too_large_is_refused(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.post("/account/view", theme="x" * 300_000)
        assert page.status == 413
        assert page.headers["content-type"].startswith("text/html")


async def test_names_in_an_unknown_path_are_not_markup(api: Api) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page.html
