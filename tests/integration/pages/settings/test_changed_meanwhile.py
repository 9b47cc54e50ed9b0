"""Two people have the same form open: the later one sees what the other has stored, and replaces it knowingly or not at
all.
"""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.outages import make_locations
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import browsing, browsing_as
from tests.integration.pages.settings.conflicts import holds, said

ORGANIZATION = "/settings/organization"


async def conflict(
    api: Api, page: str, form: str, theirs: dict[str, Any], mine: dict[str, Any], stored: dict[str, str]
) -> None:
    """Open the form of `page` twice, send `theirs` and then `mine`. `stored` is what the fields say then."""
    async with browsing_as(api, Role.ADMIN) as one, browsing_as(api, Role.ADMIN) as other:
        drawn = await one.open(page)
        assert (await other.submit(await other.open(page), form, **theirs)).status == 200
        refused = await one.submit(drawn, form, **mine)
        assert refused.status == 409
        assert "Somebody changed" in refused.text
        assert said(refused) == {name: f"Stored now: {text}" for name, text in stored.items()}
        assert holds(refused, form, mine)
        assert holds(await other.open(page), form, theirs), "nothing was saved"
        saved = await one.submit(refused, form)
        assert (saved.status, "?done=" in saved.path) == (200, True)
        assert holds(await one.open(page), form, mine)


async def test_of_a_colleague(api: Api) -> None:
    theirs = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    path = f"/settings/people/{theirs.public_id}"
    await conflict(
        api,
        path,
        path,
        {"role": "readonly", "customers": [CUSTOMER]},
        {"first_name": "Ada", "role": "editor"},
        {"first_name": "nothing", "role": "Read only", "customers": "Example Customer"},
    )


async def test_of_ones_own_name(api: Api) -> None:
    own = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    path = f"/settings/people/{own.public_id}"
    async with browsing(api, own) as browser, browsing_as(api, Role.ADMIN) as other:
        drawn = await browser.open(path)
        await other.submit(await other.open(path), path, last_name="Lovelace")
        refused = await browser.submit(drawn, path, last_name="King")
        assert (refused.status, said(refused)) == (409, {"last_name": "Stored now: Lovelace"})
        assert (await browser.submit(refused, path)).path.endswith("?done=saved")
    assert await api.value("SELECT last_name FROM account WHERE id = $1", own.id) == "King"


async def test_a_login_of_the_colleague_meanwhile_is_no_change(api: Api) -> None:
    theirs = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    path = f"/settings/people/{theirs.public_id}"
    async with browsing_as(api, Role.ADMIN) as browser:
        drawn = await browser.open(path)
        await api.value("UPDATE account SET last_login_at = now(), updated_at = now() WHERE id = $1", theirs.id)
        assert (await browser.submit(drawn, path, first_name="Ada")).path.endswith("?done=saved")


