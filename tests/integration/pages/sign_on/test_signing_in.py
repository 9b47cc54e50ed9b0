"""People sign in by their organization's provider, with the rights that their groups have there."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from controller.model import Role
from tests.fakes.identity.provider import CLIENT_SECRET
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, OTHER_CUSTOMER
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import browsing
from tests.integration.pages.sign_on.conftest import START, Office


def claims(**more: object) -> dict[str, object]:
    """Somebody new, in the group operators."""
    name = uuid4().hex
    return {
        "sub": name,
        "email": f"{name}@example.com",
        "email_verified": True,
        "groups": ["staff", "operators"],
        **more,
    }


async def test_from_the_login_page_to_the_page_that_was_asked_for(office: Office) -> None:
    await office.configure()
    office.provider.person = claims(given_name="Ada", family_name="Example")
    email = str(office.provider.person["email"])
    async with browsing(office.api) as browser:
        login = await browser.open("/login?next=/account")
        leaving = await browser.submit(login, "/login/sign-on", address=email.upper())
        assert leaving.status == 200
        target = leaving.links["Continue to your organization"]
        assert leaving.headers["refresh"] == f"0; url={target}"
        with capture_logs() as logs:
            back = office.provider.log_in(target)
            page = await browser.open(back.removeprefix("http://mailprobe.test"))
        assert (page.status, page.path) == (200, "/account")
        assert email in page.text
        assert "mailprobe_sign_on" not in browser.client.cookies
        again = await browser.open(START, follow=False)
        assert again.location == "/"  # somebody who is logged in is not sent away
        out = await browser.submit(page, "/logout")
        assert out.path == "/login"
        assert (await browser.open("/account", follow=False)).status == 303
    account = await office.account(email)
    assert account is not None
    assert (account["role"], account["customer_ids"]) == ("user", None)
    assert (account["first_name"], account["last_name"]) == ("Ada", "Example")
    entry = await office.last_entry("session.login")
    assert (entry["object_name"], entry["after"]) == (email, {"by": "single sign-on"})
    assert (await office.last_entry("user.created"))["object_name"] == email
    told = str(logs) + page.html + leaving.html
    assert CLIENT_SECRET not in told
    assert "an access token" not in told


async def test_the_page_offers_it_only_where_an_organization_has_it(office: Office) -> None:
    async with browsing(office.api) as browser:
        assert "/login/sign-on" not in [form.action for form in (await browser.open("/login")).forms]
        assert (await browser.open(START)).status == 404
        await office.configure()
        page = await browser.submit(await browser.open("/login"), "/login/sign-on", address="a@example.org")
        assert page.status == 401
        assert "No organization here signs in addresses of this domain" in page.id("sign-on-problem").text
        assert page.form("/login/sign-on").fields["address"] == ["a@example.org"]


async def test_it_does_not_show_who_has_an_account(office: Office) -> None:
    await office.configure()
    known = await person(office.api, Role.USER, organization=await organization_of(office.api, "Ours"))
    answers = []
    async with browsing(office.api) as browser:
        for address in (known.email, f"{uuid4().hex}@example.com"):
            page = await browser.submit(await browser.open("/login"), "/login/sign-on", address=address)
            answers.append((page.status, page.text))
    assert answers[0] == answers[1]


async def test_rights_follow_the_groups_at_each_login(office: Office) -> None:
    await office.configure(
        roles=[
            {"group": "admins", "role": "admin"},
            {"group": "operators", "role": "user", "customers": [CUSTOMER, OTHER_CUSTOMER]},
        ],
        defaultRole="readonly",
        groupsClaim="realm_access.roles",
    )
    both = [office.api.customer, office.api.other_customer]
    who = claims()
    for groups, role, customers in (
        (["operators", "admins"], "admin", None),  # the first that fits
        (["operators"], "user", both),
        (["others"], "readonly", None),
    ):
        office.provider.person = {**who, "realm_access": {"roles": groups}}
        async with browsing(office.api) as browser:
            assert (await office.sign_in(browser)).status == 200
        account = await office.account(str(who["email"]))
        assert account is not None
        assert (account["role"], account["customer_ids"]) == (role, customers)
    entry = await office.last_entry("user.role_changed")
    assert (entry["before"]["role"], entry["after"]["role"]) == ("user", "readonly")
    assert entry["after"]["by"] == "single sign-on"


async def test_an_account_that_exists_is_used_and_known_again_by_its_subject(office: Office) -> None:
    await office.configure(createUsers=False)
    known = await person(office.api, Role.READONLY, organization=await organization_of(office.api, "Ours"))
    office.provider.person = claims(email=known.email.upper())
    async with browsing(office.api) as browser:
        assert known.email in (await office.sign_in(browser, f"{START}?next=/account")).text
    office.provider.person["email"] = "a-new-name@example.com"
    async with browsing(office.api) as browser:
        assert known.email in (await office.sign_in(browser, f"{START}?next=/account")).text
    other_person_with_the_address = claims(email=known.email)
    office.provider.person = other_person_with_the_address
    await office.refused("the provider may not sign in to")


async def test_the_page_that_follows_is_forgotten_when_a_cookie_cannot_hold_it(office: Office) -> None:
    await office.configure()
    for following, path in (("/monitors/new?hostname=" + "ß" * 400, "/monitors/new"), ("/account?" + "ß" * 4000, "/")):
        office.provider.person = claims()
        async with browsing(office.api) as browser:
            leaving = await browser.open(f"{START}?next={quote(following)}", follow=False)
            assert len(leaving.headers["set-cookie"]) < 4000
            page = await office.come_back(browser, leaving)
            assert (page.status, page.path.partition("?")[0]) == (200, path)


async def test_groups_and_address_may_come_from_the_user_information(office: Office) -> None:
    await office.configure()
    who = claims()
    office.provider.person = {"sub": who["sub"]}
    office.provider.userinfo = who
    async with browsing(office.api) as browser:
        assert str(who["email"]) in (await office.sign_in(browser, f"{START}?next=/account")).text
    office.provider.userinfo = claims()
    await office.refused("about somebody else")


@pytest.mark.parametrize("secret", ["in the body", "none"])
async def test_other_ways_of_a_client_to_say_who_it_is(office: Office, secret: str) -> None:
    office.provider.person = claims()
    if secret == "none":
        office.provider.client_secret = None
        await office.configure(clientSecret=None)
    else:
        office.provider.auth_methods = ["client_secret_post"]
        await office.configure()
    async with browsing(office.api) as browser:
        assert (await office.sign_in(browser)).status == 200


async def test_an_address_in_two_organizations_leads_to_the_account_then_to_the_older_claim(office: Office) -> None:
    await office.configure()
    strange = await office.api.value("SELECT public_id::text FROM organization WHERE name = 'Strange'")
    theirs = await person(office.api, Role.USER, organization=await organization_of(office.api, "Strange"))
    await office.configure_another()
    async with browsing(office.api) as browser:
        for address, organization in (("new@example.com", ORGANIZATION), (theirs.email, strange)):
            page = await browser.submit(await browser.open("/login"), "/login/sign-on", address=address)
            assert f"{organization}%2Freturn" in page.headers["refresh"]
