"""Single sign-on: set up, changed and ended on pages; its secret is written and never read."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.pages.browser import Browser, Page, browsing_as
from tests.integration.pages.settings.audited import audited

PATH = "/settings/sign-on"
END = f"{PATH}/end"
SECRET = "n0t-a-real-secret"
_FILLED: dict[str, Any] = {
    "issuer": "https://login.example.com/realms/example",
    "client_id": "mailprobe",
    "client_secret": SECRET,
    "domains": "Example.com, example.org",
    "group": ["mail-admins", "", "mail-operators"],
    "role": ["admin", "user", "readonly"],
    "limits": [f"2:{CUSTOMER}"],
    "default_role": "",
    "create_users": "on",
}


@pytest.fixture(autouse=True)
async def none_before(api: Api) -> None:
    await api.value("DELETE FROM sign_on")


async def set_up(browser: Browser, **values: Any) -> Page:
    return await browser.submit(await browser.open(PATH), PATH, **{**_FILLED, **values})


async def of_the_api(browser: Browser) -> dict[str, Any]:
    answer = await browser.client.get("/api/v1/sign-on", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_it_is_set_up_as_the_api_does_and_the_secret_is_in_no_page(api: Api) -> None:
    made = await audited(api, "sign_on.created", ORGANIZATION)
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await set_up(browser)
        assert page.path == f"{PATH}?done=made"
        assert SECRET not in page.html
        stored = await of_the_api(browser)
    assert (stored["issuer"], stored["clientId"], stored["hasClientSecret"]) == (
        _FILLED["issuer"],
        "mailprobe",
        True,
    )
    assert (stored["allowedEmailDomains"], stored["createUsers"], stored["defaultRole"]) == (
        ["example.com", "example.org"],
        True,
        None,
    )
    assert stored["roles"] == [
        {"group": "mail-admins", "role": "admin", "customers": None},
        {"group": "mail-operators", "role": "readonly", "customers": [CUSTOMER]},
    ]
    assert await audited(api, "sign_on.created", ORGANIZATION) == made + 1
    assert not await api.value("SELECT count(*) FROM sign_on WHERE sign_on::text LIKE '%' || $1 || '%'", SECRET)


async def test_saving_what_is_shown_changes_nothing(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await set_up(browser)
        changed = await audited(api, "sign_on.changed", ORGANIZATION)
        before = await of_the_api(browser)
        page = await browser.submit(await browser.open(PATH), PATH)
        assert page.path == f"{PATH}?done=saved"
        after = await of_the_api(browser)
    assert {**after, "updatedAt": ""} == {**before, "updatedAt": ""}
    assert await audited(api, "sign_on.changed", ORGANIZATION) == changed


@pytest.mark.parametrize(("choice", "left"), [("keep", True), ("replace", True), ("remove", False)])
async def test_the_secret_is_kept_replaced_or_removed(api: Api, choice: str, left: bool) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await set_up(browser)
        before = await api.value("SELECT config::text FROM sign_on")
        sent = "another-secret" if choice == "replace" else ""
        page = await browser.submit(await browser.open(PATH), PATH, secret=choice, client_secret=sent)
        assert page.path == f"{PATH}?done=saved"
        assert (await of_the_api(browser))["hasClientSecret"] is left
    assert (await api.value("SELECT config::text FROM sign_on") == before) is (choice == "keep")


async def test_wrong_values_are_said_at_their_fields_and_only_the_secret_is_lost(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await set_up(
            browser,
            issuer="http://login.example.com",
            domains="localhost",
            group=["a", "b", "a"],
            scopes="email",
        )
        assert page.status == 400
        assert page.id("wrong-issuer").text == "must be an https URL without user, query and fragment"
        assert page.id("wrong-domains").text == "must be a domain, as example.com"
        assert page.id("wrong-group").text == "a: is named before: the first one counts"
        assert page.id("wrong-scopes").text == "must hold openid"
        form = page.form(PATH).fields
        assert form["group"][:3] == ["a", "b", "a"]
        assert (form["role"][:3], form["limits"]) == (_FILLED["role"], _FILLED["limits"])
        assert form["client_secret"] == [""]
        assert SECRET not in page.html
        page = await set_up(browser, client_id="é", default_role="king")
        assert page.id("wrong-client_id").text == "must be of printable ASCII characters"
        assert page.id("wrong-default_role").text == "must be chosen from the list"
    assert not await api.value("SELECT count(*) FROM sign_on")


async def test_another_issuer_needs_the_secret_again(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await set_up(browser)
        page = await browser.submit(await browser.open(PATH), PATH, issuer="https://login.example.org")
        assert (page.status, page.id("wrong-client_secret").text) == (
            400,
            "must be sent with a new issuer, which else would get the old one",
        )


async def test_global_roles_are_offered_to_the_organization_that_runs_the_installation_only(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN, organization="Strange") as browser:
        page = await browser.open(PATH)
        assert "global_admin" not in page.html
        refused = await set_up(browser, group=["all"], role=["global_admin"], limits=[])
        assert refused.id("wrong-group").text.startswith("all: role must be one of admin, user, editor, readonly")


async def test_the_last_refusal_is_shown(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await set_up(browser)
        assert "Last refusal none" in (await browser.open(PATH)).text
        await api.value(
            "INSERT INTO audit (organization_id, actor_kind, action, object_kind, object_name, after)"
            " SELECT id, 'person', 'session.login_failed', 'user', 'ada@example.com', $1::json FROM organization"
            " WHERE name = 'Ours'",
            {"by": "single sign-on", "reason": "the provider gave <b>no</b> address"},
        )
        page = await browser.open(PATH)
    assert "ago, ada@example.com: the provider gave <b>no</b> address" in page.text
    assert "gave <b>no" not in page.html


async def test_its_end_says_what_happens_and_does_it(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await set_up(browser)
        page = await browser.open(END)
        assert "Accounts stay, with the roles that they have now." in page.text
        page = await browser.submit(page, END)
        assert page.path == f"{PATH}?done=deleted"
        assert (await browser.open(END)).status == 404
    assert not await api.value("SELECT count(*) FROM sign_on")


@pytest.mark.parametrize("role", [Role.USER, Role.EDITOR, Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_only_administrators_reach_it(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        assert PATH not in (await browser.open("/settings")).links.values()
        for path in (PATH, END):
            assert (await browser.open(path)).status == 403
            assert (await browser.post(path)).status == 403
