"""Every documented statement about AlertSite's routes ([D] in the reference), with the answer it leads to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.api.alertsite import BODY, PATH, Answer, ask, create, edit, locations, messages, person, read
from tests.integration.api.conftest import Api

EMAIL, PASSWORD = "documented@example.com", "c0rrect horse"
NOT_FOUND = {"errors": [{"code": 404, "message": "Record not found"}]}
UNAUTHORIZED = {"errors": [{"code": 401, "message": "Unauthorized"}]}
FORBIDDEN = {"errors": [{"code": 403, "message": "Forbidden"}]}
WRONG_LOGIN = {"errors": [{"code": 400, "message": "invalid_request - User authentication failed."}]}


@pytest.fixture(scope="module", autouse=True)
async def _people(api: Api) -> None:
    await person(api, EMAIL, PASSWORD)
    await person(api, "reading@example.com", PASSWORD, role="readonly", customers=[api.customer])
    await locations(api, de="DE", us="US")


async def log_in(api: Api, user: str = EMAIL, password: str = PASSWORD) -> Answer:
    answer = await api.client.post(f"{PATH}/access-tokens", json={"username": user, "password": password})
    return Answer(answer.status_code, answer.json())


class TestAccessTokens:
    async def test_the_answer_holds_a_token_of_32_hex_characters_and_nothing_else(self, api: Api) -> None:
        status, body = await log_in(api)
        assert (status, list(body)) == (200, ["access_token"])
        assert re.fullmatch(r"[0-9a-f]{32}", body["access_token"])

    @pytest.mark.parametrize(
        ("user", "password"),
        [
            pytest.param(EMAIL, "wrong", id="wrong password"),
            pytest.param("nobody@example.com", PASSWORD, id="unknown user"),
            pytest.param("", "", id="nothing"),
        ],
    )
    async def test_wrong_credentials_are_told_as_documented(self, api: Api, user: str, password: str) -> None:
        assert await log_in(api, user, password) == (400, WRONG_LOGIN)

    async def test_a_token_lasts_an_hour_and_calls_give_401_afterwards(self, api: Api) -> None:
        token = (await log_in(api)).body["access_token"]
        assert (await ask(api, "GET", "/monitors", token=token)).status == 200
        left = await api.value("SELECT extract(epoch FROM max(expires_at) - now())::float FROM session")
        assert 3500 < left <= 3600
        await api.value("UPDATE session SET expires_at = now() - interval '1 second'")
        assert await ask(api, "GET", "/monitors", token=token) == (401, UNAUTHORIZED)

    async def test_the_token_works_on_the_other_group_and_the_other_kind_of_token_here(self, api: Api) -> None:
        token = (await log_in(api)).body["access_token"]
        answer = await api.client.get("/api/smtp-monitors", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert api.client.headers["Authorization"].startswith("Bearer wsm_")
        assert (await ask(api, "GET", "/monitors")).status == 200

    async def test_calls_without_a_token_give_401(self, api: Api) -> None:
        for method, path in [("GET", "/monitors"), ("POST", "/monitors/email-smtp"), ("GET", "/report-sitestatus")]:
            assert await ask(api, method, path, token="") == (401, UNAUTHORIZED)


class TestCreate:
    @pytest.mark.parametrize("kind", ["email-imap", "email-pop", "email-smtp"])
    async def test_the_answer_is_200_with_the_number_in_a_string_and_the_path_is_the_type(
        self, api: Api, kind: str
    ) -> None:
        number = await create(api, kind)
        found = await read(api, number)
        assert (found["id"], found["type"]) == (int(number), kind)

    @pytest.mark.parametrize("field", ["billing_plancode", "name", "hostname"])
    async def test_three_fields_are_required(self, api: Api, field: str) -> None:
        body = {name: value for name, value in BODY.items() if name != field}
        status, answer = await ask(api, "POST", "/monitors/email-smtp", json=body)
        assert messages(answer, status) == [f"invalid_request - {field} is required"]
        assert status == 400

    @pytest.mark.parametrize("plan", ["UBM - A/A", "UBM-A/A"])
    async def test_both_spellings_of_the_plan_are_taken(self, api: Api, plan: str) -> None:
        assert (await read(api, await create(api, billing_plancode=plan)))["billing_plancode"] == plan

    async def test_what_is_left_out_takes_the_accounts_defaults(self, api: Api) -> None:
        status, defaults = await ask(api, "GET", "/account-defaults")
        assert status == 200
        found = await read(api, await create(api))
        assert {name: found[name] for name in defaults if name != "home_location"} == {
            name: value for name, value in defaults.items() if name != "home_location"
        }

    async def test_a_body_that_is_not_said_to_be_json_is_415(self, api: Api) -> None:
        body = b'{"billing_plancode": "UBM - A/A", "name": "n", "hostname": "h"}'
        for headers in ({}, {"Content-Type": "text/plain"}):
            status, answer = await ask(api, "POST", "/monitors/email-smtp", content=body, headers=headers)
            assert messages(answer, 415) == ["Unsupported Media Type"]
            assert status == 415

    async def test_a_user_without_the_right_to_create_gets_403(self, api: Api) -> None:
        token = (await log_in(api, "reading@example.com")).body["access_token"]
        assert await ask(api, "POST", "/monitors/email-smtp", token=token, json=BODY) == (403, FORBIDDEN)


class TestFields:
    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            pytest.param({"alert_note": "a" * 1001}, {"alert_note": "a" * 1000}, id="a long alert note is cut off"),
            pytest.param({}, {"allow_internal_testing": True}, id="internal testing is allowed unless told"),
            pytest.param({}, {"custom_properties": [], "blackout_ids": []}, id="no properties, no blackouts"),
            pytest.param({}, {"access_type": "Edit"}, id="who may change it has the right to edit"),
            pytest.param({"Interval": 5}, {"interval": 15}, id="names of fields are case-sensitive"),
            pytest.param(
                {"custom_properties": [{"id": 1, "name": "Team", "value": "Mail", "value_id": 7}, {"id": 2}]},
                {"custom_properties": [{"id": 1, "name": "Team", "value": "Mail", "value_id": 7}]},
                id="only properties with a value are listed",
            ),
            pytest.param({"interval": 5, "enabled": True}, {"interval": 5, "enabled": True}, id="minutes and a flag"),
            pytest.param({"mode": "Global Verify"}, {"mode": "Global Verify"}, id="the documented mode"),
            pytest.param({"port": 587}, {"port": 587}, id="the documented port"),
            pytest.param({"ipv4": "74.125.28.108"}, {"ipv4": "74.125.28.108"}, id="the documented address"),
            pytest.param({"type": "website", "id": 1, "access_type": "View"}, {"type": "email-smtp"}, id="read-only"),
        ],
    )
    async def test_a_field_is_kept_and_shown(self, api: Api, sent: dict[str, Any], shown: dict[str, Any]) -> None:
        found = await read(api, await create(api, **sent))
        assert {name: found[name] for name in shown} == shown

    @pytest.mark.parametrize(
        ("kind", "port"),
        [
            pytest.param("email-smtp", 25, id="SMTP is asked on port 25"),
            pytest.param("email-pop", 110, id="POP3 is asked on port 110"),
            pytest.param("email-imap", 143, id="IMAP is asked on port 143"),
        ],
    )
    async def test_a_bare_host_is_the_plain_protocol_on_its_own_port(self, api: Api, kind: str, port: int) -> None:
        found = await read(api, await create(api, kind))
        assert found["port"] == port

    async def test_values_are_case_sensitive(self, api: Api) -> None:
        status, answer = await ask(api, "POST", "/monitors/email-smtp", json={**BODY, "mode": "global verify"})
        assert status == 400
        assert messages(answer, 400) == [
            "invalid_request - mode must be one of Primary, Global Notify, Global Verify, Round Robin, SLA"
        ]

    async def test_json_types_are_real(self, api: Api) -> None:
        [here] = (await locations(api, de="DE")).values()
        found = await read(api, await create(api, port=25, home_location=here, locations=[{"id": here}]))
        for name in ("id", "interval", "timeout", "home_location", "port", "monitor_location_count"):
            assert type(found[name]) is int, name
        for name in ("enabled", "resolve_dns", "rotate_locations", "retry_on_failure", "notify_on_error", "has_sla"):
            assert type(found[name]) is bool, name
        assert found["locations"] == [{"id": here, "name": "DE", "region": 2}]
        assert found["sla_id"] is None

    async def test_the_interval_must_be_longer_than_the_timeout(self, api: Api) -> None:
        status, answer = await ask(api, "POST", "/monitors/email-smtp", json={**BODY, "interval": 1, "timeout": 60})
        assert (status, messages(answer, 400)) == (
            400,
            ["invalid_request - timeout must be shorter than the interval (60 s)"],
        )

    async def test_the_caller_who_may_only_read_has_the_right_to_view(self, api: Api) -> None:
        token = (await log_in(api, "reading@example.com")).body["access_token"]
        number = await create(api)
        assert (await ask(api, "GET", f"/monitors/{number}", token=token)).body["access_type"] == "View"

    async def test_a_property_is_changed_by_its_id_and_new_value_id(self, api: Api) -> None:
        properties = [{"id": 1, "name": "Team", "value_id": 7}, {"id": 2, "name": "Tier", "value_id": 8}]
        number = await create(api, custom_properties=properties)
        changed = await edit(api, number, custom_properties=[{"id": 2, "value_id": 9}])
        assert changed["custom_properties"] == [properties[0], {"id": 2, "name": "Tier", "value_id": 9}]


class TestEdit:
    async def test_only_what_is_sent_changes(self, api: Api) -> None:
        number = await create(api, note="n", interval=5)
        before = await read(api, number)
        after = await edit(api, number, port=587, ipv4="74.125.28.108")
        assert {name for name in before if before[name] != after[name]} == {"port", "ipv4"}

    @pytest.mark.parametrize("method", ["PATCH", "POST"])
    async def test_the_answer_is_200_with_the_number(self, api: Api, method: str) -> None:
        number = await create(api)
        answer = await ask(api, method, f"/monitors/email-smtp/{number}", json={"name": "Other"})
        assert answer == (200, {"id": number})
        assert (await read(api, number))["name"] == "Other"

    async def test_a_monitor_of_another_type_is_not_found(self, api: Api) -> None:
        number = await create(api)
        assert await ask(api, "PATCH", f"/monitors/email-imap/{number}", json={"name": "x"}) == (404, NOT_FOUND)


class TestList:
    async def test_the_envelope_is_as_documented(self, api: Api) -> None:
        await create(api)
        status, body = await ask(api, "GET", "/monitors?limit=1&offset=0&show_scripts=false")
        assert status == 200
        assert list(body) == ["metadata", "results"]
        assert body["metadata"]["__permissions"] == {"acl": 7}
        assert body["metadata"]["resultset"] | {"total": 0} == {"count": 1, "limit": "1", "offset": "0", "total": 0}
        assert len(body["results"]) == 1
        everything = (await ask(api, "GET", "/monitors")).body["metadata"]["resultset"]
        assert (everything["limit"], everything["offset"]) == (None, "0")

    async def test_types_are_chosen_by_commas_and_all_are_shown_without(self, api: Api) -> None:
        for kind in ("email-imap", "email-pop", "email-smtp"):
            await create(api, kind)

        async def types(query: str) -> set[str]:
            return {found["type"] for found in (await ask(api, "GET", f"/monitors{query}")).body["results"]}

        assert await types("") == {"email-imap", "email-pop", "email-smtp"}
        assert await types("?type=email-pop,email-imap") == {"email-imap", "email-pop"}
        assert await types("?type=email-smtp,website") == {"email-smtp"}

    async def test_no_match_is_an_empty_list(self, api: Api) -> None:
        status, body = await ask(api, "GET", "/monitors?type=website")
        assert (status, body["results"], body["metadata"]["resultset"]["count"]) == (200, [], 0)

    @pytest.mark.parametrize(
        ("select", "names"),
        [
            pytest.param("?select=id,name", ["id", "name"], id="the fields named"),
            pytest.param("?select=name,Name,nonsense", ["name"], id="unknown names are ignored, case matters"),
            pytest.param("?select=", [], id="present but empty: no fields"),
        ],
    )
    async def test_select_chooses_fields(self, api: Api, select: str, names: list[str]) -> None:
        number = await create(api)
        one = (await ask(api, "GET", f"/monitors/{number}{select}")).body
        assert list(one) == names
        for listed in (await ask(api, "GET", f"/monitors{select}")).body["results"]:
            assert list(listed) == names

    async def test_limit_and_offset_page_through(self, api: Api) -> None:
        for _ in range(3):
            await create(api)
        total = (await ask(api, "GET", "/monitors")).body["metadata"]["resultset"]["total"]
        seen = []
        for offset in range(0, total, 2):
            page = (await ask(api, "GET", f"/monitors?limit=2&offset={offset}&select=id")).body["results"]
            seen += [found["id"] for found in page]
        assert len(seen) == len(set(seen)) == total
        assert seen == sorted(seen)


class TestGetAndDelete:
    async def test_a_single_monitor_comes_without_an_envelope(self, api: Api) -> None:
        assert (await read(api, await create(api)))["name"] == BODY["name"]

    @pytest.mark.parametrize("kind", ["email-imap", "email-pop", "email-smtp"])
    async def test_delete_is_204_without_a_body_on_one_path_for_all_types(self, api: Api, kind: str) -> None:
        number = await create(api, kind)
        assert await ask(api, "DELETE", f"/monitors/{number}") == (204, None)
        for method in ("GET", "DELETE"):
            assert await ask(api, method, f"/monitors/{number}") == (404, NOT_FOUND)

    @pytest.mark.parametrize(
        "number", ["999999999", "0", "-1", "abc", "12a", "1" * 30, "33333333-3333-4333-8333-333333333333"]
    )
    async def test_what_is_not_the_number_of_a_monitor_is_not_found(self, api: Api, number: str) -> None:
        for method in ("GET", "DELETE"):
            assert await ask(api, method, f"/monitors/{number}") == (404, NOT_FOUND)

    async def test_a_monitor_of_another_account_is_not_found(self, api: Api) -> None:
        number = await create(api)
        for method, path in [("GET", ""), ("DELETE", ""), ("PATCH", "email-smtp/")]:
            answer = await ask(
                api, method, f"/monitors/{path}{number}", token=api.strange_token, json={} if path else None
            )
            assert answer == (404, NOT_FOUND)
        assert (await read(api, number))["id"] == int(number)
