"""Every field of a monitor is stored, shown and bounded (docs/compatibility.md, A11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import (
    BODY,
    PATH,
    create,
    creation_errors,
    edit,
    make_locations,
    messages,
    read,
)
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


@pytest.fixture(scope="module")
async def location_ids(api: Api) -> dict[str, int]:
    return await make_locations(api, de="DE", us="US", ca="CA")


async def test_every_field_is_kept_and_shown(api: Api, location_ids: dict[str, int]) -> None:
    placement: dict[str, Any] = {
        "locations": [{"id": location_ids["us"]}, {"id": location_ids["de"]}],
        "home_location": location_ids["us"],
    }
    found = await read(api, await create(api, **FIELDS, **placement))
    shown = {name: found[name] for name in (*FIELDS, *placement, *READ_ONLY)}
    assert shown == {
        **FIELDS,
        **READ_ONLY,
        "home_location": location_ids["us"],
        "locations": [
            {"id": location_ids["us"], "name": "US", "region": 1},
            {"id": location_ids["de"], "name": "DE", "region": 2},
        ],
    }


async def test_every_field_can_be_changed(api: Api, location_ids: dict[str, int]) -> None:
    number = await create(api)
    placement = {"locations": [{"id": str(location_ids["ca"])}], "home_location": location_ids["ca"]}
    changes = {**FIELDS, "mode": "Primary", **placement}
    found = await edit(api, number, **changes)
    assert {name: found[name] for name in changes} == {
        **changes,
        "locations": [{"id": location_ids["ca"], "name": "CA", "region": 1}],
    }
    assert await edit(api, number) == found


async def test_a_monitor_holds_at_most_100_custom_properties(api: Api) -> None:
    number = await create(api, custom_properties=[{"id": property_id, "value": "v"} for property_id in range(100)])
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
    ("sent", "error"),
    [
        pytest.param({"name": ""}, "name must be 1 to 255 printable characters", id="an empty name"),
        pytest.param({"name": 7}, "name must be a string", id="a name that is a number"),
        pytest.param({"name": "a" * 256}, "name must be 1 to 255 printable characters", id="a name of 256 characters"),
        pytest.param(
            {"billing_plancode": 7},
            "billing_plancode must be a string of printable characters",
            id="a plan that is a number",
        ),
        pytest.param({"hostname": "http://h"}, "hostname must not begin with", id="a scheme of another protocol"),
        pytest.param({"hostname": "SMTPS://h"}, "hostname must be a host", id="a scheme in capitals"),
        pytest.param({"hostname": "smtp://h/inbox"}, "hostname must be a host", id="a host with a path"),
        pytest.param({"hostname": "smtp://user:pw@h"}, "hostname must be a host", id="a host with a login"),
        pytest.param({"hostname": "h:0"}, "hostname must not hold a port", id="a host with port 0"),
        pytest.param({"hostname": "h:65536"}, "hostname must not hold a port", id="a host with a port beyond 16 bits"),
        pytest.param({"hostname": "a b"}, "hostname must hold a valid host name", id="a host with a space"),
        pytest.param({"hostname": ["h"]}, "hostname must be a string", id="a host that is a list"),
        pytest.param({"port": 0}, "port must be a whole number from 1 to 65535", id="a port of 0"),
        pytest.param({"port": "25a"}, "port must be a whole number from 1 to 65535", id="a port that is no number"),
        pytest.param({"port": 25.5}, "port must be a whole number from 1 to 65535", id="a port that is a fraction"),
        pytest.param({"ipv4": "2001:db8::1"}, "ipv4 must be an IPv4 address", id="an IPv6 address in ipv4"),
        pytest.param({"ipv4": 7}, "ipv4 must be an IPv4 address", id="a number in ipv4"),
        pytest.param(
            {"resolve_dns": False}, "ipv4 is required when resolve_dns is false", id="no DNS lookup and no address"
        ),
        pytest.param({"resolve_dns": "false"}, "resolve_dns must be true or false", id="a flag that is a string"),
        pytest.param({"interval": 0}, "interval must be a whole number from 1 to 1440", id="an interval of 0"),
        pytest.param(
            {"interval": 1441}, "interval must be a whole number from 1 to 1440", id="an interval of more than a day"
        ),
        pytest.param(
            {"interval": True}, "interval must be a whole number from 1 to 1440", id="an interval that is a flag"
        ),
        pytest.param(
            {"interval": "9" * 30}, "interval must be a whole number from 1 to 1440", id="an interval that is huge"
        ),
        pytest.param({"timeout": 0}, "timeout must be a whole number from 1 to 300", id="a timeout of 0"),
        pytest.param(
            {"timeout": 301}, "timeout must be a whole number from 1 to 300", id="a timeout of more than five minutes"
        ),
        pytest.param(
            {"interval": 5, "timeout": 300},
            "timeout must be shorter than the interval (300 s)",
            id="a timeout equal to the interval",
        ),
        pytest.param({"enabled": 1}, "enabled must be true or false", id="a flag that is a number"),
        pytest.param({"locations": {"id": 1}}, "locations must be a list as", id="locations that are no list"),
        pytest.param({"locations": [1]}, "locations must be a list as", id="locations without the key id"),
        pytest.param(
            {"locations": [{"id": 4711}]}, "locations must name known locations: 4711", id="an unknown location"
        ),
        pytest.param(
            {"locations": [{"id": "x"}]}, "locations must be a whole number", id="a location that is no number"
        ),
        pytest.param(
            {"home_location": 4711}, "home_location must name known locations: 4711", id="an unknown home location"
        ),
        pytest.param({"mode": "primary"}, "mode must be one of Primary, Global Notify", id="a mode in lower case"),
        pytest.param({"mode": 1}, "mode must be one of Primary, Global Notify", id="a mode that is a number"),
        pytest.param(
            {"monitor_location_count": 0}, "monitor_location_count must be a whole number", id="no location for a round"
        ),
        pytest.param({"note": "n" * 256}, "note must be 0 to 255 characters", id="a long note"),
        pytest.param({"note": "a\x00b"}, "note must be a string of printable characters", id="a note with a NUL"),
        pytest.param(
            {"alert_note": 7},
            "alert_note must be a string of printable characters",
            id="an alert note that is a number",
        ),
        pytest.param({"custom_properties": {}}, "custom_properties must be a list", id="properties that are no list"),
        pytest.param(
            {"custom_properties": [{}]}, "custom_properties must hold objects with an id", id="a property without an id"
        ),
        pytest.param(
            {"custom_properties": [{"id": {}}]},
            "custom_properties must be a string",
            id="a property with an object as id",
        ),
        pytest.param(
            {"starttls": "maybe"}, "starttls must be one of never, opportunistic, required", id="an unknown starttls"
        ),
        pytest.param(
            {"verify_certificate": "no"},
            "verify_certificate must be true or false",
            id="a certificate flag that is a string",
        ),
        pytest.param({"user": 7}, "user must be a string of printable characters", id="a user that is a number"),
    ],
)
async def test_a_value_out_of_its_bounds_is_refused(api: Api, sent: dict[str, Any], error: str) -> None:
    for answer in (
        await api.client.post(f"{PATH}/monitors/email-smtp", json={**BODY, **sent}),
        await api.client.patch(f"{PATH}/monitors/email-smtp/{await create(api)}", json=sent),
    ):
        assert answer.status_code == 400, answer.text
        [message] = messages(answer.json(), 400)
        assert message.startswith(f"invalid_request - {error}")


@pytest.mark.parametrize("mode", ["Round Robin", "SLA"])
async def test_some_modes_need_two_locations(api: Api, location_ids: dict[str, int], mode: str) -> None:
    error = [f"invalid_request - locations must be at least 2 for the mode {mode}"]
    one = [{"id": location_ids["de"]}]
    assert await creation_errors(api, {"mode": mode, "locations": one}) == error
    number = await create(api, mode=mode, locations=[*one, {"id": location_ids["us"]}])
    answer = await api.client.patch(f"{PATH}/monitors/email-smtp/{number}", json={"locations": one, "note": "n"})
    assert messages(answer.json(), 400) == error
    two = [*one, {"id": location_ids["ca"]}]
    found = await edit(api, number, locations=two, home_location=location_ids["ca"])
    assert [here["id"] for here in found["locations"]] == [location_ids["ca"], location_ids["de"]]


async def test_problems_are_listed_together_also_on_a_change(api: Api) -> None:
    number = await create(api)
    answer = await api.client.patch(
        f"{PATH}/monitors/email-smtp/{number}", json={"interval": 0, "mode": "x", "resolve_dns": False, "name": ""}
    )
    assert [error.split()[2] for error in messages(answer.json(), 400)] == ["name", "interval", "mode", "ipv4"]
    assert (await read(api, number))["name"] == BODY["name"]


async def test_locations_are_listed_with_their_numbers(api: Api, location_ids: dict[str, int]) -> None:
    answer = (await api.client.get(f"{PATH}/locations?limit=2&offset=1")).json()
    assert answer["metadata"]["resultset"] == {"count": 2, "limit": "2", "offset": "1", "total": 3}
    assert answer["results"] == [
        {
            "id": location_ids["de"],
            "name": "DE",
            "region": 2,
            "country": "Germany",
            "code": "de",
            "country_code": "DE",
            "enabled": True,
        },
        {
            "id": location_ids["us"],
            "name": "US",
            "region": 1,
            "country": "United States of America",
            "code": "us",
            "country_code": "US",
            "enabled": True,
        },
    ]


async def test_a_whole_number_may_have_a_fraction_of_zero(api: Api) -> None:
    await make_locations(api)
    made = await create(api, port=587.0, interval=5.0, timeout=30.0)
    shown = await read(api, made)
    assert [repr(shown[name]) for name in ("port", "interval", "timeout")] == ["587", "5", "30"]
