"""A provider is tried on the page of single sign-on and over the API before anybody relies on it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from controller.model import Role
from tests.fakes.identity.provider import CLIENT_SECRET, IdentityProvider
from tests.integration.api.conftest import client_of
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import ACCEPT, Browser, Page, browsing_as
from tests.integration.pages.sign_on.conftest import Office

PATH = "/settings/sign-on"
READ = ["discovery", "issuer", "authorizationEndpoint", "tokenEndpoint", "keys", "returnAddress"]


async def posted(office: Office, body: dict[str, Any]) -> httpx.Response:
    admin = await person(office.api, Role.ADMIN, organization=await organization_of(office.api, "Ours"))
    async with client_of(office.api.application) as client:
        return await client.post("/api/v1/sign-on/test", json=body, headers=admin.headers)


async def tried(office: Office, **body: Any) -> dict[str, dict[str, str]]:
    """The steps by their names."""
    answer = await posted(office, {"issuer": office.provider.issuer, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert [step["name"] for step in found["steps"]] == READ
    assert found["success"] is all(step["outcome"] == "passed" for step in found["steps"])
    assert all(bool(step["advice"]) is (step["outcome"] == "failed") for step in found["steps"])
    return {step["name"]: step for step in found["steps"]}


async def failing(office: Office, **body: Any) -> dict[str, str]:
    """Details of the steps that failed."""
    steps = await tried(office, **body)
    return {name: step["detail"] for name, step in steps.items() if step["outcome"] == "failed"}


async def press_try(browser: Browser, page: Page, **values: str) -> Page:
    """Press the button that tries the provider of the form."""
    form = page.form(PATH)
    (button,) = (each for each in form.all("button") if "formaction" in each.attributes)
    path = (button.attributes["formaction"] or "").partition("#")[0]
    sent = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin"}
    return Page(await browser.client.post(path, data={**form.fields, **values}, headers=sent))


async def test_a_good_provider_passes_every_step_and_gets_no_secret(office: Office) -> None:
    assert await failing(office) == {}
    assert office.provider.requests == ["/.well-known/openid-configuration", "/keys"]
    await office.configure()
    stored = await posted(office, {})
    assert (stored.json()["success"], stored.json()["issuer"]) == (True, office.provider.issuer)
    assert CLIENT_SECRET not in stored.text + "".join(office.provider.bodies)
    assert office.provider.requests.count("/keys") == 2  # nothing is taken from what is kept


@pytest.mark.parametrize(
    ("metadata", "step", "detail"),
    [
        ({"issuer": "https://login.example.net"}, "issuer", "calls itself 'https://login.example.net'"),
        ({"issuer": None}, "issuer", "has no issuer"),
        ({"authorization_endpoint": None}, "authorizationEndpoint", "has no authorization_endpoint"),
        ({"authorization_endpoint": "http://login.example.net"}, "authorizationEndpoint", "is no https URL"),
        ({"token_endpoint": 7}, "tokenEndpoint", "has no token_endpoint"),
        ({"jwks_uri": None}, "keys", "has no jwks_uri"),
        ({"jwks_uri": "file:///etc/passwd"}, "keys", "is no https URL"),
        ({"token_endpoint_auth_methods_supported": "all"}, "discovery", "of another type"),
    ],
)
async def test_each_fault_of_the_document_fails_its_own_step_alone(
    office: Office, metadata: dict[str, Any], step: str, detail: str
) -> None:
    office.provider.metadata = metadata
    found = await failing(office)
    assert list(found) == [step]
    assert detail in found[step]


@pytest.mark.parametrize(
    ("path", "detail", "advice"),
    [
        ("/nothing", "answered 404", "Open the address that the discovery document has as jwks_uri"),
        ("/.well-known/openid-configuration", "something else than was expected", "compare it with RFC 7517"),
    ],
)
async def test_keys_that_cannot_be_read_are_said(office: Office, path: str, detail: str, advice: str) -> None:
    office.provider.metadata = {"jwks_uri": office.provider.issuer + path}
    keys = (await tried(office))["keys"]
    assert (keys["outcome"], detail in keys["detail"], advice in keys["advice"]) == ("failed", True, True)


async def test_without_a_document_the_other_steps_are_skipped(office: Office) -> None:
    steps = await tried(office, issuer=f"{office.provider.issuer}/of-another-tenant")
    assert [step["outcome"] for step in steps.values()] == ["failed", *["skipped"] * 4, "passed"]
    assert "missing at its end" in steps["discovery"]["advice"]


async def test_a_provider_that_is_away_and_one_at_a_private_address_are_told_apart(office: Office) -> None:
    with IdentityProvider() as gone:
        address = gone.issuer
    away = (await tried(office, issuer=address))["discovery"]
    assert (away["detail"], "firewall" in away["advice"]) == ("cannot connect to 127.0.0.1", True)
    private = (await tried(office, issuer="https://10.1.2.3"))["discovery"]
    assert "private ones are not allowed" in private["detail"]
    assert "MAILPROBE_NOTIFY_ALLOW_NETWORKS" in private["advice"]


async def test_what_cannot_be_tried_is_refused(office: Office) -> None:
    nothing = await posted(office, {})
    assert (nothing.status_code, nothing.json()["detail"]) == (404, "The organization has no single sign-on")
    wrong = await posted(office, {"issuer": "ftp://login.example.com"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "issuer")


async def test_it_can_be_done_a_few_times_a_minute(office: Office) -> None:
    answers = [(await posted(office, {"issuer": "http://127.0.0.1:1"})).status_code for _ in range(11)]
    assert answers == [*[200] * 10, 429]


async def test_the_page_tries_what_was_typed_keeps_it_and_stores_nothing(office: Office) -> None:
    office.provider.metadata = {"issuer": "https://login.example.net/<b>"}
    typed = {
        "issuer": office.provider.issuer,
        "client_id": "a client",
        "client_secret": CLIENT_SECRET,
        "domains": "x.org",
    }
    async with browsing_as(office.api, Role.ADMIN) as browser:
        page = await browser.open(PATH)
        page = await press_try(browser, page, **typed)
        assert page.status == 200
        assert "calls itself 'https://login.example.net/<b>'" in page.text
        assert "enter the issuer exactly as it calls itself" in page.text
        assert "net/<b>" not in page.html
        form = page.form(PATH).fields
        assert (form["client_id"], form["domains"], form["client_secret"]) == (["a client"], ["x.org"], [""])
        assert CLIENT_SECRET not in page.html
        assert await office.api.value("SELECT count(*) FROM sign_on") == 0
        office.provider.metadata = {}
        page = await press_try(browser, page)
        assert "The provider can be used" in page.text
        saved = await browser.submit(page, PATH)
        assert saved.path == f"{PATH}?done=made"
    assert (await posted(office, {})).json()["success"]
    assert "clientSecret" in await office.api.value("SELECT config::text FROM sign_on")


async def test_a_wrong_issuer_is_said_at_its_field(office: Office) -> None:
    async with browsing_as(office.api, Role.ADMIN) as browser:
        page = await press_try(browser, await browser.open(PATH), issuer="", client_id="kept")
        assert (page.status, page.id("wrong-issuer").text) == (
            400,
            "must be an https URL without user, query and fragment",
        )
        assert page.form(PATH).fields["client_id"] == ["kept"]
