"""Documented statements about the fields of AlertSite's monitors and their changes ([D] in the reference)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import (
    BODY,
    create,
    edit,
    log_in,
    make_locations,
    make_person,
    messages,
    read,
    request,
)
from tests.integration.api.conftest import Api

EMAIL, PASSWORD = "documented@example.com", "c0rrect horse"
NOT_FOUND = {"errors": [{"code": 404, "message": "Record not found"}]}


@pytest.fixture(scope="module", autouse=True)
async def _people(api: Api) -> None:
    await make_person(api, EMAIL, PASSWORD)
    await make_person(api, "reading@example.com", PASSWORD, role="readonly", customers=[api.customer])
    await make_locations(api, de="DE", us="US")


class TestFields:
    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            pytest.param({"alert_note": "a" * 1001}, {"alert_note": "a" * 1000}, id="a long alert note is cut off"),
            pytest.param({}, {"allow_internal_testing": True}, id="internal testing is allowed by default"),
            pytest.param(
                {}, {"custom_properties": [], "blackout_ids": []}, id="properties and blackouts are empty by default"
            ),
            pytest.param({}, {"access_type": "Edit"}, id="a caller that may change the monitor has the right to edit"),
            pytest.param({"Interval": 5}, {"interval": 15}, id="names of fields are case-sensitive"),
            pytest.param(
                {"custom_properties": [{"id": 1, "name": "Team", "value": "Mail", "value_id": 7}, {"id": 2}]},
                {"custom_properties": [{"id": 1, "name": "Team", "value": "Mail", "value_id": 7}]},
                id="only properties with a value are listed",
            ),
            pytest.param(
                {"interval": 5, "enabled": True},
                {"interval": 5, "enabled": True},
                id="an interval in minutes and a flag",
            ),
            pytest.param({"mode": "Global Verify"}, {"mode": "Global Verify"}, id="the documented mode"),
            pytest.param({"port": 587}, {"port": 587}, id="the documented port"),
            pytest.param({"ipv4": "74.125.28.108"}, {"ipv4": "74.125.28.108"}, id="the documented address"),
            pytest.param(
                {"type": "website", "id": 1, "access_type": "View"},
                {"type": "email-smtp"},
                id="read-only fields are ignored",
            ),
        ],
    )
    async def test_a_field_is_kept_and_shown(self, api: Api, sent: dict[str, Any], shown: dict[str, Any]) -> None:
        found = await read(api, await create(api, **sent))
        assert {name: found[name] for name in shown} == shown

    @pytest.mark.parametrize(
        ("kind", "port"),
        [
            pytest.param("email-smtp", 25, id="SMTP is checked on port 25"),
            pytest.param("email-pop", 110, id="POP3 is checked on port 110"),
            pytest.param("email-imap", 143, id="IMAP is checked on port 143"),
        ],
    )
    async def test_a_bare_host_is_the_plain_protocol_on_its_own_port(self, api: Api, kind: str, port: int) -> None:
        found = await read(api, await create(api, kind))
        assert found["port"] == port

    async def test_values_are_case_sensitive(self, api: Api) -> None:
        status, answer = await request(api, "POST", "/monitors/email-smtp", json={**BODY, "mode": "global verify"})
        assert status == 400
        assert messages(answer, 400) == [
            "invalid_request - mode must be one of Primary, Global Notify, Global Verify, Round Robin, SLA"
        ]

    async def test_numbers_and_flags_have_their_json_types(self, api: Api) -> None:
        [here] = (await make_locations(api, de="DE")).values()
        found = await read(api, await create(api, port=25, home_location=here, locations=[{"id": here}]))
        for name in ("id", "interval", "timeout", "home_location", "port", "monitor_location_count"):
            assert type(found[name]) is int, name
        for name in ("enabled", "resolve_dns", "rotate_locations", "retry_on_failure", "notify_on_error", "has_sla"):
            assert type(found[name]) is bool, name
        assert found["locations"] == [{"id": here, "name": "DE", "region": 2}]
        assert found["sla_id"] is None

    async def test_the_interval_must_be_longer_than_the_timeout(self, api: Api) -> None:
        status, answer = await request(api, "POST", "/monitors/email-smtp", json={**BODY, "interval": 1, "timeout": 60})
        assert (status, messages(answer, 400)) == (
            400,
            ["invalid_request - timeout must be shorter than the interval (60 s)"],
        )

    async def test_a_caller_that_may_only_read_has_the_right_to_view(self, api: Api) -> None:
        token = (await log_in(api, "reading@example.com", PASSWORD)).body["access_token"]
        number = await create(api)
        assert (await request(api, "GET", f"/monitors/{number}", token=token)).body["access_type"] == "View"

    async def test_a_property_is_changed_by_its_id_and_new_value_id(self, api: Api) -> None:
        properties = [{"id": 1, "name": "Team", "value_id": 7}, {"id": 2, "name": "Tier", "value_id": 8}]
        number = await create(api, custom_properties=properties)
        changed = await edit(api, number, custom_properties=[{"id": 2, "value_id": 9}])
        assert changed["custom_properties"] == [properties[0], {"id": 2, "name": "Tier", "value_id": 9}]

    @pytest.mark.parametrize(
        ("changes", "shown"),
        [
            pytest.param(
                [{"id": "1", "value_id": 9}], [{"id": 1, "name": "Team", "value_id": 9}], id="its id as a string"
            ),
            pytest.param([{"id": 1}], [], id="its value taken away"),
            pytest.param(
                [[{"id": 1}], [{"id": 1, "value_id": 9}]],
                [{"id": 1, "name": "Team", "value_id": 9}],
                id="its value taken away and given again",
            ),
            pytest.param(
                [{"id": 1, "value_id": 7}],
                [{"id": 1, "name": "Team", "value": "Mail", "value_id": 7}],
                id="the value that it has",
            ),
            pytest.param(
                [{"id": 1, "value": "Web"}], [{"id": 1, "name": "Team", "value": "Web"}], id="another text as value"
            ),
            pytest.param(
                [{"id": 1, "name": "Group", "value_id": 9}],
                [{"id": 1, "name": "Group", "value_id": 9}],
                id="another label",
            ),
        ],
    )
    async def test_a_property_keeps_its_label(self, api: Api, changes: list[Any], shown: list[dict[str, Any]]) -> None:
        number = await create(api, custom_properties=[{"id": 1, "name": "Team", "value": "Mail", "value_id": 7}])
        for change in changes if isinstance(changes[0], list) else [changes]:
            await edit(api, number, custom_properties=change)
        assert (await read(api, number))["custom_properties"] == shown


class TestEdit:
    async def test_only_what_is_sent_changes(self, api: Api) -> None:
        number = await create(api, note="n", interval=5)
        before = await read(api, number)
        after = await edit(api, number, port=587, ipv4="74.125.28.108")
        assert {name for name in before if before[name] != after[name]} == {"port", "ipv4"}

    @pytest.mark.parametrize("method", ["PATCH", "POST"])
    async def test_the_answer_is_200_with_the_number(self, api: Api, method: str) -> None:
        number = await create(api)
        answer = await request(api, method, f"/monitors/email-smtp/{number}", json={"name": "Other"})
        assert answer == (200, {"id": number})
        assert (await read(api, number))["name"] == "Other"

    async def test_a_monitor_of_another_type_is_not_found(self, api: Api) -> None:
        number = await create(api)
        assert await request(api, "PATCH", f"/monitors/email-imap/{number}", json={"name": "x"}) == (404, NOT_FOUND)
