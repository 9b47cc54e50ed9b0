"""The pages of how incidents are told: grouping of the organization, and grouping and reminders of customers."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.pages.browser import browsing_as

GROUPING = "/settings/grouping"
MESSAGES = f"/settings/customers/{CUSTOMER}/messages"


@pytest.fixture(autouse=True)
async def nothing_set(api: Api) -> None:
    await api.value("UPDATE organization SET grouping = NULL, reminders = NULL")
    await api.value("UPDATE customer SET grouping = NULL, reminders = NULL")


async def test_the_organization_sets_it_and_sees_what_happens_then(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        assert (await browser.open("/settings")).links["Grouping"] == GROUPING
        page = await browser.open(GROUPING)
        assert "1 min later a second message lists all others" in page.text
        assert "at most one in 5 min" in page.text
        assert "More than 5 different causes within a minute are a storm" in page.text
        page = await browser.submit(page, GROUPING, group_seconds="120", group_update_seconds="", storm_limit="9")
        assert "The settings of grouping are saved." in page.text
        assert "2 min later a second message" in page.text
        assert await api.value("SELECT grouping FROM organization WHERE name = 'Ours'") == {
            "enabled": True,
            "groupSeconds": 120,
            "stormLimit": 9,
        }
        page = await browser.submit(page, GROUPING, enabled="off")
        assert "you get 40 messages, one for each" in page.text


async def test_a_customer_differs_where_it_says_so(api: Api) -> None:
    await api.value("UPDATE organization SET grouping = $1, reminders = $2", {"groupSeconds": 120}, {"enabled": True})
    async with browsing_as(api, Role.ADMIN) as browser:
        assert MESSAGES in (await browser.open(f"/settings/customers/{CUSTOMER}")).links.values()
        page = await browser.open(MESSAGES)
        assert "as the organization says: together, in few messages" in page.text
        assert "empty: 120, as the organization says" in page.text
        assert "Whoever was notified is reminded after 15 minutes" in page.text
        page = await browser.submit(page, f"{MESSAGES}/grouping", storm_limit="3")
        assert "More than 3 different causes within a minute" in page.text
        assert "2 min later a second message" in page.text
        page = await browser.submit(page, f"{MESSAGES}/reminders", enabled="off")
        assert "Nobody is reminded" in page.text
        found = (await api.client.get(f"/api/v1/customers/{CUSTOMER}/grouping")).json()
        assert (found["groupSeconds"], found["stormLimit"], found["inForce"]["groupSeconds"]) == (None, 3, 120)
        assert (await api.client.get(f"/api/v1/customers/{CUSTOMER}/reminders")).json()["enabled"] is False
        await browser.submit(page, f"{MESSAGES}/grouping", storm_limit="")
        assert await api.value("SELECT grouping FROM customer WHERE public_id = $1::text::uuid", CUSTOMER) is None


@pytest.mark.parametrize(
    ("action", "name", "value", "rule"),
    [
        pytest.param("grouping", "group_seconds", "9", "must be from 10 to 3600", id="too short"),
        pytest.param("grouping", "storm_limit", "many", "must be a whole number, or empty", id="no number"),
        pytest.param("grouping", "enabled", "perhaps", "must be one of the list", id="no choice"),
        pytest.param("reminders", "first_minutes", "0", "must be from 1 to 1440", id="no pause"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(api: Api, action: str, name: str, value: str, rule: str) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        typed: dict[str, Any] = {name: value}
        page = await browser.submit(await browser.open(MESSAGES), f"{MESSAGES}/{action}", **typed)
        assert page.status == 400
        assert page.id(f"wrong-{name}").text == rule
        page = await browser.submit(await browser.open(MESSAGES), f"{MESSAGES}/{action}")
        assert page.status == 200


async def test_a_change_of_somebody_else_is_not_lost(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(MESSAGES)
        answer = await api.client.put(f"/api/v1/customers/{CUSTOMER}/grouping", json={"stormLimit": 7})
        assert answer.status_code == 200
        conflict = await browser.submit(page, f"{MESSAGES}/grouping", storm_limit="8")
        assert (conflict.status, conflict.id("wrong-storm_limit").text) == (409, "Stored now: 7")
        saved = await browser.submit(conflict, f"{MESSAGES}/grouping")
        assert saved.status == 200
        assert (await api.client.get(f"/api/v1/customers/{CUSTOMER}/grouping")).json()["stormLimit"] == 8


async def test_who_looks_after_some_customers_sets_it_for_these(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN, customers=[api.customer]) as browser:
        page = await browser.open(GROUPING)
        assert page.status == 200
        assert "Your account is limited to some customers." in page.text
        assert not [form for form in page.forms if form.action == GROUPING]
        assert (await browser.open(MESSAGES)).status == 200
        assert (await browser.open(f"/settings/customers/{OTHER_CUSTOMER}/messages")).status in (403, 404)
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        assert (await browser.open(GROUPING)).status == 403
        assert (await browser.open(MESSAGES)).status == 404
