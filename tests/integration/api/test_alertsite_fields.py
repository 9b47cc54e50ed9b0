"""Every field of a monitor (reference 1.2) is kept, shown and bounded; so are the account's defaults."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite import BODY, PATH, create, edit, locations, messages, person, read, refused
from tests.integration.api.conftest import Api

FIELDS: dict[str, Any] = {
    "billing_plancode": "UBM-A/A",
    "name": "Mail of Münster",
    "hostname": "smtps://mail.example.com:8465",
    "port": 8465,
    "ipv4": "192.0.2.25",
    "resolve_dns": False,
    "interval": 5,
    "timeout": 299,
    "enabled": False,
    "mode": "Global Notify",
    "rotate_locations": True,
    "monitor_location_count": 2,
    "retry_on_failure": False,
    "traceroute_on_error": True,
    "notify_on_error": False,
    "alert_note": "Call Anna",
    "note": "Behind the dashboard",
    "allow_internal_testing": False,
    "custom_properties": [{"id": 3, "name": "Team", "value": "Mail", "value_id": 12}],
}
READ_ONLY = {
    "access_type": "Edit",
    "blackout_ids": [],
    "has_performance_alerts": False,
    "has_active_performance_alerts": False,
    "has_sla": False,
    "sla_id": None,
}
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
async def places(api: Api) -> dict[str, int]:
    return await locations(api, de="DE", us="US", ca="CA")


async def test_every_field_is_kept_and_shown(api: Api, places: dict[str, int]) -> None:
    asked: dict[str, Any] = {"locations": [{"id": places["us"]}, {"id": places["de"]}], "home_location": places["us"]}
    found = await read(api, await create(api, **FIELDS, **asked))
    shown = {name: found[name] for name in (*FIELDS, *asked, *READ_ONLY)}
    assert shown == {
        **FIELDS,
        **READ_ONLY,
        "home_location": places["us"],
        "locations": [
            {"id": places["us"], "name": "US", "region": 1},
            {"id": places["de"], "name": "DE", "region": 2},
        ],
    }


async def test_every_field_can_be_changed(api: Api, places: dict[str, int]) -> None:
    number = await create(api)
    asked = {"locations": [{"id": str(places["ca"])}], "home_location": places["ca"]}
    changes = {**FIELDS, "mode": "Primary", **asked}
    found = await edit(api, number, **changes)
    assert {name: found[name] for name in changes} == {
        **changes,
        "locations": [{"id": places["ca"], "name": "CA", "region": 1}],
    }
    assert await edit(api, number) == found


async def test_properties_do_not_pile_up(api: Api) -> None:
    number = await create(api, custom_properties=[{"id": place, "value": "v"} for place in range(100)])
    answer = await api.client.patch(
        f"{PATH}/monitors/email-smtp/{number}", json={"custom_properties": [{"id": 100, "value": "v"}], "interval": 0}
    )
    assert messages(answer.json(), 400) == [
        "invalid_request - interval must be a whole number from 1 to 1440",
        "invalid_request - custom_properties must not become more than 100",
    ]
    found = await edit(api, number, custom_properties=[{"id": 0}, {"id": 100, "value": "v"}])
    assert [known["id"] for known in found["custom_properties"]] == list(range(1, 101))


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        pytest.param({"name": ""}, "name must be 1 to 255 printable characters", id="no name"),
        pytest.param({"name": 7}, "name must be a string", id="a name that is a number"),
        pytest.param({"name": "a" * 256}, "name must be 1 to 255 printable characters", id="a long name"),
        pytest.param({"billing_plancode": 7}, "billing_plancode must be a string of printable characters", id="plan"),
        pytest.param({"hostname": "http://h"}, "hostname must not begin with", id="another protocol's scheme"),
        pytest.param({"hostname": "SMTPS://h"}, "hostname must be a host", id="values are case-sensitive"),
        pytest.param({"hostname": "smtp://h/inbox"}, "hostname must be a host", id="a path"),
        pytest.param({"hostname": "smtp://user:pw@h"}, "hostname must be a host", id="a login in the name"),
        pytest.param({"hostname": "h:0"}, "hostname must not hold a port", id="port 0"),
        pytest.param({"hostname": "h:65536"}, "hostname must not hold a port", id="a port beyond 16 bits"),
        pytest.param({"hostname": "a b"}, "hostname must hold a valid host name", id="a space"),
        pytest.param({"hostname": ["h"]}, "hostname must be a string", id="a list"),
        pytest.param({"port": 0}, "port must be a whole number from 1 to 65535", id="port 0 by itself"),
        pytest.param({"port": "25a"}, "port must be a whole number from 1 to 65535", id="a port that is no number"),
        pytest.param({"port": 25.5}, "port must be a whole number from 1 to 65535", id="half a port"),
        pytest.param({"ipv4": "2001:db8::1"}, "ipv4 must be an IPv4 address", id="IPv6 in ipv4"),
        pytest.param({"ipv4": 7}, "ipv4 must be an IPv4 address", id="a number in ipv4"),
        pytest.param({"resolve_dns": False}, "ipv4 is required when resolve_dns is false", id="nothing to connect to"),
        pytest.param({"resolve_dns": "false"}, "resolve_dns must be true or false", id="a flag in a string"),
        pytest.param({"interval": 0}, "interval must be a whole number from 1 to 1440", id="interval 0"),
        pytest.param({"interval": 1441}, "interval must be a whole number from 1 to 1440", id="more than a day"),
        pytest.param({"interval": True}, "interval must be a whole number from 1 to 1440", id="a flag for a number"),
        pytest.param({"interval": "9" * 30}, "interval must be a whole number from 1 to 1440", id="a huge number"),
        pytest.param({"timeout": 0}, "timeout must be a whole number from 1 to 300", id="timeout 0"),
        pytest.param({"timeout": 301}, "timeout must be a whole number from 1 to 300", id="more than five minutes"),
        pytest.param({"interval": 5, "timeout": 300}, "timeout must be shorter than the interval (300 s)", id="equal"),
        pytest.param({"enabled": 1}, "enabled must be true or false", id="a number for a flag"),
        pytest.param({"locations": {"id": 1}}, "locations must be a list as", id="locations that are no list"),
        pytest.param({"locations": [1]}, "locations must be a list as", id="numbers without their key"),
        pytest.param({"locations": [{"id": 4711}]}, "locations must name locations there are: 4711", id="unknown"),
        pytest.param({"locations": [{"id": "x"}]}, "locations must be a whole number", id="not a number"),
        pytest.param({"home_location": 4711}, "home_location must name locations there are: 4711", id="unknown home"),
        pytest.param({"mode": "primary"}, "mode must be one of Primary, Global Notify", id="mode in lower case"),
        pytest.param({"mode": 1}, "mode must be one of Primary, Global Notify", id="mode as a number"),
        pytest.param({"monitor_location_count": 0}, "monitor_location_count must be a whole number", id="none a round"),
        pytest.param({"note": "n" * 256}, "note must be 0 to 255 characters", id="a long note"),
        pytest.param({"note": "a\x00b"}, "note must be a string of printable characters", id="NUL"),
        pytest.param({"alert_note": 7}, "alert_note must be a string of printable characters", id="no text"),
        pytest.param({"custom_properties": {}}, "custom_properties must be a list", id="properties that are no list"),
        pytest.param({"custom_properties": [{}]}, "custom_properties must hold objects with an id", id="no id"),
        pytest.param({"custom_properties": [{"id": {}}]}, "custom_properties must be a string", id="id of no kind"),
        pytest.param({"starttls": "maybe"}, "starttls must be one of never, opportunistic, required", id="starttls"),
        pytest.param({"verify_certificate": "no"}, "verify_certificate must be true or false", id="verify"),
        pytest.param({"user": 7}, "user must be a string of printable characters", id="a user that is a number"),
    ],
)
async def test_a_value_out_of_its_bounds_is_told(api: Api, sent: dict[str, Any], told: str) -> None:
    for answer in (
        await api.client.post(f"{PATH}/monitors/email-smtp", json={**BODY, **sent}),
        await api.client.patch(f"{PATH}/monitors/email-smtp/{await create(api)}", json=sent),
    ):
        assert answer.status_code == 400, answer.text
        [message] = messages(answer.json(), 400)
        assert message.startswith(f"invalid_request - {told}")


@pytest.mark.parametrize("mode", ["Round Robin", "SLA"])
async def test_some_modes_need_two_locations(api: Api, places: dict[str, int], mode: str) -> None:
    told = [f"invalid_request - locations must be at least 2 for the mode {mode}"]
    one = [{"id": places["de"]}]
    assert await refused(api, {"mode": mode, "locations": one}) == told
    number = await create(api, mode=mode, locations=[*one, {"id": places["us"]}])
    answer = await api.client.patch(f"{PATH}/monitors/email-smtp/{number}", json={"locations": one, "note": "n"})
    assert messages(answer.json(), 400) == told
    assert (await edit(api, number, locations=one, home_location=places["ca"]))["home_location"] == places["ca"]


async def test_problems_are_listed_together_also_on_a_change(api: Api) -> None:
    number = await create(api)
    answer = await api.client.patch(
        f"{PATH}/monitors/email-smtp/{number}", json={"interval": 0, "mode": "x", "resolve_dns": False, "name": ""}
    )
    assert [told.split()[2] for told in messages(answer.json(), 400)] == ["name", "interval", "mode", "ipv4"]
    assert (await read(api, number))["name"] == BODY["name"]


async def test_a_short_interval_shortens_the_default_timeout(api: Api) -> None:
    await api.value("DELETE FROM account_defaults")
    answer = await api.client.patch(f"{PATH}/account-defaults", json={"timeout": 200})
    assert answer.status_code == 200, answer.text
    assert (await read(api, await create(api, interval=1)))["timeout"] == 59
    await api.value("DELETE FROM account_defaults")


class TestWhoMay:
    async def test_a_reader_may_switch_a_monitor_off_and_on_and_nothing_else(self, api: Api) -> None:
        await person(api, "reader@example.com", "s3cret word", role="readonly", customers=[api.customer])
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

    async def test_the_defaults_are_the_whole_accounts(self, api: Api) -> None:
        headers = {"Authorization": f"Bearer {api.customer_token}"}
        assert (await api.client.get(f"{PATH}/account-defaults", headers=headers)).status_code == 200
        answer = await api.client.patch(f"{PATH}/account-defaults", json={"interval": 1}, headers=headers)
        assert (answer.status_code, messages(answer.json(), 403)) == (403, ["Forbidden"])


class TestAccountDefaults:
    async def test_they_are_documented_ones_until_changed(self, api: Api, places: dict[str, int]) -> None:
        await api.value("DELETE FROM account_defaults")
        found = (await api.client.get(f"{PATH}/account-defaults")).json()
        assert {here["id"] for here in found.pop("locations")} == set(places.values())
        assert found == DEFAULTS

    async def test_a_new_monitor_takes_the_changed_ones_and_an_old_one_keeps_its_own(
        self, api: Api, places: dict[str, int]
    ) -> None:
        old = await create(api)
        before = await read(api, old)
        changes = {
            "interval": "20",
            "timeout": 120,
            "enabled": False,
            "mode": "Primary",
            "locations": [{"id": places["us"]}],
            "home_location": places["us"],
            "rotate_locations": True,
            "monitor_location_count": 3,
            "retry_on_failure": False,
            "notify_on_error": False,
            "traceroute_on_error": True,
            "allow_internal_testing": False,
        }
        answer = await api.client.patch(f"{PATH}/account-defaults", json=changes)
        assert answer.status_code == 200, answer.text
        shown = {**changes, "interval": 20, "locations": [{"id": places["us"], "name": "US", "region": 1}]}
        assert {name: answer.json()[name] for name in changes} == shown
        assert (await api.client.get(f"{PATH}/account-defaults")).json() == answer.json()
        new = await read(api, await create(api))
        assert {name: new[name] for name in changes} == shown
        elsewhere = await read(api, await create(api, locations=[{"id": places["de"]}]))
        assert [here["id"] for here in elsewhere["locations"]] == [places["de"]]
        assert await read(api, old) == before
        await api.value("DELETE FROM account_defaults")

    async def test_another_accounts_are_not_touched(self, api: Api) -> None:
        await api.client.patch(f"{PATH}/account-defaults", json={"interval": 3})
        headers = {"Authorization": f"Bearer {api.strange_token}"}
        assert (await api.client.get(f"{PATH}/account-defaults", headers=headers)).json()["interval"] == 15
        await api.value("DELETE FROM account_defaults")

    async def test_what_is_wrong_is_listed_together_and_changes_nothing(self, api: Api) -> None:
        answer = await api.client.patch(f"{PATH}/account-defaults", json={"interval": 0, "mode": "x", "enabled": True})
        assert len(messages(answer.json(), 400)) == 2
        assert await api.value("SELECT count(*) FROM account_defaults") == 0


async def test_locations_are_listed_with_their_numbers(api: Api, places: dict[str, int]) -> None:
    answer = (await api.client.get(f"{PATH}/locations?limit=2&offset=1")).json()
    assert answer["metadata"]["resultset"] == {"count": 2, "limit": "2", "offset": "1", "total": 3}
    assert answer["results"] == [
        {
            "id": places["de"],
            "name": "DE",
            "region": 2,
            "country": "Germany",
            "code": "de",
            "country_code": "DE",
            "enabled": True,
        },
        {
            "id": places["us"],
            "name": "US",
            "region": 1,
            "country": "United States of America",
            "code": "us",
            "country_code": "US",
            "enabled": True,
        },
    ]
