"""The organization's own settings, how long history is kept, defaults of new monitors, and all organizations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import ORGANIZATION, Api
from tests.integration.api.people import organization_of
from tests.integration.pages.browser import browsing_as
from tests.integration.pages.settings.audited import audited

HERE = "/settings/organization"
KEPT = f"{HERE}/retention"
DEFAULTS = f"{HERE}/defaults"
ALL = "/settings/organizations"


async def test_name_countries_and_address_are_changed(api: Api) -> None:
    changed = await audited(api, "organization.changed", ORGANIZATION)
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(
            await browser.open(HERE), HERE, countries="de,fr", time_zone="Europe/Berlin", city="Berlin"
        )
        assert (page.path, page.main.one(class_="is-done").text) == (
            f"{HERE}?done=organization",
            "The organization was saved.",
        )
        form = page.form(HERE).fields
        assert (form["countries"], form["time_zone"], form["city"]) == (["DE FR"], ["Europe/Berlin"], ["Berlin"])
        await browser.submit(page, HERE, countries="", time_zone="UTC", city="")
    row = await api.value(
        "SELECT row(name, allowed_check_country_codes, time_zone, city)::text FROM organization WHERE name = 'Ours'"
    )
    assert row == "(Ours,,UTC,)"
    assert await audited(api, "organization.changed", ORGANIZATION) == changed + 2


async def test_wrong_values_are_said_at_their_fields_and_nothing_typed_is_lost(api: Api) -> None:
    wrong: dict[str, Any] = {"name": "", "countries": "XX", "time_zone": "Mars", "billing_email": "nobody", "city": "B"}
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(HERE), HERE, **wrong)
    assert page.status == 400
    assert page.id("wrong-time_zone").text == "must be the name of a time zone, as Europe/Berlin"
    assert all(page.id(f"wrong-{name}").text for name in ("name", "countries", "billing_email"))
    assert {name: [value] for name, value in wrong.items()}.items() <= page.form(HERE).fields.items()


async def test_less_history_is_kept_only_after_a_page_that_says_what_goes(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(await browser.open(HERE), KEPT, results_days="7", rollups_months="6")
        assert (page.status, page.path, page.headings) == (200, KEPT, ["Keep less history"])
        assert (
            "Results are kept for 7 days instead of 30 days, and checks that passed for 7 days instead of" in page.text
        )
        assert await chosen(api) is None
        page = await browser.submit(page, KEPT)
        assert page.path == f"{HERE}?done=shorter"
        assert "will be 7 days of results, 7 days of checks that passed and 6 months of summaries" in page.text
        assert await chosen(api) == [7, 6]
        page = await browser.submit(page, KEPT, results_days="", rollups_months="")
        assert page.path == f"{HERE}?done=retention"
        assert "will be" not in page.id("kept").text
        page = await browser.submit(page, KEPT, results_days="9999", rollups_months="a lot")
        assert (page.status, page.id("wrong-rollups_months").text) == (400, "must be a whole number")
        page = await browser.submit(page, KEPT, results_days="9999", rollups_months="")
        assert page.id("wrong-results_days").text.startswith("must be from 1 to ")


async def chosen(api: Api) -> list[int] | None:
    """What the organization has chosen to keep: days and months."""
    found = await api.value(
        "SELECT after::text FROM audit WHERE action = 'organization.changed' AND object_id = $1"
        " AND after::text LIKE '%keepResultsDays%' ORDER BY id DESC LIMIT 1",
        ORGANIZATION,
    )
    after = json.loads(found) if found else None
    return None if after is None else [after["keepResultsDays"], after["keepRollupsMonths"]]


async def test_defaults_of_new_monitors_are_changed_and_shown(api: Api) -> None:
    for code, country in (("de-nbg", "DE"), ("fr-par", "FR")):
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')", code, country
        )
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.submit(
            await browser.open(HERE), DEFAULTS, interval="5", timeout="20", locations=["fr-par"], notify_on_error=[]
        )
        assert page.path == f"{HERE}?done=defaults"
        form = page.form(DEFAULTS).fields
        assert (form["interval"], form["timeout"], form["locations"]) == (["5"], ["20"], ["fr-par"])
        assert "notify_on_error" not in form
        answer = await api.client.get("/api/v3/account-defaults")
        assert (answer.json()["interval"], answer.json()["notify_on_error"]) == (5, False)
        page = await browser.submit(page, DEFAULTS, interval="0", timeout="soon", home_location="de-nbg")
        assert (page.status, page.id("wrong-timeout").text) == (400, "must be a whole number")
        page = await browser.submit(page, DEFAULTS, interval="0", timeout="20", home_location="de-nbg")
        assert page.id("wrong-interval").text == "must be from 1 to 1440"
        assert page.id("wrong-home_location").text == "must be one of locations"
    assert await audited(api, "defaults.changed", ORGANIZATION) == 1


@pytest.mark.parametrize("role", [Role.USER, Role.EDITOR, Role.READONLY, Role.GLOBAL_SUPPORTER])
async def test_only_administrators_reach_the_organization(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        assert HERE not in (await browser.open("/settings")).links.values()
        assert (await browser.open(HERE)).status == 403
        for path in (HERE, KEPT, DEFAULTS, ALL):
            assert (await browser.post(path, name="x")).status == 403


async def test_an_administrator_of_one_organization_sees_no_list_of_all(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        assert ALL not in (await browser.open(HERE)).links.values()
        assert (await browser.open(ALL)).status == 403
        assert (await browser.post(ALL, name="Mine")).status == 403


async def test_a_global_administrator_adds_an_organization_and_works_in_it(api: Api) -> None:
    async with browsing_as(api, Role.GLOBAL_ADMIN) as browser:
        assert (await browser.open(HERE)).path.startswith("/organization")
        page = await browser.submit(await browser.open(ALL), ALL, name=" Harbour ")
        assert page.path == f"{ALL}?done=added"
        row = next(row for row in page.tables()[0] if row[0] == "Harbour")
        assert (row[1:4], row[5]) == (["1", "0", "0"], "Work in it")
        refused = await browser.submit(page, ALL, name="harbour")
        assert (refused.status, refused.id("wrong-name").text) == (409, "is the name of another organization")
        assert (await browser.submit(page, ALL, name="")).status == 400
        number = await organization_of(api, "Harbour")
        form = next(form for form in page.forms if form.fields.get("organization") == [str(number)])
        chosen_page = await browser.client.post(form.action, data=form.fields, follow_redirects=True)
        assert chosen_page.status_code == 200
        page = await browser.open(HERE)
        assert page.form(HERE).fields["name"] == ["Harbour"]
    await api.value("DELETE FROM customer WHERE organization_id = $1", number)
    await api.value("DELETE FROM organization WHERE id = $1", number)
