"""`/api/v1/organizations/{id}`: everything that is set for an organization, read and changed in one request."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.v1.organizations.schemas import OrganizationPatch
from controller.model import Role
from tests.integration.api.conftest import ORGANIZATION, Api, client_of
from tests.integration.api.outages import make_locations
from tests.integration.api.people import organization_of, person

PATH = f"/api/v1/organizations/{ORGANIZATION}"


async def test_the_example_is_accepted_and_both_vendors_see_it(api: Api) -> None:
    changed = await api.client.patch(PATH, json=OrganizationPatch.EXAMPLE)
    assert changed.status_code == 200, changed.text
    new = changed.json()
    assert (new["city"], new["countries"], new["notificationTargets"]) == ("Berlin", ["DE", "FR"], {"email": "both"})
    assert (new["defaults"]["interval"], new["defaults"]["policyPreset"]) == (300, "Global Verify")
    read = await api.client.get(PATH)
    assert (read.json(), read.headers["etag"]) == (new, changed.headers["etag"])
    vendors = (await api.client.get("/api/organization")).json()
    assert (vendors["city"], vendors["allowedCheckCountryCodes"]) == ("Berlin", ["DE", "FR"])
    assert (await api.client.get("/api/v3/account-defaults")).json()["interval"] == 5


async def test_what_is_read_can_be_sent_back_and_null_removes(api: Api) -> None:
    await make_locations(api)
    given = {"locations": ["de-nbg"], "homeLocation": "de-nbg", "timeout": 20, "retryOnFailure": False}
    body = {"street": "S 1", "defaults": given, "notificationTargets": {"sms": "both", "email": "customer"}}
    new = (await api.client.patch(PATH, json=body)).json()
    assert given.items() <= new["defaults"].items()
    again = await api.client.patch(PATH, json=new)
    assert again.json() | {"updatedAt": 0} == new | {"updatedAt": 0}, again.text
    nulls = {"street": None, "notificationTargets": {"sms": None}, "defaults": {"locations": None, "timeout": None}}
    less = (await api.client.patch(PATH, json=nulls)).json()
    assert (less["street"], less["notificationTargets"]) == (None, {"email": "customer"})
    assert (less["defaults"]["locations"], less["defaults"]["timeout"]) == (None, 30)
    assert (less["defaults"]["homeLocation"], less["defaults"]["retryOnFailure"]) == ("de-nbg", False)
    usual = (await api.client.patch(PATH, json={"defaults": None})).json()["defaults"]
    assert (usual["homeLocation"], usual["retryOnFailure"], usual["interval"]) == (None, True, 900)


async def test_all_of_it_is_changed_or_nothing_and_all_mistakes_are_named(api: Api) -> None:
    before = (await api.client.get(PATH)).json()
    wrong: dict[str, Any] = {
        "city": "Hamburg",
        "timeZone": "Mars/Olympus",
        "billingEmail": "x",
        "countries": ["XX"],
        "keepResultsDays": 9999,
    }
    refused = await api.client.patch(PATH, json=wrong)
    assert {error["field"] for error in refused.json()["errors"]} == set(wrong) - {"city"}
    for body, field in (
        ({"city": "Hamburg", "defaults": {"homeLocation": "nowhere"}}, "defaults.homeLocation"),
        ({"defaults": {"locations": ["fi-hel"], "homeLocation": "de-nbg"}}, "defaults.homeLocation"),
        ({"defaults": {"interval": 61}}, "defaults.interval"),
        ({"notificationTargets": {"email": "everybody"}}, "notificationTargets.email"),
        ({"city": "Hamburg", "dryRun": True, "keepResultsDays": 7}, "dryRun"),
        ({"name": " "}, "name"),
    ):
        refused = await api.client.patch(PATH, json=body)
        assert [error["field"] for error in refused.json()["errors"]] == [field], refused.text
    assert (await api.client.get(PATH)).json() == before


async def test_a_change_for_another_state_is_refused(api: Api) -> None:
    tag = (await api.client.get(PATH)).headers["etag"]
    first = await api.client.patch(PATH, json={"defaults": {"timeout": 11}}, headers={"If-Match": tag})
    assert first.status_code == 200
    lost = await api.client.patch(PATH, json={"vatId": "DE1"}, headers={"If-Match": tag})
    assert (lost.status_code, lost.json()["current"]["defaults"]["timeout"]) == (412, 11)
    assert (await api.client.get(PATH)).json()["vatId"] is None


@pytest.mark.parametrize("named", ["number", "public id"])
async def test_a_global_role_names_an_organization_by_its_public_id_too(api: Api, named: str) -> None:
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    public_id = str(await api.value("SELECT public_id FROM organization WHERE id = $1", strange))
    identifier = public_id if named == "public id" else str(strange)
    everywhere = await person(api, Role.GLOBAL_SUPPORTER, organization=ours)
    for path in ("/api/v1/customers", "/api/customers", "/api/smtp-monitors", "/api/notification-channels"):
        async with client_of(api.application) as client:
            client.headers.update(everywhere.headers)
            found = await client.get(path, params={"organizationId": identifier})
            assert found.status_code == 200, (path, found.text)
            unknown = await client.get(path, params={"organizationId": "11111111-1111-4111-8111-111111111112"})
            assert unknown.status_code == 400, path
        own = {"organizationId": ORGANIZATION if named == "public id" else str(ours)}
        assert (await api.client.get(path, params=own)).status_code == 200, path
        assert (await api.client.get(path, params={"organizationId": identifier})).status_code == 403, path
    names = await client_of(api.application).get(
        "/api/v1/customers", params={"organizationId": identifier}, headers=everywhere.headers
    )
    assert [item["name"] for item in names.json()["items"]] == ["Strange Customer"]
