"""The defaults of an account for new monitors, and permissions to change them and monitors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import (
    BODY,
    PATH,
    create,
    make_locations,
    make_person,
    messages,
    read,
)
from tests.integration.api.conftest import Api

DEFAULTS: dict[str, Any] = {
    "interval": 15,
    "timeout": 30,
    "enabled": True,
    "resolve_dns": True,
    "home_location": None,
    "mode": "Global Verify",
    "rotate_locations": False,
    "monitor_location_count": 1,
    "retry_on_failure": True,
    "notify_on_error": True,
    "traceroute_on_error": False,
    "allow_internal_testing": True,
}


@pytest.fixture(scope="module")
async def location_ids(api: Api) -> dict[str, int]:
    return await make_locations(api, de="DE", us="US", ca="CA")


async def test_a_short_interval_shortens_the_default_timeout(api: Api) -> None:
    await api.value("DELETE FROM account_defaults")
    answer = await api.client.patch(f"{PATH}/account-defaults", json={"timeout": 200})
    assert answer.status_code == 200, answer.text
    assert (await read(api, await create(api, interval=1)))["timeout"] == 59
    await api.value("DELETE FROM account_defaults")


class TestPermissions:
    async def test_a_reader_may_switch_a_monitor_off_and_on_and_nothing_else(self, api: Api) -> None:
        await make_person(api, "reader@example.com", "s3cret word", role="readonly", customers=[api.customer])
        answer = await api.client.post(
            f"{PATH}/access-tokens", json={"username": "reader@example.com", "password": "s3cret word"}
        )
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        number = await create(api)
        path = f"{PATH}/monitors/email-smtp/{number}"
        answer = await api.client.patch(path, json={"enabled": False}, headers=headers)
        assert (answer.status_code, (await read(api, number))["enabled"]) == (200, False)
        for body in ({"name": "x"}, {"enabled": True, "name": BODY["name"]}, {"interval": 15}):
            answer = await api.client.patch(path, json=body, headers=headers)
            assert (answer.status_code, messages(answer.json(), 403)) == (403, ["Forbidden"])
        answer = await api.client.delete(f"{PATH}/monitors/{number}", headers=headers)
        assert (answer.status_code, messages(answer.json(), 403)) == (403, ["Forbidden"])
        answer = await api.client.patch(f"{PATH}/account-defaults", json={"interval": 1}, headers=headers)
        assert (answer.status_code, messages(answer.json(), 403)) == (403, ["Forbidden"])
        assert (await api.client.get(f"{PATH}/monitors", headers=headers)).json()["metadata"]["__permissions"] == {
            "acl": 4
        }

    async def test_a_customers_token_reads_the_defaults_but_cannot_change_them(self, api: Api) -> None:
        headers = {"Authorization": f"Bearer {api.customer_token}"}
        assert (await api.client.get(f"{PATH}/account-defaults", headers=headers)).status_code == 200
        answer = await api.client.patch(f"{PATH}/account-defaults", json={"interval": 1}, headers=headers)
        assert (answer.status_code, messages(answer.json(), 403)) == (403, ["Forbidden"])


class TestAccountDefaults:
    async def test_the_defaults_are_the_documented_ones_until_changed(
        self, api: Api, location_ids: dict[str, int]
    ) -> None:
        await api.value("DELETE FROM account_defaults")
        found = (await api.client.get(f"{PATH}/account-defaults")).json()
        assert {here["id"] for here in found.pop("locations")} == set(location_ids.values())
        assert found == DEFAULTS

    async def test_a_new_monitor_takes_the_changed_defaults_and_an_old_one_keeps_its_values(
        self, api: Api, location_ids: dict[str, int]
    ) -> None:
        old = await create(api)
        before = await read(api, old)
        changes = {
            "interval": "20",
            "timeout": 120,
            "enabled": False,
            "mode": "Primary",
            "locations": [{"id": location_ids["us"]}],
            "home_location": location_ids["us"],
            "rotate_locations": True,
            "monitor_location_count": 3,
            "retry_on_failure": False,
            "notify_on_error": False,
            "traceroute_on_error": True,
            "allow_internal_testing": False,
        }
        answer = await api.client.patch(f"{PATH}/account-defaults", json=changes)
        assert answer.status_code == 200, answer.text
        shown = {**changes, "interval": 20, "locations": [{"id": location_ids["us"], "name": "US", "region": 1}]}
        assert {name: answer.json()[name] for name in changes} == shown
        assert (await api.client.get(f"{PATH}/account-defaults")).json() == answer.json()
        new = await read(api, await create(api))
        assert {name: new[name] for name in changes} == shown
        elsewhere = await read(api, await create(api, locations=[{"id": location_ids["de"]}]))
        assert [here["id"] for here in elsewhere["locations"]] == [location_ids["de"]]
        assert await read(api, old) == before
        await api.value("DELETE FROM account_defaults")

    async def test_the_defaults_of_another_account_do_not_change(self, api: Api) -> None:
        await api.client.patch(f"{PATH}/account-defaults", json={"interval": 3})
        headers = {"Authorization": f"Bearer {api.strange_token}"}
        assert (await api.client.get(f"{PATH}/account-defaults", headers=headers)).json()["interval"] == 15
        await api.value("DELETE FROM account_defaults")

    async def test_all_problems_are_listed_together_and_nothing_changes(self, api: Api) -> None:
        answer = await api.client.patch(f"{PATH}/account-defaults", json={"interval": 0, "mode": "x", "enabled": True})
        assert len(messages(answer.json(), 400)) == 2
        assert await api.value("SELECT count(*) FROM account_defaults") == 0
