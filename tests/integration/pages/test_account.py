"""The account's page: own password, own sessions, colours and keys of this browser."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from argon2 import PasswordHasher

from controller.model import Role
from controller.operations.accounts.sessions import make_login_code
from tests.integration.api.conftest import STRANGE_CUSTOMER, Api
from tests.integration.api.people import Person, organization_of, person, session_headers
from tests.integration.pages.browser import browsing, browsing_as

PASSWORD = "correct horse battery staple"
NEW = "a new and longer password"


@pytest.fixture
async def somebody(api: Api) -> Person:
    await api.value("DELETE FROM request_count")
    organization = await organization_of(api, "Ours")
    return await person(api, Role.USER, organization=organization, password_hash=PasswordHasher().hash(PASSWORD))


async def test_it_says_who_is_logged_in(api: Api) -> None:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open("/account")
    facts = page.main.one("dl")
    assert [each.text for each in facts.all("dt")] == ["E-mail", "Role", "Organization", "Customers"]
    assert [each.text for each in facts.all("dd")][1:] == ["read only", "Ours", "Example Customer"]
    assert page.title == "Account – Mailprobe"


@pytest.mark.parametrize("role", Role)
async def test_every_role_has_an_account(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        page = await browser.open("/account")
    assert page.status == 200
    limits = {Role.READONLY: "none"}
    assert page.main.one("dl").all("dd")[-1].text == limits.get(role, "all")


async def test_a_new_password_ends_every_session_but_this_browsers(api: Api, somebody: Person) -> None:
    other = await session_headers(api, somebody.id)
    assert await make_login_code(api.database, somebody.email)
    async with browsing(api, somebody) as browser:
        page = await browser.submit(
            await browser.open("/account"), "/account/password", current=PASSWORD, password=NEW, again=NEW
        )
        assert (page.status, page.path) == (200, "/account?done=password")
        assert "Your password is changed" in page.text
        assert len(page.tables()[0]) == 2
        assert not await api.value("SELECT count(*) FROM login_code WHERE account_id = $1", somebody.id)
        for gone in (other, somebody.headers):
            browser.client.cookies.clear()
            assert (await browser.open("/account", follow=False, **gone)).status == 303
        login = await browser.submit(await browser.open("/login"), "/login", email=somebody.email, password=NEW)
        assert login.path == "/"


@pytest.mark.parametrize(
    ("current", "password", "again", "words"),
    [
        ("wrong password", NEW, NEW, "The current password is wrong."),
        (PASSWORD, NEW, NEW + "x", "The new password was not repeated correctly."),
        (PASSWORD, "short", "short", "The new password must be 8 to 128 characters long."),
    ],
)
async def test_a_refused_password_says_why_and_shows_none(
    api: Api, somebody: Person, current: str, password: str, again: str, words: str
) -> None:
    async with browsing(api, somebody) as browser:
        page = await browser.submit(
            await browser.open("/account"), "/account/password", current=current, password=password, again=again
        )
    assert (page.status, page.id("problem").text) == (400, words)
    assert not {current, password, again} & {
        value for form in page.forms for each in form.fields.values() for value in each
    }


async def test_guessing_the_current_password_is_limited(api: Api, somebody: Person) -> None:
    async with browsing(api, somebody) as browser:
        page = await browser.open("/account")
        for _ in range(10):
            again = await browser.submit(page, "/account/password", current="wrong", password=NEW, again=NEW)
            assert again.status == 400
        page = await browser.submit(page, "/account/password", current=PASSWORD, password=NEW, again=NEW)
    assert page.status == 429
    assert page.id("problem").text.startswith("There were too many attempts.")


async def test_a_session_is_ended_from_another_browser(api: Api, somebody: Person) -> None:
    async with browsing(api, somebody) as lost, browsing(api) as browser:
        lost_id = await api.value(
            "UPDATE session SET user_agent = $2, address = '192.0.2.7' WHERE account_id = $1 RETURNING public_id::text",
            somebody.id,
            "<b>Mozilla</b> \u202e Chrome/140.0 Edg/140.0 (Windows NT 10.0)",
        )
        browser.client.cookies.set(
            "mailprobe_session",
            (await session_headers(api, somebody.id))["Cookie"].partition("=")[2],
            domain="mailprobe.test",
        )
        page = await browser.open("/account")
        _, own, other = page.tables()[0]
        assert own[0].endswith("this browser")
        assert (own[3], own[4]) == ("now", "")
        assert (other[0], other[1], other[4]) == ("Edge on Windows", "192.0.2.7", "End")
        assert "<b>" not in page.html
        assert "\u202e" not in page.html
        ends = [form for form in page.forms if form.action == "/account/sessions/end"]
        assert [form.fields["session"] for form in ends] == [[lost_id]]
        page = await browser.submit(page, "/account/sessions/end")
        assert page.path == "/account?done=session"
        assert len(page.tables()[0]) == 2
        assert (await lost.open("/account", follow=False)).status == 303


async def test_all_other_sessions_are_ended_at_once(api: Api, somebody: Person) -> None:
    for _ in range(3):
        await session_headers(api, somebody.id)
    stranger = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with browsing(api, somebody) as browser, browsing(api, stranger) as untouched:
        page = await browser.submit(await browser.open("/account"), "/account/sessions/end-others")
        assert (page.path, len(page.tables()[0])) == ("/account?done=others", 2)
        assert (await untouched.open("/account")).status == 200


async def test_nobody_ends_a_session_of_somebody_else(api: Api, somebody: Person) -> None:
    theirs = await api.value("SELECT public_id::text FROM session WHERE account_id = $1", somebody.id)
    async with browsing_as(api, Role.ADMIN) as browser:
        token = (await browser.open("/account")).form("/logout").fields["_csrf_token"]
        answer = await browser.client.post("/account/sessions/end", data={"_csrf_token": token, "session": theirs})
        assert answer.status_code == 404
        malformed = await browser.client.post("/account/sessions/end", data={"_csrf_token": token, "session": "7"})
        assert malformed.status_code == 400
    assert await api.value("SELECT count(*) FROM session WHERE account_id = $1", somebody.id) == 1


async def test_colours_and_keys_are_kept_in_cookies(api: Api) -> None:
    async with browsing_as(api, Role.READONLY) as browser:
        page = await browser.open("/account")
        html = page.root.one("html").attributes
        assert ("data-theme" in html, "data-keys" in html) == (False, False)
        assert page.form("/account/view").fields["theme"] == ["system"]
        form = {**page.form("/account/view").fields, "theme": "dark"}
        form.pop("keys")
        answer = await browser.client.post("/account/view", data=form)
        made = [SimpleCookie(value) for value in answer.headers.get_list("set-cookie")]
        assert {name: each[name].value for each in made for name in each} == {
            "mailprobe_theme": "dark",
            "mailprobe_keys": "off",
        }
        page = await browser.open("/account")
        html = page.root.one("html").attributes
        assert (html["data-theme"], html["data-keys"]) == ("dark", "off")
        assert "keys" not in page.form("/account/view").fields
        page = await browser.submit(page, "/account/view", theme="system", keys="on")
        html = page.root.one("html").attributes
        assert ("data-theme" in html, "data-keys" in html) == (False, False)


async def test_a_theme_that_does_not_exist_is_refused_and_ignored(api: Api) -> None:
    async with browsing_as(api, Role.READONLY) as browser:
        page = await browser.open("/account")
        assert (await browser.submit(page, "/account/view", theme='"><script>')).status == 400
        browser.client.cookies.set("mailprobe_theme", "neon", domain="mailprobe.test")
        assert "data-theme" not in (await browser.open("/account")).root.one("html").attributes


async def test_names_never_become_markup(api: Api) -> None:
    organization = await organization_of(api, "Ours")
    somebody = await person(api, Role.USER, organization=organization)
    await api.value(
        "UPDATE account SET first_name = $2 WHERE id = $1", somebody.id, "<script>alert(1)</script>\u202eevil"
    )
    async with browsing(api, somebody) as browser:
        page = await browser.open("/account")
    assert "<script>alert(1)</script>\\u202eevil" in page.text
    assert "<script>alert" not in page.html
    assert STRANGE_CUSTOMER not in page.html
