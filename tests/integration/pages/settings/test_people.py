"""People: added with a link that is shown once, changed, logged out and deleted, each as the API does it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from controller.model import Role
from controller.pages.words.roles import ROLES
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.people import Person, organization_of, person
from tests.integration.pages.browser import Browser, Page, browsing, browsing_as
from tests.integration.pages.settings.audited import audited

PEOPLE = "/settings/people"
NEW = f"{PEOPLE}/new"
_CODE = re.compile(r"#code=([0-9a-f]{32})")


async def somebody(api: Api, role: Role = Role.USER, organization: str = "Ours") -> Person:
    return await person(api, role, organization=await organization_of(api, organization))


async def add(browser: Browser, **values: Any) -> Page:
    return await browser.submit(await browser.open(NEW), NEW, **values)


async def test_a_colleague_comes_in_by_a_link_that_is_shown_once_and_chooses_a_password(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as admin, browsing(api) as colleague:
        shown = await add(admin, email="ada@example.com", first_name="Ada", role="editor", customers=[CUSTOMER])
        assert (shown.status, shown.path, shown.headers["cache-control"]) == (200, NEW, "no-store")
        row = await api.value(
            "SELECT row(role, customer_ids, first_name)::text FROM account WHERE email = 'ada@example.com'"
        )
        assert row == f"(editor,{{{api.customer}}},Ada)"
        found = _CODE.search(shown.id("link").text)
        assert found is not None
        assert found[1] not in (await admin.open(PEOPLE)).html
        login = await colleague.open("/login?next=/account")
        page = await colleague.submit(login, "/login/code", code=found[1])
        assert page.path == "/account"
        assert "choose a password here, without the current one" in page.text
        password = "correct horse battery staple"
        page = await colleague.submit(page, "/account/password", password=password, again=password)
        assert page.path == "/account?done=password"
        again = await colleague.submit((await colleague.open("/account")), "/logout")
        refused = await colleague.submit(again, "/login/code", code=found[1])
        assert refused.status == 401


async def test_a_link_is_stored_only_as_its_hash_and_is_audited(api: Api) -> None:
    theirs = await somebody(api)
    async with browsing_as(api, Role.ADMIN) as admin:
        page = await admin.open(f"{PEOPLE}/{theirs.public_id}")
        first = _CODE.search((await admin.submit(page, f"{PEOPLE}/{theirs.public_id}/link")).html)
        second = _CODE.search((await admin.submit(page, f"{PEOPLE}/{theirs.public_id}/link")).html)
        again = await admin.open(f"{PEOPLE}/{theirs.public_id}")
    assert first
    assert second
    assert first[1] != second[1]
    assert "not used yet, works until" in again.text
    assert await api.value("SELECT count(*) FROM login_code WHERE account_id = $1", theirs.id) == 1
    assert await audited(api, "login_link.created", theirs.public_id) == 2
    assert not await api.value("SELECT count(*) FROM audit WHERE audit::text LIKE '%' || $1 || '%'", second[1])


@pytest.mark.parametrize(
    ("organization", "roles"),
    [
        pytest.param("Strange", ["readonly", "user", "editor", "admin"], id="any organization"),
        pytest.param("Ours", [one.value for one in ROLES], id="the one that runs the installation"),
    ],
)
async def test_each_role_that_may_be_given_is_explained_where_it_is_chosen(
    api: Api, organization: str, roles: list[str]
) -> None:
    async with browsing_as(api, Role.ADMIN, organization=organization) as admin:
        page = await admin.open(NEW)
    choices = [one for one in page.main.all("input") if one.attributes["name"] == "role"]
    assert [one.attributes["value"] for one in choices] == roles
    assert all(one.parent and one.parent.one("small").text for one in choices)


async def test_a_wrong_value_is_said_at_its_field_and_nothing_typed_is_lost_but_the_password(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as admin:
        page = await add(
            admin,
            email="nobody",
            first_name="Ada",
            role="readonly",
            customers=[OTHER_CUSTOMER],
            entry="password",
            password="secret7",
        )
    assert page.status == 400
    assert page.id("wrong-email").text == "must be an e-mail address"
    assert page.id("wrong-password").text == "must be 8 to 128 characters long"
    form = page.form(NEW).fields
    assert (form["email"], form["first_name"], form["role"]) == (["nobody"], ["Ada"], ["readonly"])
    assert (form["customers"], form["entry"], form["password"]) == ([OTHER_CUSTOMER], ["password"], [""])
    assert "secret7" not in page.html


async def test_an_address_that_is_taken_is_said_at_its_field(api: Api) -> None:
    taken = await somebody(api)
    async with browsing_as(api, Role.ADMIN) as admin:
        page = await add(admin, email=taken.email.upper())
    assert (page.status, page.id("wrong-email").text) == (409, "is the address of an account that exists already")


async def test_a_colleague_with_a_password_set_by_the_administrator_logs_in(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as admin, browsing(api) as colleague:
        page = await add(admin, email="bea@example.com", entry="password", password="correct horse")
        assert page.path.endswith("?done=added")
        assert "correct horse" not in page.html
        page = await colleague.submit(
            await colleague.open("/login"), "/login", email="bea@example.com", password="correct horse"
        )
        assert page.path == "/"


async def test_role_name_and_customers_are_changed(api: Api) -> None:
    theirs = await somebody(api)
    path = f"{PEOPLE}/{theirs.public_id}"
    async with browsing_as(api, Role.ADMIN) as admin:
        page = await admin.submit(
            await admin.open(path), path, role="readonly", last_name="Lovelace", customers=[CUSTOMER, OTHER_CUSTOMER]
        )
        assert (page.path, page.main.one(class_="is-done").text) == (f"{path}?done=saved", "The changes were saved.")
        page = await admin.submit(page, path, role="readonly", customers=[])
        assert "This account sees no monitor and no incident" in page.text
    row = await api.value("SELECT row(role, last_name, customer_ids)::text FROM account WHERE id = $1", theirs.id)
    assert row == "(readonly,Lovelace,)"
    assert await audited(api, "user.role_changed", theirs.public_id) == 1


async def test_sessions_are_ended_by_an_administrator(api: Api) -> None:
    theirs = await somebody(api)
    path = f"{PEOPLE}/{theirs.public_id}"
    async with browsing_as(api, Role.ADMIN) as admin, browsing(api, theirs) as colleague:
        assert (await colleague.open("/account")).status == 200
        page = await admin.submit(await admin.open(path), f"{path}/sessions")
        assert page.path == f"{path}?done=sessions"
        assert (await colleague.open("/account", follow=False)).status == 303
    assert await api.value(
        "SELECT count(*) FROM audit WHERE action = 'session.ended' AND object_name = $1", theirs.email
    )


async def test_a_removal_says_what_happens_and_does_it(api: Api) -> None:
    theirs = await somebody(api, Role.ADMIN)
    path = f"{PEOPLE}/{theirs.public_id}"
    async with browsing(api, theirs) as colleague:
        token = await colleague.submit(
            await colleague.open("/settings/tokens/new"), "/settings/tokens/new", name="Nightly report"
        )
        assert token.status == 200
    async with browsing_as(api, Role.ADMIN) as admin:
        page = await admin.open(f"{path}/delete")
        assert "API tokens that they made keep working : Nightly report" in page.text
        assert await api.value("SELECT count(*) FROM account WHERE id = $1", theirs.id) == 1
        page = await admin.submit(page, f"{path}/delete")
        assert page.path == f"{PEOPLE}?done=deleted"
        assert (await admin.open(path)).status == 404
    assert await api.value("SELECT count(*) FROM account WHERE id = $1", theirs.id) == 0
    assert await audited(api, "user.deleted", theirs.public_id) == 1


async def test_nobody_changes_their_own_role_or_lets_themselves_in(api: Api) -> None:
    own = await somebody(api, Role.ADMIN)
    path = f"{PEOPLE}/{own.public_id}"
    async with browsing(api, own) as browser:
        page = await browser.open(path)
        assert page.form(path).names == {"_csrf_token", "first_name", "last_name", "version"}
        assert "so that an administrator always remains" in page.text
        assert (await browser.submit(page, path, first_name="Me")).path == f"{path}?done=saved"
        assert (await browser.post(path, role="user")).status == 400
        assert (await browser.post(f"{path}/link")).status == 403
        assert (await browser.post(f"{path}/sessions")).status == 403
        assert (await browser.post(f"{path}/delete")).status == 400
        assert (await browser.open(f"{path}/delete")).status == 404


@pytest.mark.parametrize("role", [Role.USER, Role.EDITOR, Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_only_administrators_reach_people(api: Api, role: Role) -> None:
    theirs = await somebody(api)
    async with browsing_as(api, role) as browser:
        assert PEOPLE not in (await browser.open("/settings")).links.values()
        assert (await browser.open(PEOPLE)).status == 403
        assert (await browser.post(NEW, email="x@example.com")).status == 403
        for act in ("", "/link", "/sessions", "/delete"):
            assert (await browser.post(f"{PEOPLE}/{theirs.public_id}{act}")).status in {403, 404}
    assert await api.value("SELECT count(*) FROM account WHERE id = $1", theirs.id) == 1


async def test_people_of_other_organizations_do_not_exist(api: Api) -> None:
    strange = await somebody(api, organization="Strange")
    async with browsing_as(api, Role.ADMIN) as admin:
        assert strange.email not in (await admin.open(PEOPLE)).html
        for path in ("", "/delete"):
            assert (await admin.open(f"{PEOPLE}/{strange.public_id}{path}")).status == 404
        for act in ("", "/link", "/sessions", "/delete"):
            assert (await admin.post(f"{PEOPLE}/{strange.public_id}{act}")).status == 404


async def test_an_administrator_makes_no_link_for_somebody_with_more_rights(api: Api) -> None:
    number = await api.value("INSERT INTO organization (name) VALUES ('Third') RETURNING id")
    mighty = await person(api, Role.GLOBAL_ADMIN, organization=number)
    path = f"{PEOPLE}/{mighty.public_id}"
    async with browsing_as(api, Role.ADMIN, organization="Third") as admin:
        page = await admin.open(path)
        assert "This account may do more than yours" in page.text
        assert [form.action for form in page.forms] == ["/logout"]
        assert (await admin.post(f"{path}/link")).status == 403
        assert (await admin.post(f"{path}/sessions")).status == 403
    assert not await api.value("SELECT count(*) FROM login_code WHERE account_id = $1", mighty.id)
    await api.value("DELETE FROM account WHERE organization_id = $1", number)
    await api.value("DELETE FROM organization WHERE id = $1", number)


async def test_people_are_searched_by_name_and_address(api: Api) -> None:
    theirs = await somebody(api)
    async with browsing_as(api, Role.ADMIN) as admin:
        page = await admin.open(f"{PEOPLE}?q={theirs.email[:12]}")
        assert [row[0] for row in page.tables()[0][1:]] == [theirs.email]
        assert "Nobody here has that name" in (await admin.open(f"{PEOPLE}?q=nobody-is-called-so")).text


@pytest.mark.parametrize("entry", ["link", "password"])
async def test_who_sees_nothing_is_named_before_and_after_saving(api: Api, entry: str) -> None:
    await api.create(name="Not for them")
    async with browsing_as(api, Role.ADMIN) as admin:
        form = await admin.open(NEW)
        assert "(none ticked: none)" in form.text
        assert "this person will see no monitor" in form.main.one(class_="sees-nothing").text
        values = {"password": "correct horse battery staple"} if entry == "password" else {}
        page = await add(admin, email=f"{entry}@example.com", role="readonly", entry=entry, **values)
        assert "This account sees no monitor and no incident" in page.text
        path = f"{PEOPLE}/{await public_id_of(api, f'{entry}@example.com')}"
        shown = await admin.submit(await admin.open(path), path, customers=[CUSTOMER])
        assert "This account sees no monitor" not in shown.text
        assert "the monitors and incidents of 1 customer: " in shown.text


async def test_what_such_a_person_sees_is_what_the_warning_says(api: Api) -> None:
    await api.create(name="Not for them")
    async with browsing_as(api, Role.READONLY, customers=None) as browser:
        for path in ("/", "/incidents", "/changes", "/locations", "/wall"):
            page = await browser.open(path)
            assert page.status == 200, path
            assert "Not for them" not in page.text


async def public_id_of(api: Api, email: str) -> str:
    return str(await api.value("SELECT public_id FROM account WHERE email = $1", email))
