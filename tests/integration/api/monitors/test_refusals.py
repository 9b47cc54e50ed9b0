"""Invalid requests, with their statuses and messages. No request of a caller leads to a 500."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import CUSTOMER, STRANGE_CUSTOMER, Api

HOSTNAME_RULE = "hostname must be a valid hostname (no protocol, no path)"
BODY = {"customerId": CUSTOMER, "name": "Outbound SMTP", "hostname": "smtp.example.com"}
UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"
_DEEP = json.loads('{"a":' * 30 + "1" + "}" * 30)


def assert_problem(answer: httpx.Response, status: int, phrase: str, message: str) -> None:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (answer.status_code, body["statusCode"], body["statusMessage"]) == (status, status, phrase), answer.text
    assert message in body["message"]


REFUSED_VALUES = [
    pytest.param({"customerId": None}, "Invalid Customer identifier", id="customer is null"),
    pytest.param({"customerId": "abc"}, "Invalid Customer identifier", id="customer is a word"),
    pytest.param({"customerId": 0}, "Invalid Customer identifier", id="customer is 0"),
    pytest.param({"customerId": -1}, "Invalid Customer identifier", id="customer is negative"),
    pytest.param({"customerId": 1.5}, "Invalid Customer identifier", id="customer is a fraction"),
    pytest.param({"customerId": True}, "Invalid Customer identifier", id="customer is true"),
    pytest.param({"customerId": 10**30}, "Invalid Customer identifier", id="customer is beyond 64 bits"),
    pytest.param({"customerId": "9" * 20}, "Invalid Customer identifier", id="customer is digits beyond 64 bits"),
    pytest.param({"customerId": 987654321}, "Invalid Customer identifier", id="customer is unknown"),
    pytest.param({"customerId": UNKNOWN_ID}, "Invalid Customer identifier", id="customer UUID is unknown"),
    pytest.param(
        {"customerId": STRANGE_CUSTOMER}, "Invalid Customer identifier", id="customer of another organization"
    ),
    pytest.param({"name": ""}, "name must", id="name is empty"),
    pytest.param({"name": "  "}, "name must", id="name is blank"),
    pytest.param({"name": "x" * 256}, "name must", id="name is too long"),
    pytest.param({"name": "a\0b"}, "name must", id="name has a NUL"),
    pytest.param({"name": "a\nb"}, "name must", id="name has a line break"),
    pytest.param({"name": 5}, "name must be a string", id="name is a number"),
    pytest.param({"name": None}, "name must be a string", id="name is null"),
    pytest.param({"hostname": "https://smtp.example.com"}, HOSTNAME_RULE, id="hostname has a protocol"),
    pytest.param({"hostname": "smtp.example.com/smtp"}, HOSTNAME_RULE, id="hostname has a path"),
    pytest.param({"hostname": "smtp.example.com:25"}, HOSTNAME_RULE, id="hostname has a port"),
    pytest.param({"hostname": "u@smtp.example.com"}, HOSTNAME_RULE, id="hostname has user info"),
    pytest.param({"hostname": " smtp.example.com"}, HOSTNAME_RULE, id="hostname has white space"),
    pytest.param({"hostname": "smtp.example.com\0"}, HOSTNAME_RULE, id="hostname has a NUL"),
    pytest.param({"hostname": ""}, HOSTNAME_RULE, id="hostname is empty"),
    pytest.param({"hostname": "x" * 300}, HOSTNAME_RULE, id="hostname is too long"),
    pytest.param({"hostname": 5}, "hostname", id="hostname is a number"),
    pytest.param({"port": 0}, "port must be from 1 to 65535", id="port is 0"),
    pytest.param({"port": 65536}, "port must be from 1 to 65535", id="port is 65536"),
    pytest.param({"port": 10**30}, "port must be from 1 to 65535", id="port is huge"),
    pytest.param({"port": "587"}, "port must be an integer or null", id="port is a string"),
    pytest.param({"port": 25.5}, "port must be an integer or null", id="port is a fraction"),
    pytest.param({"port": True}, "port must be an integer or null", id="port is true"),
    pytest.param({"status": "on"}, "Invalid status", id="status is unknown"),
    pytest.param({"status": 1}, "Invalid status", id="status is a number"),
    pytest.param({"status": None}, "Invalid status", id="status is null"),
    pytest.param({"checkInterval": 0}, "checkInterval must be from 1 to 1440", id="interval is 0 minutes"),
    pytest.param({"checkInterval": 1441}, "checkInterval must be from 1 to 1440", id="interval is over a day"),
    pytest.param({"checkInterval": 10**30}, "checkInterval must be from 1 to 1440", id="interval is huge"),
    pytest.param({"checkInterval": "60"}, "checkInterval must be an integer", id="interval is a string"),
    pytest.param({"checkIntervalSeconds": 9}, "checkIntervalSeconds must be from 10 to 86400", id="interval is 9 s"),
    pytest.param({"checkIntervalSeconds": 86401}, "checkIntervalSeconds must be", id="interval is over a day in s"),
    pytest.param({"timeoutSeconds": 0}, "timeoutSeconds must be from 1 to 60", id="timeout is 0"),
    pytest.param({"timeoutSeconds": 61}, "timeoutSeconds must be from 1 to 60", id="timeout is 61"),
    pytest.param(
        {"timeoutSeconds": 11, "checkIntervalSeconds": 10},
        "timeoutSeconds must not be longer than the interval",
        id="timeout is longer than the interval",
    ),
    pytest.param({"allowedCheckCountryCodes": ["XX"]}, "allowedCheckCountryCodes", id="country is unknown"),
    pytest.param(
        {"allowedCheckCountryCodes": ["ß"]}, "allowedCheckCountryCodes", id="country becomes SS in upper case"
    ),
    pytest.param({"allowedCheckCountryCodes": ["DEU"]}, "allowedCheckCountryCodes", id="country has three letters"),
    pytest.param({"allowedCheckCountryCodes": ["d\0"]}, "allowedCheckCountryCodes", id="country has a NUL"),
    pytest.param({"allowedCheckCountryCodes": [5]}, "allowedCheckCountryCodes", id="country is a number"),
    pytest.param({"allowedCheckCountryCodes": "de"}, "allowedCheckCountryCodes", id="countries are a string"),
    pytest.param({"smtpConfig": []}, "smtpConfig must be an object or null", id="config is a list"),
    pytest.param({"smtpConfig": "x"}, "smtpConfig must be an object or null", id="config is a string"),
    pytest.param({"config": 5}, "config must be an object or null", id="the alias is a number"),
    pytest.param({"smtpConfig": {"secure": "maybe"}}, "smtpConfig.secure must be true or false", id="secure: maybe"),
    pytest.param({"smtpConfig": {"secure": 2}}, "smtpConfig.secure must be true or false", id="secure: 2"),
    pytest.param({"smtpConfig": {"secure": {}}}, "smtpConfig.secure must be true or false", id="secure: {}"),
    pytest.param({"smtpConfig": {"ignoreTls": "x"}}, "smtpConfig.ignoreTls must be", id="ignoreTls: x"),
    pytest.param(
        {"smtpConfig": {"ignoreTls": 1, "requireTls": "true"}}, "must not both be true", id="ignoreTls and requireTls"
    ),
    pytest.param({"smtpConfig": {"auth": "x"}}, "smtpConfig.auth must be an object", id="auth is a string"),
    pytest.param({"smtpConfig": {"auth": {"user": 1}}}, "smtpConfig.auth.user must be a string", id="user: 1"),
    pytest.param({"smtpConfig": {"auth": {"pass": [1]}}}, "smtpConfig.auth.pass must be a string", id="pass: [1]"),
    pytest.param({"smtpConfig": {"tlsOptions": 1}}, "smtpConfig.tlsOptions must be an object", id="tlsOptions: 1"),
    pytest.param(
        {"smtpConfig": {"tlsOptions": {"rejectUnauthorized": "x"}}},
        "smtpConfig.tlsOptions.rejectUnauthorized must be",
        id="rejectUnauthorized: x",
    ),
    pytest.param(
        {"smtpConfig": {"auth": {"user": "u", "pass": "********"}}},
        "smtpConfig.auth.pass is masked",
        id="a mask with nothing stored",
    ),
    pytest.param({"smtpConfig": {"x": "a\0"}}, "smtpConfig must not hold NUL", id="config has a NUL"),
    pytest.param({"smtpConfig": {"a\0": 1}}, "smtpConfig must not hold NUL", id="a key of the config has a NUL"),
    pytest.param({"smtpConfig": {"x": 2**64}}, "smtpConfig must not hold whole numbers", id="config has a huge number"),
    pytest.param({"smtpConfig": _DEEP}, "smtpConfig must not be nested deeper", id="config is nested too deeply"),
    pytest.param({"notificationEmail": "x"}, "notificationEmail must be", id="e-mail without @"),
    pytest.param({"notificationEmail": "a@b\nc"}, "notificationEmail must be", id="e-mail with a line break"),
    pytest.param({"notificationEmail": f"{'x' * 250}@example.com"}, "notificationEmail must", id="e-mail too long"),
    pytest.param(
        {"notificationPhoneNumber": "030 1234"}, "notificationPhoneNumber must be", id="phone is no E.164 number"
    ),
    pytest.param(
        {"notificationPhoneNumber": 49301234},
        "notificationPhoneNumber must be a string or null",
        id="phone is a number",
    ),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED_VALUES)
async def test_a_value_is_refused_by_field_and_rule(api: Api, fields: dict[str, Any], message: str) -> None:
    before = await api.value("SELECT count(*) FROM monitor")
    answer = await api.client.post("/api/smtp-monitors", json={**BODY, **fields})
    assert_problem(answer, 400, "Bad Request", message)
    assert await api.value("SELECT count(*) FROM monitor") == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [case for case in REFUSED_VALUES if "customerId" not in case.values[0]],  # type: ignore[operator]
)
async def test_an_update_refuses_the_same_values_and_changes_nothing(
    api: Api, fields: dict[str, Any], message: str
) -> None:
    made = await api.create()
    answer = await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json=fields)
    assert_problem(answer, 400, "Bad Request", message)
    assert await api.value("SELECT updated_at = created_at FROM monitor WHERE id = $1", made["id"])


@pytest.mark.parametrize("field", ["customerId", "name", "hostname"])
async def test_a_missing_field_is_named(api: Api, field: str) -> None:
    answer = await api.client.post(
        "/api/smtp-monitors", json={name: value for name, value in BODY.items() if name != field}
    )
    message = "Invalid Customer identifier" if field == "customerId" else f"{field} is required"
    assert_problem(answer, 400, "Bad Request", message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", "body is required", id="an empty body"),
        pytest.param(b"{", "body must be valid JSON", id="truncated JSON"),
        pytest.param(b'{"port":NaN}', "body must be valid JSON", id="NaN"),
        pytest.param(b'{"port":Infinity}', "body must be valid JSON", id="Infinity"),
        pytest.param(b'{"port":1e999}', "port is a number out of range", id="a number beyond a float"),
        pytest.param(b'{"port":1' + b"0" * 5000 + b"}", "", id="a number of 5,000 digits"),
        pytest.param(b'{"smtpConfig":{"x":1' + b"0" * 5000 + b"}}", "", id="a number of 5,000 digits in the config"),
        pytest.param(b'{"name":"\\ud800"}', "body must be valid JSON", id="a lone surrogate"),
        pytest.param(b'{"name":"\xff"}', "body must be valid JSON", id="not UTF-8"),
        pytest.param(b"[]", "body must be an object", id="a list"),
        pytest.param(b"null", "body must be an object", id="null"),
        pytest.param(b'{"config":' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}", "nested", id="nested 9,000 deep"),
        pytest.param(b'{"x":' + b"[" * 100_000, "nested", id="100,000 opening brackets"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_body_that_is_no_json_object_is_refused(api: Api, method: str, body: bytes, message: str) -> None:
    path = "/api/smtp-monitors" if method == "POST" else f"/api/smtp-monitors/{UNKNOWN_ID}"
    answer = await api.client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "Bad Request", message)


async def test_a_body_over_256_kib_is_refused(api: Api) -> None:
    answer = await api.client.post("/api/smtp-monitors", json={**BODY, "smtpConfig": {"x": "y" * 256 * 1024}})
    assert_problem(answer, 413, "Request Entity Too Large", "Request Entity Too Large")


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "x"])
async def test_a_body_with_another_content_type_than_json_is_refused(api: Api, media_type: str) -> None:
    answer = await api.client.post("/api/smtp-monitors", content=b"{}", headers={"Content-Type": media_type})
    assert_problem(answer, 415, "Unsupported Media Type", "Unsupported Media Type")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "application/merge-patch+json", None])
async def test_json_with_another_json_content_type_or_none_is_accepted(api: Api, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await api.client.post("/api/smtp-monitors", content=json.dumps(BODY).encode(), headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "identifier",
    ["200", "x", UNKNOWN_ID.replace("-", ""), f"%7B{UNKNOWN_ID}%7D", f"{UNKNOWN_ID}0", "%00", "%ff", "%ED%A0%80"],
)
async def test_a_path_without_a_public_id_is_400(api: Api, method: str, identifier: str) -> None:
    answer = await api.client.request(method, f"/api/smtp-monitors/{identifier}", json={})
    assert_problem(answer, 400, "Bad Request", "SMTP monitor public ID (UUID) required")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("page=0", "page", id="page 0"),
        pytest.param("page=x", "page", id="page is a word"),
        pytest.param(f"page={10**30}", "page", id="page is huge"),
        pytest.param("perPage=0", "perPage", id="perPage is 0"),
        pytest.param("perPage=201", "perPage", id="perPage is above 200"),
        pytest.param("perPage=", "perPage", id="perPage is empty"),
        pytest.param("organizationId=x", "Invalid organizationId", id="organization is a word"),
        pytest.param("customerId=x", "Invalid Customer identifier", id="customer is a word"),
        pytest.param("customerId=987654321", "Invalid Customer identifier", id="customer is unknown"),
        pytest.param("search=%00", "search", id="search has a NUL"),
        pytest.param(f"search={'x' * 256}", "search", id="search is too long"),
    ],
)
async def test_a_query_parameter_is_refused_by_its_name(api: Api, query: str, message: str) -> None:
    answer = await api.client.get(f"/api/smtp-monitors?{query}")
    assert_problem(answer, 400, "Bad Request", message)


@pytest.mark.parametrize(
    "query", ["search=%ff", "search=%ED%A0%80", "search=%", "search=_", "search=\\", "x=1", "%ff=1"]
)
async def test_odd_queries_never_fail(api: Api, query: str) -> None:
    assert (await api.client.get(f"/api/smtp-monitors?{query}")).status_code == 200


@pytest.mark.parametrize("limit", ["0", "201", "x"])
async def test_the_limit_of_the_check_history_is_1_to_200(api: Api, limit: str) -> None:
    made = await api.create()
    answer = await api.client.get(f"/api/smtp-monitors/{made['publicId']}/check-history", params={"limit": limit})
    assert_problem(answer, 400, "Bad Request", "limit")


async def test_an_unknown_path_is_404_and_a_wrong_method_405_in_the_same_form(api: Api) -> None:
    assert_problem(await api.client.get("/api/nothing"), 404, "Not Found", "Not Found")
    assert_problem(await api.client.get("/nothing"), 404, "Not Found", "Not Found")
    answer = await api.client.put("/api/smtp-monitors", json={})
    assert_problem(answer, 405, "Method Not Allowed", "Method Not Allowed")
    assert "GET" in answer.headers["allow"]


async def test_a_fault_of_ours_is_500_without_any_detail(api: Api) -> None:
    await api.value("ALTER TABLE latest RENAME TO elsewhere")
    try:
        answer = await api.client.get("/api/smtp-monitors")
    finally:
        await api.value("ALTER TABLE elsewhere RENAME TO latest")
    assert_problem(answer, 500, "Internal Server Error", "Internal Server Error")
    assert "latest" not in answer.text
