"""Links begin with the path of MAILPROBE_PUBLIC_URL, and never with what a request claims."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from litestar import Litestar

from controller.application import create_application
from controller.http.services import Services
from controller.model import Role
from controller.model.values.public_url import PublicUrl
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person
from tests.integration.pages.browser import ACCEPT, Browser, browsing

FORGED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Prefix": "/evil.example",
    "Forwarded": "host=evil.example",
    "X-Original-URL": "http://evil.example/",
}


@pytest.fixture(scope="module")
async def somebody(api: Api) -> Person:
    return await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))


def below_a_path(api: Api) -> Litestar:
    """Behind a proxy that serves it at https://mail.example.com/probe/ and removes /probe."""
    services: Services = api.application.state.services
    return create_application(
        Services(
            database=services.database,
            vault=services.vault,
            dispatcher=services.dispatcher,
            bus=services.bus,
            outlets=services.outlets,
            public_url=PublicUrl("https://mail.example.com/probe/"),
        )
    )


@pytest.mark.parametrize("path", ["/account", "/organization", "/login", "/nothing"])
async def test_a_forged_host_changes_nothing(api: Api, somebody: Person, path: str) -> None:
    async with browsing(api, somebody if path != "/login" else None) as browser:
        await browser.open("/account")
        true = await browser.client.get(path, headers={"Accept": ACCEPT})
        forged = await browser.client.get(path, headers={"Accept": ACCEPT, **FORGED})
        assert "evil" not in forged.text + str(forged.headers)
        assert forged.status_code == true.status_code


async def test_a_forged_host_does_not_lead_a_redirect_astray(api: Api) -> None:
    async with browsing(api) as browser:
        answer = await browser.client.get("/account", headers={"Accept": ACCEPT, **FORGED})
        assert answer.headers["location"] == "/login?next=/account"


async def test_all_links_carry_the_path_of_the_public_address(api: Api, somebody: Person) -> None:
    async with client_of(below_a_path(api)) as client:
        browser = Browser(client)
        name, _, value = somebody.headers["Cookie"].partition("=")
        answer = await browser.open("/account", follow=False)
        assert answer.location == "/probe/login?next=/account"
        cookies = [SimpleCookie(text) for text in answer.headers.get_list("set-cookie")]
        assert all(each["secure"] for cookie in cookies for each in cookie.values())
        login = await browser.open("/login")
        for page in (login, await browser.open("/account", Cookie=f"{name}={value}")):
            links = [
                each.attributes[at]
                for at in ("href", "src", "action")
                for each in page.root.all()
                if at in each.attributes
            ]
            assert len(links) > 5
            assert [link for link in links if not link.startswith(("/probe/", "#"))] == []
            assert page.root.one("html").attributes["data-base"] == "/probe"


async def test_the_session_cookie_is_for_https_where_the_public_address_is(api: Api) -> None:
    """The proxy may speak HTTP with the controller, without saying how it was spoken to."""
    async with client_of(below_a_path(api)) as client:
        token = "0"
        page = await Browser(client).open("/login")
        token = page.form("/probe/login/code").fields["_csrf_token"][0]
        made = await api.value(
            "INSERT INTO login_code VALUES (sha256('code'), (SELECT max(id) FROM account), now() + interval '1 min')"
            " RETURNING true"
        )
        assert made
        headers = {"Origin": "https://mail.example.com", "Cookie": f"mailprobe_csrf={token}", "Host": "upstream:8080"}
        answer = await client.post("/login/code", data={"_csrf_token": token, "code": "code"}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/probe/")
    cookie = SimpleCookie(answer.headers["set-cookie"])["mailprobe_session"]
    assert (bool(cookie["secure"]), bool(cookie["httponly"]), cookie["samesite"]) == (True, True, "lax")


async def test_a_foreign_origin_is_refused_behind_the_proxy_too(api: Api) -> None:
    async with client_of(below_a_path(api)) as client:
        page = await Browser(client).open("/login")
        token = page.form("/probe/login/code").fields["_csrf_token"][0]
        headers = {"Origin": "https://evil.example", "Cookie": f"mailprobe_csrf={token}"}
        answer = await client.post("/login/code", data={"_csrf_token": token, "code": "code"}, headers=headers)
    assert answer.status_code == 403
