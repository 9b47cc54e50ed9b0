"""Tokens: made with a scope and an expiry, shown once and in no other page or log, and revoked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.pages.browser import Browser, Page, browsing_as
from tests.integration.pages.settings.audited import audited

TOKENS = "/settings/tokens"
NEW = f"{TOKENS}/new"
_TOKEN = re.compile(r"wsm_[\w-]{43,44}")


async def make(browser: Browser, **values: Any) -> Page:
    return await browser.submit(await browser.open(NEW), NEW, **{"name": "Nightly report", **values})


async def made(api: Api, name: str) -> dict[str, Any]:
    async with api.database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT *, public_id::text AS id_text FROM api_token WHERE name = $1 ORDER BY id DESC LIMIT 1", name
        )
    assert row is not None
    return dict(row)


async def test_a_token_is_shown_once_with_a_command_and_works(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        shown = await make(browser, name="Shown once", scope="read", expires="30")
        token = shown.id("token").text
        assert _TOKEN.fullmatch(token)
        assert (shown.path, shown.headers["cache-control"], shown.location) == (NEW, "no-store", "")
        assert shown.id("command").text.startswith(f'curl -H "Authorization: Bearer {token}" https://')
        row = await made(api, "Shown once")
        for path in (TOKENS, NEW, f"{TOKENS}/{row['id_text']}/revoke", "/settings"):
            assert token not in (await browser.open(path)).html
    async with client_of(api.application) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/api/v1/monitors", headers=headers)).status_code == 200
        assert (await client.post("/api/v1/monitors", headers=headers, json={})).status_code == 403
    assert (row["scope"], row["customer_id"], (row["expires_at"] - row["created_at"]).days) == ("read", None, 30)
    assert await audited(api, "token.created", row["id_text"]) == 1
    assert not await api.value("SELECT count(*) FROM audit WHERE audit::text LIKE '%' || $1 || '%'", token)
    assert token not in "".join(capfd.readouterr())


async def test_the_list_says_what_each_token_may_and_who_made_it(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await make(browser, name="Of a customer", scope="write", customer=CUSTOMER, expires="")
        page = await browser.open(f"{TOKENS}?customer={CUSTOMER}")
        row = next(row for row in page.tables()[0] if row[0].startswith("Of a customer"))
        email = await api.value("SELECT actor_name FROM audit WHERE action = 'token.created' ORDER BY id DESC LIMIT 1")
        assert row[1:5] == ["write", "Example Customer", "never", "never"]
        assert row[5].endswith(f"by {email}")


async def test_wrong_values_are_said_at_their_fields(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await make(browser, name="x" * 300, scope="write", customer=OTHER_CUSTOMER)
        assert page.status == 400
        assert "1 to 255" in page.id("wrong-name").text
        form = page.form(NEW).fields
        assert (form["scope"], form["customer"]) == (["write"], [OTHER_CUSTOMER])
        page = await make(browser, scope="all", expires="9999", customer="7")
        assert {"wrong-scope", "wrong-expires", "wrong-customer"} <= {
            one.attributes["id"] for one in page.main.all("p") if "id" in one.attributes
        }
        page = await make(browser, customer=STRANGE_CUSTOMER)
        assert page.id("wrong-customer").text == "is not known"


@pytest.mark.parametrize("role", [Role.USER, Role.EDITOR])
async def test_users_make_customers_tokens_only(api: Api, role: Role) -> None:
    async with browsing_as(api, Role.ADMIN) as admin:
        await make(admin, name="Of the organization")
        ours = (await made(api, "Of the organization"))["id_text"]
    async with browsing_as(api, role) as browser:
        page = await browser.open(NEW)
        assert "" not in [one.attributes["value"] for one in page.id("customer").all("option")]
        assert [one.attributes["value"] for one in page.main.all("input", type="radio")] == ["read", "write"]
        assert (await make(browser, customer=CUSTOMER)).id("token")
        refused = await browser.post(NEW, name="Everything", customer="")
        assert (refused.status, refused.id("wrong-customer").text) == (400, "is required")
        assert (await browser.post(NEW, name="Mighty", customer=CUSTOMER, scope="admin")).status == 403
        assert ours not in (await browser.open(TOKENS)).html
        assert (await browser.open(f"{TOKENS}/{ours}/revoke")).status == 404
        assert (await browser.post(f"{TOKENS}/{ours}/revoke")).status == 404
    assert (await made(api, "Of the organization"))["id_text"] == ours


async def test_somebody_limited_to_a_customer_makes_tokens_of_no_other(api: Api) -> None:
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        page = await browser.open(NEW)
        assert [one.attributes["value"] for one in page.id("customer").all("option")] == [CUSTOMER]
        assert (await browser.post(NEW, name="Theirs", customer=OTHER_CUSTOMER)).status == 403
        assert (await browser.open(f"{TOKENS}?customer={OTHER_CUSTOMER}")).status == 403


@pytest.mark.parametrize("role", [Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_who_only_reads_has_no_tokens(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        assert (await browser.open(TOKENS)).status == 403
        assert (await browser.post(NEW, name="x")).status == 403
        assert TOKENS not in (await browser.open("/settings")).links.values()


async def test_a_revocation_says_what_happens_and_does_it(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        token = (await make(browser, name="Short life")).id("token").text
        row = await made(api, "Short life")
        path = f"{TOKENS}/{row['id_text']}/revoke"
        page = await browser.open(path)
        assert "is refused at once" in page.text
        assert "It was never used." in page.text
        page = await browser.submit(page, path)
        assert page.path == f"{TOKENS}?done=revoked"
        assert (await browser.open(path)).status == 404
    async with client_of(api.application) as client:
        answer = await client.get("/api/v1/monitors", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert await audited(api, "token.deleted", row["id_text"]) == 1


async def test_tokens_of_other_organizations_do_not_exist(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN, organization="Strange") as stranger:
        await make(stranger, name="Strange token")
    strange = (await made(api, "Strange token"))["id_text"]
    async with browsing_as(api, Role.ADMIN) as browser:
        assert "Strange token" not in (await browser.open(TOKENS)).html
        assert (await browser.open(f"{TOKENS}/{strange}/revoke")).status == 404
        assert (await browser.post(f"{TOKENS}/{strange}/revoke")).status == 404
        assert (await browser.open(f"{TOKENS}?customer={STRANGE_CUSTOMER}")).status == 404
    assert (await made(api, "Strange token"))["id_text"] == strange
