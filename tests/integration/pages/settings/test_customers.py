"""Customers: listed with their monitors, added and changed, by those who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.pages.browser import browsing_as
from tests.integration.pages.settings.audited import audited

CUSTOMERS = "/settings/customers"
NEW = f"{CUSTOMERS}/new"
OURS = f"{CUSTOMERS}/{CUSTOMER}"
_EVERYTHING: dict[str, Any] = {
    "name": "Harbour Hotels",
    "email": "office@harbour.example",
    "status": "marked_for_cancellation",
    "package": "gold",
    "notification_email": "night@harbour.example",
    "notification_phone": "+49 30 123456",
    "countries": "de, FR",
    "threshold": "2",
    "reports": "on",
    "custom_fields": '{"contract": "A-1"}',
}
_STORED = [
    *("Harbour Hotels", "office@harbour.example", "marked_for_cancellation", "gold", "night@harbour.example"),
    *("+4930123456", ["DE", "FR"], 2, True, {"contract": "A-1"}),
]


async def stored(api: Api, public_id: str) -> list[object]:
    row = await api.value(
        "SELECT json_build_array(name, email, status, package_type, notification_email, notification_phone_number,"
        " allowed_check_country_codes, alert_location_threshold_count, monthly_reports_enabled, custom_fields)::text"
        " FROM customer WHERE public_id = $1::uuid",
        public_id,
    )
    found: list[object] = json.loads(row)
    return found


async def test_a_customer_is_added_with_everything_the_api_knows_and_shown_again(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(NEW), NEW, **_EVERYTHING)
        assert page.path.endswith("?done=added")
        made = page.path.rpartition("/")[2].partition("?")[0]
        assert await stored(api, made) == _STORED
        assert await audited(api, "customer.created", made) == 1
        again = await browser.submit(page, f"{CUSTOMERS}/{made}")
        assert again.path == f"{CUSTOMERS}/{made}?done=saved"
        assert await stored(api, made) == _STORED
        assert await audited(api, "customer.changed", made) == 0


async def test_a_customer_is_renamed(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        path = f"{CUSTOMERS}/{OTHER_CUSTOMER}"
        page = await browser.submit(await browser.open(path), path, name="Renamed", notification_email="a@example.com")
        assert (page.path, page.headings[0]) == (f"{path}?done=saved", "Renamed")
        await browser.submit(page, path, name="Other Customer", notification_email="")
    assert await audited(api, "customer.changed", OTHER_CUSTOMER) == 2


async def test_the_list_counts_monitors_and_leads_to_them(api: Api) -> None:
    before = await api.value("SELECT count(*) FROM monitor WHERE customer_id = $1 AND deleted_at IS NULL", api.customer)
    await api.create(name="One more")
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(CUSTOMERS)
        assert [row[:2] for row in page.tables()[0][1:]] == [["Example Customer", str(before + 1)]]
        assert f"/?customer={CUSTOMER}" in page.links.values()
        page = await browser.open(OURS)
        assert [form.action for form in page.forms] == ["/logout"]
        assert f"/policies/customers/{CUSTOMER}" in page.links.values()


async def test_every_wrong_value_is_said_at_its_field_and_nothing_typed_is_lost(api: Api) -> None:
    wrong: dict[str, Any] = {
        **_EVERYTHING,
        "name": "",
        "email": "nobody",
        "notification_email": "also nobody",
        "notification_phone": "12",
        "countries": "DE XX",
        "threshold": "2000",
    }
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(NEW), NEW, **wrong)
        assert page.status == 400
        marked = {
            one.attributes["id"] for one in page.main.all("p") if one.attributes.get("id", "").startswith("wrong-")
        }
        names = {"name", "email", "notification_email", "notification_phone", "countries", "threshold"}
        assert marked == {f"wrong-{name}" for name in names}
        assert {name: [value] for name, value in wrong.items()}.items() <= page.form(NEW).fields.items()
        page = await browser.submit(await browser.open(NEW), NEW, name="x", threshold="two", custom_fields="[1]")
        assert page.id("wrong-threshold").text == "must be a number, or empty"
        assert page.id("wrong-custom_fields").text.startswith("must be a JSON object")


@pytest.mark.parametrize("role", [Role.USER, Role.EDITOR, Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_only_administrators_change_customers(api: Api, role: Role) -> None:
    async with browsing_as(api, role, customers=[api.customer]) as browser:
        assert NEW not in (await browser.open(CUSTOMERS)).links.values()
        assert (await browser.open(NEW)).status == 403
        assert (await browser.post(NEW, name="x")).status == 403
        assert (await browser.post(OURS, name="x")).status == 403
    assert await api.value("SELECT name FROM customer WHERE id = $1", api.customer) == "Example Customer"


async def test_other_customers_are_shown_to_nobody(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as admin:
        assert "Strange Customer" not in (await admin.open(CUSTOMERS)).html
        assert (await admin.open(f"{CUSTOMERS}/{STRANGE_CUSTOMER}")).status == 404
        assert (await admin.post(f"{CUSTOMERS}/{STRANGE_CUSTOMER}", name="x")).status == 404
        assert (await admin.open(f"{CUSTOMERS}/7")).status == 404
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        assert (await browser.open(f"{CUSTOMERS}/{OTHER_CUSTOMER}")).status == 404
