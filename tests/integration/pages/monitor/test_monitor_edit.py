"""Forms that change a monitor, and copy one: secrets stay where they are, and nobody's change is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.our_monitors.asking import PATH, SECRET, config_of, create
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import Browser, browsing_as

LOGIN = {"user": "probe@example.com", "password": SECRET}


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    await make_locations(api)
    async with browsing_as(api, Role.EDITOR) as browser:
        yield browser


def edit_of(monitor: dict[str, Any]) -> str:
    return f"/monitors/{monitor['id']}/edit"


async def read(api: Api, monitor: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{monitor['id']}")
    shown: dict[str, Any] = answer.json()
    return shown


async def row(api: Api, path: str) -> Any:
    async with api.database.connection() as connection:
        return await connection.fetchrow(
            "SELECT * FROM monitor WHERE public_id = $1::text::uuid", path.partition("?")[0].rpartition("/")[2]
        )


@pytest.mark.parametrize("kind", ["smtp", "imap", "pop3"])
async def test_an_untouched_form_changes_nothing(api: Api, browser: Browser, kind: str) -> None:
    made = await create(
        api,
        kind,
        target={"login": LOGIN, "slowAfterMs": 2000, "certificateWarningDays": 3, "address": "192.0.2.1"},
        labels={"team": "post", "critical": "", "a=b": ""},
        countries=["FI"],
        interval=420,
        timeout=12,
        notes=" one\ntwo\n",
        project="shop",
        externalKey=kind,
        locationsPerRound=3,
        notifyOnError=False,
    )
    before, config = await read(api, made), await config_of(api, made)
    page = await browser.open(edit_of(made))
    answer = await browser.submit(page, edit_of(made), follow=False)
    assert (answer.status, answer.location) == (303, f"/monitors/{made['id']}?done=changed")
    after = await read(api, made)
    assert {**after, "updatedAt": None} == {**before, "updatedAt": None}
    assert await config_of(api, made) == config


async def test_it_stores_what_was_typed_and_says_so(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp")
    page = await browser.open(edit_of(made))
    answer = await browser.submit(
        page,
        edit_of(made),
        name="New name",
        host="mx2.example.com",
        port="2525",
        tls="implicit",
        interval="900",
        labels="team: mail",
        rcpt_to="postmaster@example.com",
    )
    assert "The changes are saved." in answer.text
    shown = await read(api, made)
    assert (shown["name"], shown["interval"], shown["labels"]) == ("New name", 900, {"team": "mail"})
    target = shown["target"]
    assert (target["host"], target["port"], target["tls"]) == ("mx2.example.com", 2525, "implicit")
    assert target["rcptTo"] == "postmaster@example.com"


async def test_a_password_is_never_shown_and_stays(api: Api, browser: Browser) -> None:
    made = await create(api, "imap", target={"login": LOGIN})
    page = await browser.open(edit_of(made))
    assert SECRET not in page.html
    assert page.form(edit_of(made)).fields["secret"] == ["keep"]
    await browser.submit(page, edit_of(made), name="Other", user="other@example.com")
    config = await config_of(api, made)
    assert (config["user"], config["password"]) == ("other@example.com", SECRET)


async def test_a_password_is_replaced(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp", target={"login": LOGIN})
    page = await browser.open(edit_of(made))
    refused = await browser.submit(page, edit_of(made), secret="replace")
    assert refused.status == 400
    assert "is required" in refused.id("wrong-password").text
    await browser.submit(refused, edit_of(made), secret="replace", password="another secret")
    assert (await config_of(api, made))["auth"]["pass"] == "another secret"


async def test_a_login_is_removed(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp", target={"login": LOGIN})
    page = await browser.open(edit_of(made))
    await browser.submit(page, edit_of(made), secret="remove")
    assert "auth" not in await config_of(api, made)


async def test_a_typed_password_is_not_sent_back_with_a_problem(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp")
    page = await browser.open(edit_of(made))
    answer = await browser.submit(page, edit_of(made), user="me", password=SECRET, port="x", notes="kept")
    assert answer.status == 400
    assert SECRET not in answer.html
    form = answer.form(edit_of(made))
    assert (form.fields["user"], form.fields["port"], form.fields["notes"]) == (["me"], ["x"], ["kept"])
    assert "must be a number" in answer.id("wrong-port").text


async def test_another_protocol_has_other_fields_and_keeps_the_login(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp", target={"login": LOGIN})
    page = await browser.open(edit_of(made))
    drawn = await browser.submit(page, edit_of(made), kind="imap", name="Typed", draw="kind")
    assert "These are the fields of IMAP" in drawn.text
    form = drawn.form(edit_of(made))
    assert (form.fields["name"], form.fields["mailbox"]) == (["Typed"], ["INBOX"])
    assert (await read(api, made))["kind"] == "smtp"
    await browser.submit(drawn, edit_of(made))
    shown = await read(api, made)
    assert (shown["kind"], shown["name"], shown["target"]["login"]["hasPassword"]) == ("imap", "Typed", True)
    assert (await config_of(api, made))["password"] == SECRET


async def test_fields_of_another_protocol_are_not_stored_without_being_shown(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp")
    page = await browser.open(edit_of(made))
    drawn = await browser.submit(page, edit_of(made), kind="pop3")
    assert "Nothing is saved yet" in drawn.text
    assert (await read(api, made))["kind"] == "smtp"


async def test_a_change_of_somebody_else_is_not_lost(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp")
    page = await browser.open(edit_of(made))
    await api.client.patch(f"{PATH}/{made['id']}", json={"interval": 600, "notes": "from the other one"})
    answer = await browser.submit(page, edit_of(made), name="Mine")
    assert answer.status == 409
    assert "Somebody changed this monitor" in answer.text
    assert "Stored now: 600" in answer.id("wrong-interval").text
    assert "Stored now: from the other one" in answer.id("wrong-notes").text
    assert "Stored now: Mail" in answer.id("wrong-name").text
    assert "wrong-countries" not in answer.html  # all of them, in both
    assert answer.form(edit_of(made)).fields["name"] == ["Mine"]
    assert (await read(api, made))["name"] == "Mail"
    saved = await browser.submit(answer, edit_of(made), interval="600")
    assert saved.status == 200
    shown = await read(api, made)
    assert (shown["name"], shown["interval"]) == ("Mine", 600)


async def test_a_managed_monitor_says_who_overwrites_changes(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp", project="terraform", externalKey="mx")
    page = await browser.open(edit_of(made))
    assert "in the project terraform : changes here will be overwritten" in page.text


async def test_a_key_that_is_taken_is_named_at_its_field(api: Api, browser: Browser) -> None:
    await create(api, "smtp", project="a", externalKey="taken")
    made = await create(api, "smtp")
    page = await browser.open(edit_of(made))
    answer = await browser.submit(page, edit_of(made), project="a", external_key="taken")
    assert answer.status == 400
    assert "is taken" in answer.id("wrong-external_key").text


async def test_a_copy_has_everything_but_secrets_and_keys(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp", target={"login": LOGIN, "port": 2525}, project="p", externalKey="k", notes="n")
    page = await browser.open(f"/monitors/{made['id']}/duplicate")
    assert SECRET not in page.html
    assert "Passwords are not copied" in page.text
    form = page.form("/monitors/new")
    assert (form.fields["name"], form.fields["customer"]) == (["Mail (copy)"], [CUSTOMER])
    refused = await browser.submit(page, "/monitors/new")
    assert "is required" in refused.id("wrong-password").text
    answer = await browser.submit(refused, "/monitors/new", follow=False, password="typed again")
    copy = await row(api, answer.location)
    assert (copy["name"], copy["port"], copy["notes"], copy["project"]) == ("Mail (copy)", 2525, "n", None)


async def test_what_belongs_to_others_is_not_found(api: Api) -> None:
    await make_locations(api)
    other = await create(api, "smtp", customerId=OTHER_CUSTOMER)
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        for act in ("edit", "duplicate", "delete"):
            assert (await browser.open(f"/monitors/{other['id']}/{act}")).status == 404, act
        for act in ("edit", "delete", "disable", "enable", "begin-maintenance", "end-maintenance"):
            assert (await browser.post(f"/monitors/{other['id']}/{act}", follow=False)).status == 404, act
    assert (await read(api, other))["enabled"] is True


async def test_who_may_change_only_the_status_cannot_edit(api: Api) -> None:
    await make_locations(api)
    made = await create(api, "smtp")
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(f"/monitors/{made['id']}")
        assert not {"Edit", "Duplicate", "Delete …"} & page.links.keys()
        assert (await browser.open(edit_of(made))).status == 404
        assert (await browser.post(edit_of(made), follow=False, name="x")).status == 403
        assert (await browser.post(f"/monitors/{made['id']}/delete", follow=False)).status == 403
        disabled = await browser.submit(page, f"/monitors/{made['id']}/disable")
        assert "The monitor is disabled" in disabled.text
    assert (await read(api, made))["enabled"] is False


async def test_a_link_fills_the_form_but_never_a_password(browser: Browser) -> None:
    link = "/monitors/new?kind=imap&host=mx.example.com&port=143&tls=required&user=me&password=secret-in-a-link"
    page = await browser.open(link)
    fields = page.form("/monitors/new").fields
    assert (fields["kind"], fields["host"], fields["port"], fields["tls"]) == (
        ["imap"],
        ["mx.example.com"],
        ["143"],
        ["required"],
    )
    assert fields["user"] == ["me"]
    assert fields["password"] == [""]


async def test_an_empty_timeout_follows_the_interval(api: Api, browser: Browser) -> None:
    made = await create(api, "smtp", interval=300)
    page = await browser.open(edit_of(made))
    assert page.form(edit_of(made)).fields["timeout"] == [""]
    await browser.submit(page, edit_of(made), interval="10")
    shown = await read(api, made)
    assert (shown["interval"], shown["timeout"]) == (10, 10)
