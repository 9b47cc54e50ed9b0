"""A screen's token is exchanged for a cookie, which opens one wall and nothing else until it is revoked."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.cookies import SCREEN
from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.pages.browser import ACCEPT, browsing_as
from tests.integration.pages.listed import monitor, verdict
from tests.integration.pages.screens.conftest import SETTINGS, WALL, empty_screen, entered, made, new_screen

UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"


async def test_a_token_is_exchanged_for_a_cookie_that_shows_the_wall(api: Api) -> None:
    await verdict(api, await monitor(api, "Relay"), "down")
    token = await new_screen(api)
    async with empty_screen(api) as screen:
        page = await entered(screen, token)
        assert (page.status, page.path, page.root.one("h1").text) == (200, WALL, "1 down")
        cookie = next(one for one in screen.client.cookies.jar if one.name == SCREEN)
        assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == (WALL, True)
        assert token not in page.html


async def test_a_screen_shows_its_own_view(api: Api) -> None:
    await verdict(api, await monitor(api, "a"), "down")
    await verdict(api, await monitor(api, "b", customerId=OTHER_CUSTOMER), "up")
    token = await new_screen(api, customer=OTHER_CUSTOMER, by="customer", columns="3")
    async with empty_screen(api) as screen:
        await entered(screen, token)
        for path in (WALL, f"{WALL}?customer={CUSTOMER}", f"{WALL}?state=down"):
            page = await screen.open(path)
            assert page.id("dots").attributes["data-states"] == "u"
            assert page.id("main").attributes["data-live"] == f"/wall?customer={OTHER_CUSTOMER}&by=customer&columns=3"


async def test_it_opens_no_other_route(api: Api) -> None:
    """Of those with another path, the cookie is sent by force: browsers do not send it there."""
    token = await new_screen(api)
    routes = [
        (method, re.sub(r"{\w+}", UNKNOWN_ID, route.path_format))
        for route in api.application.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get(PERMISSION, Permission.PUBLIC) is not Permission.PUBLIC
        for method in handler.http_methods - {"OPTIONS"}
        if not route.path_format.startswith(f"{WALL}/")
    ]
    assert len(routes) > 100
    async with empty_screen(api) as screen:
        await entered(screen, token)
        screen.client.cookies.set(SCREEN, token, domain="mailprobe.test", path="/")
        csrf = (await screen.open("/login")).form("/login").fields["_csrf_token"]
        for method, path in routes:
            data = {"_csrf_token": csrf} if method == "POST" else None
            answer = await screen.client.request(method, path, data=data, headers={"Accept": ACCEPT})
            login = answer.headers.get("location", "").startswith("/login")
            assert answer.status_code in {401, 403} or (answer.status_code == 303 and login), (method, path)


async def test_a_token_in_a_header_opens_nothing(api: Api) -> None:
    token = await new_screen(api)
    async with empty_screen(api) as screen:
        for path in ("/api/v1/monitors", f"{WALL}/live", "/wall"):
            headers = {"Authorization": f"Bearer {token}"}
            assert (await screen.client.get(path, headers=headers)).status_code in {303, 401}


async def test_nothing_but_a_screen_opens_the_stream_of_screens(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        assert (await browser.client.get(f"{WALL}/live")).status_code == 303


async def test_a_wrong_token_has_a_page_that_says_so(api: Api) -> None:
    async with empty_screen(api) as screen:
        page = await entered(screen, "screen_wrong")
        assert (page.status, page.root.one("h1").text) == (401, "This token is not known")
        assert SCREEN not in screen.client.cookies


async def test_a_browser_without_a_token_has_a_page_that_says_so(api: Api) -> None:
    async with empty_screen(api) as screen:
        page = await screen.open(WALL)
    assert (page.status, page.root.one("h1").text) == (401, "This screen has no token")


async def test_a_revoked_screen_says_so_in_its_largest_letters(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as admin, empty_screen(api) as screen:
        token = await made(admin)
        assert (await entered(screen, token)).status == 200
        revoking = await admin.open((await admin.open(SETTINGS)).links["Revoke Hall"])
        assert "it goes dark within seconds" in revoking.text
        done = await admin.submit(revoking, revoking.path)
        assert "The screen is revoked" in done.text
        page = await screen.open(WALL)
        assert (page.status, page.root.one("h1").text) == (401, "This screen was revoked")
        assert (await screen.client.get(f"{WALL}/live")).status_code == 303
        assert (await entered(screen, token)).root.one("h1").text == "This token is not known"


async def test_other_organizations_screens_do_not_exist(api: Api) -> None:
    await verdict(api, await monitor(api, "Secret relay"), "down")
    token = await new_screen(api, organization="Strange")
    number = await api.value("SELECT public_id::text FROM screen_token ORDER BY id DESC LIMIT 1")
    async with empty_screen(api) as screen, browsing_as(api, Role.ADMIN) as ours:
        page = await entered(screen, token)
        assert ("No monitor matches." in page.text, "Secret relay" in page.html) == (True, False)
        assert number not in (await ours.open(SETTINGS)).html
        assert (await ours.open(f"{SETTINGS}/{number}/revoke")).status == 404
        assert (await ours.post(f"{SETTINGS}/{number}/revoke")).status == 404
        assert (await screen.open(WALL)).status == 200


async def test_who_is_limited_makes_and_finds_only_screens_of_these_customers(api: Api) -> None:
    await verdict(api, await monitor(api, "ours"), "down")
    await verdict(api, await monitor(api, "other", customerId=OTHER_CUSTOMER), "up")
    await api.value("DELETE FROM screen_token")
    await new_screen(api)
    async with browsing_as(api, Role.ADMIN, customers=[api.other_customer]) as limited, empty_screen(api) as screen:
        assert "There is no screen yet" in (await limited.open(SETTINGS)).text
        token = await made(limited)
        assert (await entered(screen, token)).id("dots").attributes["data-states"] == "u"
        assert "Revoke Hall" in (await limited.open(SETTINGS)).links
        refused = await limited.post(SETTINGS, name="x", customer=CUSTOMER)
        assert (refused.status, "must be a customer that you may see" in refused.text) == (400, True)


@pytest.mark.parametrize("role", [Role.USER, Role.EDITOR, Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_only_admins_make_screens(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        assert (await browser.open(SETTINGS)).status == 403
        assert (await browser.post(SETTINGS, name="Hall")).status == 403


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        fields: dict[str, Any] = {
            "name": " ",
            "label": "team:post, :x",
            "by": "label",
            "by_label": "a:b",
            "state": ["down"],
        }
        page = await browser.submit(await browser.open(SETTINGS), SETTINGS, **fields)
        assert page.status == 400
        assert "must be 1 to 255 printable characters" in page.id("wrong-name").text
        assert "must be key:value" in page.id("wrong-label").text
        assert "must be customer, or label:" in page.id("wrong-by_label").text
        form = page.form(SETTINGS).fields
        assert (form["label"], form["by"], form["by_label"], form["state"]) == (
            ["team:post, :x"],
            ["label"],
            ["a:b"],
            ["down"],
        )


async def test_the_token_is_shown_once_and_written_nowhere(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with browsing_as(api, Role.ADMIN) as browser, empty_screen(api) as screen:
        token = await made(browser)
        await entered(screen, token)
        assert token not in (await browser.open(SETTINGS)).html
        entries = (await browser.client.get("/api/v1/audit", params={"objectKind": "screen"})).text
        assert ("screen.created" in entries, token in entries) == (True, False)
        assert token not in caplog.text
        assert "from 127.0.0.1" in (await browser.open(SETTINGS)).text
    rows = await api.value("SELECT string_agg(screen_token::text, ' ') FROM screen_token")
    assert token not in rows


async def test_making_and_revoking_are_in_the_audit_log(api: Api) -> None:
    await api.value("DELETE FROM screen_token")
    async with browsing_as(api, Role.ADMIN) as browser:
        await made(browser)
        page = await browser.open((await browser.open(SETTINGS)).links["Revoke Hall"])
        await browser.submit(page, page.path)
        items = (await browser.client.get("/api/v1/audit", params={"objectKind": "screen"})).json()["items"]
    assert [item["action"] for item in items[:2]] == ["screen.revoked", "screen.created"]
    assert items[1]["after"]["name"] == "Hall"
