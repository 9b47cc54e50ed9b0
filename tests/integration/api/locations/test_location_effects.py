"""What a location means for monitors is said before it is disabled, and is what then happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.decisions.schedule.eligibility import configured
from controller.decisions.schedule.rotation import pool
from controller.model import Role
from controller.store.locations import locations
from controller.store.monitors import unlocated
from controller.store.monitors.scheduled import scheduled_monitors
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

CODES = {"de-nbg": "DE", "de-fra": "DE", "fr-par": "FR", "jp-tyo": "JP"}


async def _countries(api: Api) -> dict[str, set[str]]:
    """From which countries each monitor is checked now, as the scheduler finds it."""
    present = await locations.present_locations(api.database)
    return {
        str(one.public_id): {
            here.country_code for here in pool(one, configured(present, one.allowed_check_country_codes))
        }
        for one in await scheduled_monitors(api.database)
    }


@pytest.fixture(autouse=True)
async def monitors(api: Api) -> AsyncIterator[dict[str, str]]:
    """Public ids by names that say which locations check them."""
    numbers = {}
    for code, country in CODES.items():
        numbers[code] = await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k') RETURNING id",
            code,
            country,
        )
    made = {}
    chosen: dict[str, dict[str, Any]] = {
        "everywhere": {},
        "Germany and Japan": {"allowedCheckCountryCodes": ["DE", "JP"]},
        "Japan": {"allowedCheckCountryCodes": ["JP"]},
        "Japan, of another customer": {"allowedCheckCountryCodes": ["JP"], "customerId": OTHER_CUSTOMER},
        "France": {"allowedCheckCountryCodes": ["FR"]},
        "Japan, disabled": {"allowedCheckCountryCodes": ["JP"], "status": "disabled"},
        "Japan, in maintenance": {"allowedCheckCountryCodes": ["JP"], "status": "maintenance"},
    }
    for name, fields in chosen.items():
        made[name] = str((await api.create(name=name, **fields))["publicId"])
    listed = made["Nuremberg alone"] = str((await api.create(name="Nuremberg alone"))["publicId"])
    await api.value(
        "UPDATE monitor SET location_ids = ARRAY[$2::int] WHERE public_id = $1::text::uuid", listed, numbers["de-nbg"]
    )
    yield made
    await api.value("TRUNCATE location, monitor CASCADE")


async def effects(api: Api, code: str, **headers: str) -> dict[str, Any]:
    answer = await api.client.get(f"/api/v1/locations/{code}/effects", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def as_manager(api: Api, code: str) -> dict[str, Any]:
    somebody = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        answer = await client.get(f"/api/v1/locations/{code}/effects", headers=somebody.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.mark.parametrize("code", CODES)
async def test_what_is_said_is_what_happens(api: Api, code: str) -> None:
    said = await as_manager(api, code)
    before, blind = await _countries(api), await unlocated.count(api.database)
    await api.value("UPDATE location SET enabled = false WHERE code = $1", code)
    after = await _countries(api)
    lost = {public_id for public_id, countries in after.items() if before[public_id] and not countries}
    fewer = Counter(len(before[one]) for one in after if after[one] and len(after[one]) < len(before[one]))
    assert said["unchecked"] == len(lost) == await unlocated.count(api.database) - blind
    assert {one["id"] for one in said["uncheckedMonitors"]} == lost
    assert said["fewerCountries"] == [{"countries": count, "monitors": fewer[count]} for count in sorted(fewer)]
    assert await as_manager(api, code) == said, "it says the same of a disabled location"


async def test_the_figures_of_each_location(api: Api) -> None:
    said = {code: await as_manager(api, code) for code in CODES}
    assert {code: (one["monitors"], one["unchecked"]) for code, one in said.items()} == {
        "de-nbg": (3, 1),
        "de-fra": (2, 0),
        "fr-par": (2, 1),
        "jp-tyo": (5, 3),
    }
    assert [one["name"] for one in said["jp-tyo"]["uncheckedMonitors"]] == [
        "Japan",
        "Japan, in maintenance",
        "Japan, of another customer",
    ]
    assert said["jp-tyo"]["fewerCountries"] == [{"countries": 2, "monitors": 1}, {"countries": 3, "monitors": 1}]
    assert said["de-fra"]["fewerCountries"] == []


async def test_others_are_answered_about_the_monitors_that_they_may_see(api: Api) -> None:
    """A strange organization has no such monitor, so it is answered zeros; people of a customer see only theirs."""
    limited = await person(
        api, Role.READONLY, organization=await organization_of(api, "Ours"), customers=[api.other_customer]
    )
    async with client_of(api.application) as client:
        answer = await client.get("/api/v1/locations/jp-tyo/effects", headers=limited.headers)
        assert [one["name"] for one in answer.json()["uncheckedMonitors"]] == ["Japan, of another customer"]
        assert (answer.json()["monitors"], answer.json()["unchecked"]) == (1, 1)
    strange = await effects(api, "jp-tyo", Authorization=f"Bearer {api.strange_token}")
    assert strange == {"monitors": 0, "unchecked": 0, "uncheckedMonitors": [], "fewerCountries": []}


async def test_twenty_are_named_and_all_are_counted(api: Api) -> None:
    for number in range(25):
        await api.create(name=f"Paris {number:02}", allowedCheckCountryCodes=["FR"])
    said = await as_manager(api, "fr-par")
    assert said["unchecked"] == 26
    assert [one["name"] for one in said["uncheckedMonitors"]] == ["France"] + [f"Paris {n:02}" for n in range(19)]


async def test_there_is_nothing_to_say_of_a_location_that_is_not_there(api: Api) -> None:
    for code in ("nowhere", "%00"):
        assert (await api.client.get(f"/api/v1/locations/{code}/effects")).status_code == 404
