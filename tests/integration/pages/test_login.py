"""Logging in with a password, the cookie, and what a wrong password leads to."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person
from tests.integration.pages.browser import ACCEPT, FRAGMENT, Browser, browsing, browsing_as

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
async def somebody(api: Api) -> Person:
    organization = await organization_of(api, "Ours")
    return await person(api, Role.USER, organization=organization, password_hash=PasswordHasher().hash(PASSWORD))


@pytest.fixture(autouse=True)
async def no_attempts_yet(api: Api) -> None:
    await api.value("DELETE FROM request_count")


async def test_the_login_leads_to_the_page_that_required_it(api: Api, somebody: Person) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/account?done=view")
        assert (page.path, page.status, page.headings) == ("/login?next=/account%3Fdone%3Dview", 200, ["Log in"])
        user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        with capture_logs() as logs:
            page = await browser.submit(
                page,
                "/login",
                email=somebody.email.upper(),
                password=PASSWORD,
                headers={"User-Agent": user_agent + "\x01" + "x" * 300},
            )
        assert (page.path, page.status) == ("/account?done=view", 200)
        assert somebody.email in page.text
        assert PASSWORD not in str(logs)
    stored = await api.value(
        "SELECT user_agent FROM session WHERE account_id = $1 AND address = '127.0.0.1'", somebody.id
    )
    assert (stored[: len(user_agent)], len(stored)) == (user_agent, 200)


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Api, somebody: Person) -> None:
    async with browsing(api) as browser:
        answer = await browser.submit(
            await browser.open("/login"), "/login", follow=False, email=somebody.email, password=PASSWORD
        )
    cookie = SimpleCookie(answer.headers["set-cookie"])["mailprobe_session"]
    assert (bool(cookie["httponly"]), cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", "")
    assert (answer.status, answer.location) == (303, "/")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_password_shows_the_form_again_with_the_address(api: Api, somebody: Person) -> None:
    async with browsing(api) as browser:
        page = await browser.submit(
            await browser.open("/login?next=/account"), "/login", email=somebody.email, password="wrong-password"
        )
    assert page.status == 401
    assert page.id("problem").text == "E-mail address or password is wrong."
    assert page.form("/login").fields["email"] == [somebody.email]
    assert page.form("/login").fields["next"] == ["/account"]
    assert "wrong-password" not in page.html
    assert "mailprobe_session" not in page.headers.get("set-cookie", "")


async def test_too_many_attempts_are_refused_in_words(api: Api, somebody: Person) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/login")
        for _ in range(10):
            assert (await browser.submit(page, "/login", email=somebody.email, password="wrong")).status == 401
        page = await browser.submit(page, "/login", email=somebody.email, password=PASSWORD)
    assert page.status == 429
    assert page.id("problem").text.startswith("There were too many attempts. Try again in 1")
    assert int(page.headers["retry-after"]) > 600
    assert page.form("/login").fields["email"] == [somebody.email]


async def test_somebody_logged_in_needs_no_login_page(api: Api, somebody: Person) -> None:
    async with browsing(api, somebody) as browser:
        page = await browser.open("/login?next=/account", follow=False)
    assert (page.status, page.location) == (303, "/account")


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "evil", ""),
        *("/\tevil", "/\r\nSet-Cookie:%20a=b", "javascript:alert(1)"),
    ],
)
async def test_a_login_never_leads_to_another_site(api: Api, somebody: Person, elsewhere: str) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/login")
        page = await browser.submit(
            page, "/login", follow=False, email=somebody.email, password=PASSWORD, next=elsewhere
        )
    assert (page.status, page.location) == (303, "/")


async def test_a_page_name_beyond_ascii_survives_the_login(api: Api, somebody: Person) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/login?next=/%3Fq%3D%25C3%25BC%26x%3D%C3%BC")
        page = await browser.submit(page, "/login", follow=False, email=somebody.email, password=PASSWORD)
    assert page.location == "/?q=%C3%BC&x=%C3%BC"


async def test_logging_out_ends_the_session(api: Api, somebody: Person) -> None:
    organization = await organization_of(api, "Ours")
    async with browsing(api, await person(api, Role.READONLY, organization=organization)) as browser:
        stolen = dict(browser.client.cookies)
        page = await browser.submit(await browser.open("/account"), "/logout")
        assert (page.path, page.status) == ("/login", 200)
        assert "mailprobe_session" not in browser.client.cookies
        browser.client.cookies.update(stolen)
        assert (await browser.open("/account", follow=False)).location == "/login?next=/account"


async def test_a_script_of_a_page_whose_session_ended_gets_401(api: Api) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/account", accept=FRAGMENT)
    assert (page.status, page.html) == (401, "You are logged out.")


async def test_a_session_that_ended_while_a_form_was_open_leads_to_the_login(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/account")
        del browser.client.cookies["mailprobe_session"]
        page = await browser.submit(page, "/account/view", theme="dark", follow=False)
    assert (page.status, page.location) == (303, "/login")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://mailprobe.test"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "action", ["/login", "/login/code", "/logout", "/account/view", "/account/sessions/end-others"]
)
async def test_a_form_of_another_site_is_refused_even_with_the_token(
    api: Api, action: str, headers: dict[str, str]
) -> None:
    async with browsing_as(api, Role.USER) as browser:
        token = (await browser.open("/account")).form("/logout").fields["_csrf_token"]
        answer = await browser.client.post(action, data={"_csrf_token": token}, headers={"Accept": ACCEPT, **headers})
        assert answer.status_code == 403
        assert "Another site made your browser send this" in answer.text
        assert (await browser.open("/account")).status == 200


async def test_a_form_without_its_token_is_out_of_date(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/account")
        for fields in ({}, {"_csrf_token": "0" * 128}):
            answer = await browser.client.post("/account/view", data={"theme": "dark", **fields})
            assert answer.status_code == 403
            assert "The form is out of date" in answer.text
            assert answer.headers["content-type"].startswith("text/html")
        page = await browser.submit(page, "/account/view", theme="dark")
        assert page.status == 200


async def test_the_public_address_is_ours_behind_a_proxy_that_replaces_host(api: Api) -> None:
    async with client_of(api.application) as client:
        page = await Browser(client).open("/login")
        token = page.form("/login").fields["_csrf_token"]
        origin = {"Origin": "http://mailprobe.test", "Host": "upstream:8080"}
        answer = await client.post("/login", data={"_csrf_token": token}, headers=origin)
    assert answer.status_code == 403
