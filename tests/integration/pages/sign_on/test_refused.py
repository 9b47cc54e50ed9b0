"""Whom single sign-on does not let in: forged answers, other people's accounts, and those without a right to enter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller.model import Role
from controller.operations.sign_on.attempts import LIFE, opened
from shared.clock import utc_now
from tests.integration.api.conftest import Api
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import browsing
from tests.integration.pages.sign_on.conftest import START, Office
from tests.integration.pages.sign_on.test_signing_in import claims


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "http://127.0.0.1:1/realms/other"),
        ("aud", "another client"),
        ("aud", ["mailprobe: tests", "another client"]),  # without azp it is not clear whom it is for
        ("azp", "another client"),
        ("exp", timedelta(seconds=-120)),
        ("iat", timedelta(hours=1)),
        ("nonce", "of another login"),
        ("nonce", None),
        ("sub", None),
        ("sub", ""),
        ("sub", "nul\0"),
        ("at_hash", "of-another-token"),
    ],
)
async def test_a_token_for_something_else(office: Office, claim: str, value: Any) -> None:
    await office.configure()
    office.provider.person = claims()

    def spoil(found: dict[str, Any]) -> None:
        found[claim] = int((utc_now() + value).timestamp()) if isinstance(value, timedelta) else value
        if value is None:
            del found[claim]

    office.provider.spoil = spoil
    page = await office.refused("")
    assert "did not answer as it should" in page.text
    assert "not valid" in str(await office.last_entry("session.login_failed")) or claim == "sub"


@pytest.mark.parametrize("way", ["not_signed", "signed_by_a_stranger", "signed_with_the_public_key"])
async def test_a_token_that_the_provider_has_not_signed(office: Office, way: str) -> None:
    await office.configure()
    office.provider.person = claims()
    office.provider.sign = getattr(office.provider, way)
    await office.refused("the ID token is not valid")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"email_verified": False}, "has not verified the e-mail address"),
        ({"email_verified": "true"}, "has not verified the e-mail address"),
        ({"email": None}, "gave no e-mail address"),
        ({"email": "somebody@example.org"}, "is not one of allowedEmailDomains"),
        ({"groups": ["staff"]}, "none of the person's groups has a role"),
        ({"groups": None}, "none of the person's groups has a role"),
    ],
)
async def test_somebody_without_a_right_to_enter(office: Office, changed: dict[str, Any], reason: str) -> None:
    await office.configure()
    office.provider.person = claims(**changed)
    page = await office.refused(reason)
    assert "Your organization does not let you in here" in page.text
    assert reason not in page.text


async def test_nobody_new_without_create_users(office: Office) -> None:
    await office.configure(createUsers=False)
    office.provider.person = claims()
    await office.refused("createUsers is false")
    assert await office.account(str(office.provider.person["email"])) is None


async def test_a_limit_to_customers_never_becomes_none(office: Office) -> None:
    await office.configure()
    await office.api.value(
        'UPDATE sign_on SET roles = \'[{"group": "operators", "role": "user",'
        ' "customers": ["00000000-0000-4000-8000-000000000000"]}]\''
    )
    office.provider.person = claims()
    await office.refused("no customer is left")


async def test_an_account_of_another_organization_is_never_taken(office: Office) -> None:
    await office.configure()
    other = await person(office.api, Role.USER, organization=await organization_of(office.api, "Strange"))
    office.provider.person = claims(email=other.email)
    await office.refused("the provider may not sign in to")
    account = await office.account(other.email)
    assert account is not None
    assert account["organization_id"] == await organization_of(office.api, "Strange")
    entry = await office.last_entry("session.login_failed")
    assert (entry["object_id"], entry["actor_id"]) == (None, None)


async def test_a_global_role_is_out_of_reach_of_an_organization_that_does_not_run_the_installation(
    office: Office,
) -> None:
    await office.configure(roles=[{"group": "operators", "role": "global_admin"}])
    strange = await organization_of(office.api, "Strange")
    global_admin = await person(office.api, Role.GLOBAL_ADMIN, organization=strange)
    await office.api.value("UPDATE sign_on SET organization_id = $1", strange)
    public_id = await office.api.value("SELECT public_id::text FROM organization WHERE id = $1", strange)
    for email in (global_admin.email, "somebody-new@example.com"):
        office.provider.person = claims(email=email)
        async with browsing(office.api) as browser:
            assert (await office.sign_in(browser, f"/login/sign-on/{public_id}")).status == 401
    assert await office.account("somebody-new@example.com") is None


async def test_an_answer_of_another_browser_or_organization_or_of_nobody(office: Office) -> None:
    await office.configure()
    await office.configure_another()
    office.provider.person = claims()
    async with browsing(office.api) as browser, browsing(office.api) as other:
        back = office.provider.log_in((await browser.open(START, follow=False)).location)
        path = back.removeprefix("http://mailprobe.test")
        strange = await office.api.value("SELECT public_id::text FROM organization WHERE name = 'Strange'")
        for forged in (
            other.open(path),
            browser.open(path.replace("state=", "state=x")),
        ):
            page = await forged
            assert page.status == 401
            assert "was not begun in this browser" in page.id("sign-on-problem").text
        back = office.provider.log_in((await browser.open(START, follow=False)).location)
        path = back.removeprefix("http://mailprobe.test")
        page = await browser.open(path.replace(START, f"/login/sign-on/{strange}"))
        assert page.status == 401
        declined = await browser.open(START, follow=False)
        state = office.provider.log_in(declined.location).partition("state=")[2].partition("&")[0]
        page = await browser.open(f"{START}/return?error=access_denied&state={state}")
        assert (page.status, "did not let you in" in page.text) == (401, True)
        assert "mailprobe_session" not in {*browser.client.cookies, *other.client.cookies}


async def test_a_code_works_once_and_only_for_ten_minutes(office: Office, api: Api) -> None:
    await office.configure()
    office.provider.person = claims()
    async with browsing(office.api) as browser:
        leaving = await browser.open(START, follow=False)
        kept = browser.client.cookies["mailprobe_sign_on"]
        back = office.provider.log_in(leaving.location).removeprefix("http://mailprobe.test")
        assert (await browser.open(back)).status == 200
        browser.client.cookies.set("mailprobe_sign_on", kept, domain="mailprobe.test")
        assert (await browser.open(back)).status == 401
    state = back.partition("state=")[2].partition("&")[0]
    assert opened(api.vault, kept, state, utc_now()) is not None
    assert opened(api.vault, kept, state, utc_now() + LIFE) is None
    assert opened(api.vault, api.vault.encrypt({"issuer": "x"}), state, utc_now()) is None


async def test_a_provider_that_is_away_or_calls_itself_otherwise(office: Office) -> None:
    await office.configure()
    office.provider.metadata = {"issuer": "https://login.example.net"}
    async with browsing(office.api) as browser:
        page = await browser.open(START)
        assert (page.status, "did not answer as it should" in page.text) == (401, True)
        assert "which is not its issuer here" in str(await office.last_entry("session.login_failed"))
        office.provider.metadata = {"authorization_endpoint": "javascript:alert(1)"}
        assert (await browser.open(START)).status == 401
        await office.configure(issuer="http://127.0.0.1:1")
        assert (await browser.open(START)).status == 401
        assert "cannot connect to 127.0.0.1" in str(await office.last_entry("session.login_failed"))


async def test_attempts_that_fail_are_limited(office: Office) -> None:
    await office.configure()
    office.provider.person = claims()
    async with browsing(office.api) as browser:
        for _ in range(100):
            assert (await browser.open(START, follow=False)).status == 303
        page = await browser.open(START, follow=False)
    assert page.status == 429
    assert "There were too many attempts" in page.id("sign-on-problem").text


async def test_logins_of_many_people_at_one_address_are_not_counted(office: Office) -> None:
    await office.configure()
    for _ in range(3):
        office.provider.person = claims()
        async with browsing(office.api) as browser:
            assert (await office.sign_in(browser)).status == 200
    assert await office.api.value("SELECT sum(requests) FROM request_count WHERE who LIKE 'sign_on:%'") == 0