async def test_of_a_customer(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        new = "/settings/customers/new"
        made = await browser.submit(await browser.open(new), new, name="Harbour")
    path = made.path.partition("?")[0]
    await conflict(
        api,
        path,
        path,
        {"notification_email": "night@harbour.example", "status": "marked_for_cancellation", "reports": "on"},
        {"name": "Harbour Hotels", "package": "gold"},
        {
            "name": "Harbour",
            "package": "nothing",
            "notification_email": "night@harbour.example",
            "status": "marked for cancellation",
            "reports": "ticked",
        },
    )


async def test_of_the_organization(api: Api) -> None:
    await conflict(
        api,
        ORGANIZATION,
        ORGANIZATION,
        {"city": "Berlin", "time_zone": "Europe/Berlin"},
        {"city": "Paris", "countries": "FR"},
        {"city": "Berlin", "time_zone": "Europe/Berlin", "countries": "nothing"},
    )
    await conflict(
        api,
        ORGANIZATION,
        ORGANIZATION,
        {"city": "", "time_zone": "UTC", "countries": ""},
        {"street": ""},
        {"city": "nothing", "countries": "nothing"},
    )
    await api.value(
        "UPDATE organization SET city = NULL, allowed_check_country_codes = NULL WHERE name = 'Ours'",
    )


async def test_of_the_defaults_of_new_monitors(api: Api) -> None:
    await conflict(
        api,
        ORGANIZATION,
        f"{ORGANIZATION}/defaults",
        {"interval": "7", "resolve_dns": []},
        {"timeout": "21", "resolve_dns": "on", "interval": "5"},
        {"interval": "7", "timeout": "30", "resolve_dns": "not ticked"},
    )


async def test_of_how_long_history_is_kept_before_and_after_it_says_what_goes(api: Api) -> None:
    path = f"{ORGANIZATION}/retention"
    async with browsing_as(api, Role.ADMIN) as one, browsing_as(api, Role.ADMIN) as other:
        drawn = await one.open(ORGANIZATION)
        warned = await one.submit(drawn, path, results_days="7")
        assert warned.headings == ["Keep less history"]
        there = await other.submit(await other.open(ORGANIZATION), path, results_days="20")
        assert (await other.submit(there, path)).path.endswith("?done=shorter")
        for late in (await one.submit(warned, path), await one.submit(drawn, path, results_days="7")):
            assert (late.status, said(late)) == (409, {"results_days": "Stored now: 20"})
            assert holds(late, path, {"results_days": "7"})
        again = await one.submit(late, path)
        assert again.headings == ["Keep less history"]
        assert (await one.submit(again, path)).path.endswith("?done=shorter")
        await other.submit(await other.open(ORGANIZATION), path, results_days="")


async def test_one_form_of_the_organization_does_not_stand_in_the_way_of_another(api: Api) -> None:
    path = f"{ORGANIZATION}/retention"
    async with browsing_as(api, Role.ADMIN) as browser:
        drawn = await browser.open(ORGANIZATION)
        await browser.submit(drawn, ORGANIZATION, street="Elbchaussee 1")
        assert (await browser.submit(drawn, path, rollups_months="")).path.endswith("?done=retention")
        await browser.submit(await browser.open(ORGANIZATION), ORGANIZATION, street="")


async def test_of_a_saved_filter(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        await browser.post("/settings/saved-filters", name="Down here", query="state=down", shared="on")
        path = (await browser.open("/settings/labels")).links["Change Down here"]
        await conflict(
            api,
            path,
            path,
            {"query": "state=down&sort=name"},
            {"name": "Broken here", "query": "state=down"},
            {"name": "Down here", "query": "state=down&sort=name"},
        )
        await browser.submit(await browser.open(f"{path}/delete"), f"{path}/delete")


@pytest.mark.parametrize("level", ["organization", "customer", "monitor"])
async def test_of_a_policy(api: Api, level: str) -> None:
    await make_locations(api)
    monitor = (await api.create())["publicId"]
    path = {
        "organization": "/policies/organization",
        "customer": f"/policies/customers/{CUSTOMER}",
        "monitor": f"/monitors/{monitor}/policy",
    }[level]
    await conflict(
        api,
        path,
        path,
        {"base": "own", "quorum": "all", "recovery_rounds": "3"},
        {"base": "own", "consecutive_rounds": "4"},
        {"quorum": "all of them", "consecutive_rounds": "1", "recovery_rounds": "3"},
    )
    await without_policies(api)


async def test_a_preset_that_another_one_has_chosen_too_is_saved_again(api: Api) -> None:
    path = "/policies/organization"
    async with browsing_as(api, Role.ADMIN) as one, browsing_as(api, Role.ADMIN) as other:
        drawn = await one.open(path)
        await other.submit(await other.open(path), path, base="global_notify")
        refused = await one.submit(drawn, path, base="global_notify")
        assert (refused.status, said(refused)) == (409, {})
        assert (await one.submit(refused, path)).path.endswith("?done=saved")
    await without_policies(api)


async def test_own_values_typed_beside_the_wrong_choice_are_kept_in_a_conflict(api: Api) -> None:
    path = "/policies/organization"
    async with browsing_as(api, Role.ADMIN) as one, browsing_as(api, Role.ADMIN) as other:
        drawn = await one.open(path)
        await other.submit(await other.open(path), path, base="sla")
        refused = await one.submit(drawn, path, recovery_rounds="9")
        assert (refused.status, holds(refused, path, {"recovery_rounds": "9"})) == (409, True)
        assert said(refused)["base"].startswith("Stored now: ")
    await without_policies(api)


async def without_policies(api: Api) -> None:
    await api.value("UPDATE organization SET policy = NULL")
    await api.value("UPDATE customer SET policy = NULL")
