"""The form of a new monitor."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import browsing_as


@pytest.fixture(autouse=True)
async def locations(api: Api) -> None:
    await make_locations(api)


async def stored(api: Api, path: str) -> Any:
    public_id = path.partition("?")[0].rpartition("/")[2]
    async with api.database.connection() as connection:
        return await connection.fetchrow("SELECT * FROM monitor WHERE public_id = $1::text::uuid", public_id)


@pytest.mark.parametrize(
    ("values", "kind", "port", "config"),
    [
        ({"kind": "smtp"}, "smtp", None, {}),
        ({"kind": "smtp", "port": "587", "tls": "required"}, "smtp", 587, {"requireTls": True}),
        ({"kind": "smtp", "tls": "none"}, "smtp", None, {"ignoreTls": True}),
        ({"kind": "imap"}, "imap", None, {"protocol": "imap", "tls": True}),
        ({"kind": "pop3", "tls": "required"}, "pop3", None, {"protocol": "pop3", "starttls": "required"}),
    ],
)
async def test_it_makes_a_monitor_and_shows_its_page(
    api: Api, values: dict[str, Any], kind: str, port: int | None, config: dict[str, Any]
) -> None:
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        page = await browser.open(f"/monitors/new?kind={values['kind']}")
        answer = await browser.submit(page, "/monitors/new", follow=False, host=" mx.example.com ", **values)
    assert (answer.status, answer.location[:10]) == (303, "/monitors/")
    row = await stored(api, answer.location)
    assert (row["kind"], row["port"], row["config"], row["name"]) == (kind, port, config, "mx.example.com")
    assert (row["customer_id"], row["allowed_check_country_codes"], row["interval_seconds"]) == (api.customer, None, 60)


async def test_chosen_countries_and_a_customer_are_kept(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/monitors/new")
        answer = await browser.submit(
            page,
            "/monitors/new",
            follow=False,
            host="mx.example.com",
            name="Own name",
            countries=["FI"],
            customer=OTHER_CUSTOMER,
            interval="300",
        )
    row = await stored(api, answer.location)
    assert (row["name"], row["customer_id"], row["allowed_check_country_codes"], row["interval_seconds"]) == (
        "Own name",
        api.other_customer,
        ["FI"],
        300,
    )


async def test_the_page_of_a_monitor_that_no_location_may_check_says_why_at_once(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/monitors/new")
        await api.value("UPDATE location SET enabled = false WHERE country_code = 'FI'")
        made = await browser.submit(
            page, "/monitors/new", follow=False, host="mx.example.com", countries=["FI"], customer=CUSTOMER
        )
        shown = await browser.open(made.location)
    assert "no location can check it: no location in FI is enabled" in shown.text


async def test_the_page_of_a_monitor_warns_when_its_messages_go_to_the_server_that_it_checks(api: Api) -> None:
    await api.value("INSERT INTO mail_route (domain, hosts) VALUES ('own.test', '{own.test,mx.own.test}')")
    values: dict[str, Any] = {"host": "mx.own.test", "customer": CUSTOMER, "notification_email": "ops@own.test"}
    async with browsing_as(api, Role.EDITOR) as browser:
        made = await browser.submit(await browser.open("/monitors/new"), "/monitors/new", **values)
        path = made.path.partition("?")[0]
        edit = await browser.open(f"{path}/edit")
        changed = await browser.submit(edit, f"{path}/edit", notification_email="ops@192.0.2.7")
    assert "The monitor is there." in made.text
    assert "may not arrive: mail for own.test is served by mx.own.test, which is monitored here" in made.text
    assert ("The changes are saved." in changed.text, "may not arrive" in changed.text) == (True, False)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"host": "smtp://x"}, "host", "must be a valid hostname"),
        ({"port": "smtp"}, "port", "must be a number from 1 to 65535, or empty"),
        ({"port": "0"}, "port", "must be a number from 1 to 65535"),
        ({"countries": []}, "countries", "must hold at least one"),
        ({"customer": ""}, "customer", "must be chosen"),
        ({"customer": STRANGE_CUSTOMER}, "customer", "must be one of the list"),
        ({"name": "x" * 256}, "name", "must be a string of 1 to 255"),
    ],
)
async def test_a_wrong_field_is_named_beside_it_and_the_rest_is_kept(
    api: Api, values: dict[str, Any], field: str, words: str
) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/monitors/new?kind=imap")
        fields = {"host": "mx.example.com", "kind": "imap", "customer": CUSTOMER, **values}
        answer = await browser.submit(page, "/monitors/new", **fields)
    assert answer.status == 400
    assert words in answer.id(f"wrong-{field}").text
    form = answer.form("/monitors/new")
    assert form.fields["kind"] == ["imap"]
    assert form.fields["host"] == [fields["host"]]
    find = answer.form("/monitors/new/find")  # what is no hostname may be an address or a URL
    assert find.fields["address"] == [fields["host"] if field == "host" else ""]


async def test_who_may_not_create_is_refused(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR, customers=[api.customer]) as browser:
        page = await browser.open("/monitors/new")
        answer = await browser.submit(page, "/monitors/new", host="mx.example.com", follow=False)
        assert answer.status == 303
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        assert (await browser.open("/monitors/new")).status == 403
        assert "New monitor" not in (await browser.open("/")).text
