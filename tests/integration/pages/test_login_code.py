"""One-time codes of login links: each works once, for ten minutes, and reaches no log."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from controller.errors import LoginCodeRefusedError
from controller.model import Role
from controller.operations.accounts import sessions
from controller.pipeline.housekeeping import forget_old
from shared.secret import Secret
from tests.integration.api.conftest import Api
from tests.integration.api.people import Person, organization_of, person
from tests.integration.pages.browser import Browser, browsing


@pytest.fixture(scope="module")
async def somebody(api: Api) -> Person:
    return await person(api, Role.USER, organization=await organization_of(api, "Ours"))


@pytest.fixture(autouse=True)
async def no_attempts_yet(api: Api) -> None:
    await api.value("DELETE FROM request_count")


async def a_code(api: Api, somebody: Person) -> str:
    made = await sessions.make_login_code(api.database, somebody.email.upper())
    assert made is not None
    assert made[0] == somebody.email
    return made[1].reveal()


async def test_a_code_logs_in_once_without_scripts(api: Api, somebody: Person) -> None:
    code = await a_code(api, somebody)
    async with browsing(api) as browser:
        with capture_logs() as logs:
            page = await browser.submit(
                await browser.open("/login?next=/account"), "/login/code", code=f" {code[:16]} {code[16:]}\n"
            )
        assert (page.path, page.status) == ("/account", 200)
        assert somebody.email in page.text
        assert code not in page.html + str(logs)
    async with browsing(api) as browser:
        page = await browser.submit(await browser.open("/login"), "/login/code", code=code)
    assert page.status == 401
    assert "was used already" in page.id("code-problem").text
    assert (
        "makes a new one under Settings, People; one is also printed by mailprobe-controller login-link"
        in page.id("code-problem").text
    )
    assert "open" in page.id("by-code").attributes


async def test_of_two_browsers_at_once_one_is_logged_in(api: Api, somebody: Person) -> None:
    code = await a_code(api, somebody)
    outcomes = await asyncio.gather(
        *(sessions.log_in_with_code(api.database, code, address="192.0.2.1", user_agent=None) for _ in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Secret) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LoginCodeRefusedError) for outcome in outcomes) == 7


async def test_an_expired_code_is_refused_and_then_deleted(api: Api, somebody: Person) -> None:
    code, unused = await a_code(api, somebody), await a_code(api, somebody)
    assert await api.value("SELECT max(expires_at) - now() BETWEEN '595 s' AND '600 s' FROM login_code")
    await api.value("UPDATE login_code SET expires_at = now() - interval '1 ms'")
    async with browsing(api) as browser:
        page = await browser.submit(await browser.open("/login"), "/login/code", code=code)
    assert page.status == 401
    assert "or has expired" in page.id("code-problem").text
    await forget_old(api.database)
    assert await api.value("SELECT count(*) FROM login_code") == 0
    assert unused != code


async def test_the_database_holds_no_code(api: Api, somebody: Person) -> None:
    code = await a_code(api, somebody)
    stored = await api.value("SELECT string_agg(login_code::text, '') FROM login_code")
    assert code not in stored
    assert bytes.fromhex(code).hex() == code
    assert len(code) == 32


async def test_attempts_are_limited_and_right_codes_are_not_counted(api: Api, somebody: Person) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/login")
        for _ in range(12):
            code = await a_code(api, somebody)
            assert (await browser.submit(page, "/login/code", code=code, follow=False)).location == "/"
        for _ in range(10):
            assert (await browser.submit(page, "/login/code", code="wrong")).status == 401
        page = await browser.submit(page, "/login/code", code=await a_code(api, somebody))
    assert page.status == 429
    assert page.id("code-problem").text.startswith("There were too many attempts. Try again in 1")


async def test_a_code_is_never_part_of_an_address(api: Api, somebody: Person) -> None:
    """A query would reach logs and other sites; the code is sent in the body of a form."""
    code = await a_code(api, somebody)
    async with browsing(api) as browser:
        page = await browser.open(f"/login?code={code}")
        assert page.status == 200
        assert page.form("/login/code").method == "post"
        assert page.form("/login/code").fields["code"] == [""]
        assert not urlsplit(page.form("/login/code").action).query


async def test_nobody_without_an_account_gets_a_code(api: Api) -> None:
    assert await sessions.make_login_code(api.database, "nobody@example.com") is None


async def test_without_an_address_the_first_administrator_gets_it(api: Api) -> None:
    organization = await organization_of(api, "Ours")
    limited = await person(api, Role.ADMIN, organization=organization, customers=[api.customer])
    admin = await person(api, Role.ADMIN, organization=organization)
    await person(api, Role.ADMIN, organization=organization)
    await person(api, Role.ADMIN, organization=await organization_of(api, "Strange"))
    made = await sessions.make_login_code(api.database, None)
    assert made is not None
    assert made[0] == admin.email != limited.email


NEW = "a password of my own"


async def by_link(api: Api, browser: Browser, who: Person) -> None:
    page = await browser.submit(await browser.open("/login"), "/login/code", code=await a_code(api, who))
    assert page.status == 200


async def test_who_came_with_a_code_chooses_a_password_without_knowing_one(api: Api) -> None:
    who = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with browsing(api) as browser:
        await by_link(api, browser, who)
        page = await browser.open("/account")
        assert "You came with a login link" in page.text
        assert "current" not in page.form("/account/password").names
        page = await browser.submit(page, "/account/password", password=NEW, again=NEW)
        assert "Your password is changed" in page.text
        assert "current" in page.form("/account/password").names  # once is enough
        refused = await browser.post("/account/password", password="another one", again="another one")
        assert refused.status == 400
    async with browsing(api) as browser:
        page = await browser.submit(await browser.open("/login"), "/login", email=who.email, password=NEW)
        assert page.status == 200
        assert "current" in (await browser.open("/account")).form("/account/password").names


async def test_after_an_hour_the_current_password_is_needed(api: Api) -> None:
    who = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with browsing(api) as browser:
        await by_link(api, browser, who)
        within = "SELECT max(may_choose_password_until) - now() BETWEEN '3590 s' AND '3600 s' FROM session"
        assert await api.value(within)
        await api.value("UPDATE session SET may_choose_password_until = now() - interval '1 ms'")
        refused = await browser.post("/account/password", password=NEW, again=NEW)
        assert (refused.status, "The current password is wrong" in refused.text) == (400, False)
        assert "Give your current password, too." in refused.text


async def test_a_code_does_not_let_anybody_change_the_address(api: Api) -> None:
    who = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with browsing(api) as browser:
        await by_link(api, browser, who)
        body = {"email": "other@example.com", "password": NEW}
        answer = await browser.client.patch(f"/api/users/{who.public_id}", json=body)
    assert (answer.status_code, "currentPassword is required" in answer.text) == (400, True)


async def test_a_link_opened_by_somebody_else_asks_and_ends_their_session(api: Api, somebody: Person) -> None:
    code = await a_code(api, somebody)
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with browsing(api, admin) as browser:
        page = await browser.open("/login/code?next=/account")
        assert f"In this browser {admin.email} is logged in." in page.text
        assert "ask" in page.form("/login/code").element.attributes["class"]
        before = browser.client.cookies["mailprobe_session"]
        after = await browser.submit(page, "/login/code", code=code)
        assert (after.path, somebody.email in after.text) == ("/account", True)
    async with browsing(api) as stranger:
        stranger.client.cookies.set("mailprobe_session", before)
        assert (await stranger.open("/account", follow=False)).status == 303


async def test_a_wrong_code_logs_nobody_out(api: Api) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with browsing(api, admin) as browser:
        page = await browser.open("/login/code")
        assert (await browser.submit(page, "/login/code", code="0" * 32)).status == 401
        assert (await browser.open("/account", follow=False)).status == 200
