"""Documented statements about AlertSite's tokens, lists and single monitors ([D] in the reference)."""

from __future__ import annotations

import re

import pytest

from tests.integration.api.alertsite.client import (
    BODY,
    create,
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
UNAUTHORIZED = {"errors": [{"code": 401, "message": "Unauthorized"}]}
FORBIDDEN = {"errors": [{"code": 403, "message": "Forbidden"}]}
WRONG_LOGIN = {"errors": [{"code": 400, "message": "invalid_request - User authentication failed."}]}


@pytest.fixture(scope="module", autouse=True)
async def _people(api: Api) -> None:
    await make_person(api, EMAIL, PASSWORD)
    await make_person(api, "reading@example.com", PASSWORD, role="readonly", customers=[api.customer])
    await make_locations(api, de="DE", us="US")


class TestAccessTokens:
    async def test_the_answer_holds_a_token_of_32_hex_characters_and_nothing_else(self, api: Api) -> None:
        status, body = await log_in(api, EMAIL, PASSWORD)
        assert (status, list(body)) == (200, ["access_token"])
        assert re.fullmatch(r"[0-9a-f]{32}", body["access_token"])

    @pytest.mark.parametrize(
        ("user", "password"),
        [
            pytest.param(EMAIL, "wrong", id="a wrong password"),
            pytest.param("nobody@example.com", PASSWORD, id="an unknown user"),
            pytest.param("", "", id="empty strings"),
        ],
    )
    async def test_wrong_credentials_have_the_documented_answer(self, api: Api, user: str, password: str) -> None:
        assert await log_in(api, user, password) == (400, WRONG_LOGIN)

    async def test_a_token_lasts_an_hour_and_later_calls_give_401(self, api: Api) -> None:
        token = (await log_in(api, EMAIL, PASSWORD)).body["access_token"]
        assert (await request(api, "GET", "/monitors", token=token)).status == 200
        left = await api.value("SELECT extract(epoch FROM max(expires_at) - now())::float FROM session")
        assert 3500 < left <= 3600
        await api.value("UPDATE session SET expires_at = now() - interval '1 second'")
        assert await request(api, "GET", "/monitors", token=token) == (401, UNAUTHORIZED)

    async def test_each_kind_of_token_works_on_both_groups_of_routes(self, api: Api) -> None:
        token = (await log_in(api, EMAIL, PASSWORD)).body["access_token"]
        answer = await api.client.get("/api/smtp-monitors", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert api.client.headers["Authorization"].startswith("Bearer wsm_")
        assert (await request(api, "GET", "/monitors")).status == 200

    async def test_calls_without_a_token_give_401(self, api: Api) -> None:
        for method, path in [("GET", "/monitors"), ("POST", "/monitors/email-smtp"), ("GET", "/report-sitestatus")]:
            assert await request(api, method, path, token="") == (401, UNAUTHORIZED)


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
        status, answer = await request(api, "POST", "/monitors/email-smtp", json=body)
        assert messages(answer, status) == [f"invalid_request - {field} is required"]
        assert status == 400

    @pytest.mark.parametrize("plan", ["UBM - A/A", "UBM-A/A"])
    async def test_both_spellings_of_the_plan_are_accepted(self, api: Api, plan: str) -> None:
        assert (await read(api, await create(api, billing_plancode=plan)))["billing_plancode"] == plan

    async def test_what_is_left_out_takes_the_accounts_defaults(self, api: Api) -> None:
        status, defaults = await request(api, "GET", "/account-defaults")
        assert status == 200
        found = await read(api, await create(api))
        assert {name: found[name] for name in defaults if name != "home_location"} == {
            name: value for name, value in defaults.items() if name != "home_location"
        }

    async def test_a_body_without_the_content_type_of_json_is_415(self, api: Api) -> None:
        body = b'{"billing_plancode": "UBM - A/A", "name": "n", "hostname": "h"}'
        for headers in ({}, {"Content-Type": "text/plain"}):
            status, answer = await request(api, "POST", "/monitors/email-smtp", content=body, headers=headers)
            assert messages(answer, 415) == ["Unsupported Media Type"]
            assert status == 415

    async def test_a_user_without_the_right_to_create_gets_403(self, api: Api) -> None:
        token = (await log_in(api, "reading@example.com", PASSWORD)).body["access_token"]
        assert await request(api, "POST", "/monitors/email-smtp", token=token, json=BODY) == (403, FORBIDDEN)


class TestList:
    async def test_the_envelope_is_as_documented(self, api: Api) -> None:
        await create(api)
        status, body = await request(api, "GET", "/monitors?limit=1&offset=0&show_scripts=false")
        assert status == 200
        assert list(body) == ["metadata", "results"]
        assert body["metadata"]["__permissions"] == {"acl": 7}
        assert body["metadata"]["resultset"] | {"total": 0} == {"count": 1, "limit": "1", "offset": "0", "total": 0}
        assert len(body["results"]) == 1
        everything = (await request(api, "GET", "/monitors")).body["metadata"]["resultset"]
        assert (everything["limit"], everything["offset"]) == (None, "0")

    async def test_a_comma_separated_list_selects_types_and_all_are_listed_without_it(self, api: Api) -> None:
        for kind in ("email-imap", "email-pop", "email-smtp"):
            await create(api, kind)

        async def types(query: str) -> set[str]:
            return {found["type"] for found in (await request(api, "GET", f"/monitors{query}")).body["results"]}

        assert await types("") == {"email-imap", "email-pop", "email-smtp"}
        assert await types("?type=email-pop,email-imap") == {"email-imap", "email-pop"}
        assert await types("?type=email-smtp,website") == {"email-smtp"}

    async def test_no_match_is_an_empty_list(self, api: Api) -> None:
        status, body = await request(api, "GET", "/monitors?type=website")
        assert (status, body["results"], body["metadata"]["resultset"]["count"]) == (200, [], 0)

    @pytest.mark.parametrize(
        ("select", "names"),
        [
            pytest.param("?select=id,name", ["id", "name"], id="only the named fields are shown"),
            pytest.param("?select=name,Name,nonsense", ["name"], id="unknown names are ignored, case matters"),
            pytest.param("?select=", [], id="present but empty: no fields"),
        ],
    )
    async def test_select_chooses_fields(self, api: Api, select: str, names: list[str]) -> None:
        number = await create(api)
        one = (await request(api, "GET", f"/monitors/{number}{select}")).body
        assert list(one) == names
        for listed in (await request(api, "GET", f"/monitors{select}")).body["results"]:
            assert list(listed) == names

    async def test_limit_and_offset_page_through(self, api: Api) -> None:
        for _ in range(3):
            await create(api)
        total = (await request(api, "GET", "/monitors")).body["metadata"]["resultset"]["total"]
        paged_ids = []
        for offset in range(0, total, 2):
            page = (await request(api, "GET", f"/monitors?limit=2&offset={offset}&select=id")).body["results"]
            paged_ids += [found["id"] for found in page]
        assert len(paged_ids) == len(set(paged_ids)) == total
        assert paged_ids == sorted(paged_ids)


class TestGetAndDelete:
    async def test_a_single_monitor_comes_without_an_envelope(self, api: Api) -> None:
        assert (await read(api, await create(api)))["name"] == BODY["name"]

    @pytest.mark.parametrize("kind", ["email-imap", "email-pop", "email-smtp"])
    async def test_delete_is_204_without_a_body_on_one_path_for_all_types(self, api: Api, kind: str) -> None:
        number = await create(api, kind)
        assert await request(api, "DELETE", f"/monitors/{number}") == (204, None)
        for method in ("GET", "DELETE"):
            assert await request(api, method, f"/monitors/{number}") == (404, NOT_FOUND)

    @pytest.mark.parametrize(
        "number", ["999999999", "0", "-1", "abc", "12a", "1" * 30, "33333333-3333-4333-8333-333333333333"]
    )
    async def test_what_is_not_the_number_of_a_monitor_is_not_found(self, api: Api, number: str) -> None:
        for method in ("GET", "DELETE"):
            assert await request(api, method, f"/monitors/{number}") == (404, NOT_FOUND)

    async def test_a_monitor_of_another_account_is_not_found(self, api: Api) -> None:
        number = await create(api)
        for method, path in [("GET", ""), ("DELETE", ""), ("PATCH", "email-smtp/")]:
            answer = await request(
                api, method, f"/monitors/{path}{number}", token=api.strange_token, json={} if path else None
            )
            assert answer == (404, NOT_FOUND)
        assert (await read(api, number))["id"] == int(number)
