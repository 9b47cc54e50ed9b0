"""`/api/imap-pop-monitors`: rules shared with SMTP monitors, and the differences of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.mailboxes import BODY, PATH, create
from tests.integration.api.monitors.test_refusals import REFUSED_VALUES, UNKNOWN_ID, assert_problem

NOT_FOUND = "IMAP/POP monitor not found"
ID_REQUIRED = "IMAP/POP monitor public ID (UUID) required"
CONFIG: dict[str, Any] = {"protocol": "imap", "user": "monitor@example.com", "password": "password", "tls": True}
MASKED = {**CONFIG, "password": "********"}
SHARED = [case for case in REFUSED_VALUES if "smtpConfig" not in case.values[0]]  # type: ignore[operator]
ON_ONE = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/trigger-check"), ("GET", "/check-history")]


async def test_the_answer_to_a_write_shows_the_password_and_a_read_masks_it(api: Api) -> None:
    made = await create(api, port=993, imapPopConfig=CONFIG)
    assert made["config"] == made["imapPopConfig"] == CONFIG
    assert "customer" not in made
    read = (await api.client.get(f"{PATH}/{made['publicId']}")).json()
    assert read["config"] == read["imapPopConfig"] == MASKED
    assert read.keys() - made.keys() == {"customer"}
    assert {name: read[name] for name in made if not name.endswith(("onfig", "At"))} == {
        name: made[name] for name in made if not name.endswith(("onfig", "At"))
    }
    page = (await api.client.get(PATH, params={"perPage": 200})).json()
    listed = next(item for item in page["items"] if item["id"] == made["id"])
    assert listed["config"] == MASKED
    assert listed.keys() == (made.keys() - {"imapPopConfig", "warnings"}) | {"customerName"}


async def test_a_monitor_embeds_its_customer_with_countries_and_threshold(api: Api) -> None:
    made = await create(api)
    customer = (await api.client.get(f"{PATH}/{made['publicId']}")).json()["customer"]
    stamps = {customer.pop("createdAt"), customer.pop("updatedAt")}
    assert all(stamp.endswith("Z") for stamp in stamps)
    assert customer == {
        "id": api.customer,
        "publicId": CUSTOMER,
        "organizationId": made["organizationId"],
        "name": "Example Customer",
        "email": None,
        "allowedCheckCountryCodes": None,
        "customFields": None,
        "alertLocationThresholdCount": None,
    }


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param({}, {"port": None, "checkInterval": 30, "timeoutSeconds": 30, "config": {}}, id="the defaults"),
        pytest.param({"status": "inactive"}, {"status": "disabled"}, id="inactive is disabled"),
        pytest.param(
            {"checkIntervalSeconds": 10},
            {"checkInterval": 1, "timeoutSeconds": 10},
            id="ten seconds are rounded up to a minute",
        ),
        pytest.param(
            {"allowedCheckCountryCodes": ["us", "US"]},
            {"allowedCheckCountryCodes": ["US"]},
            id="countries are upper-cased, each once",
        ),
        pytest.param({"config": {"tls": "1"}}, {"imapPopConfig": {"tls": "1"}}, id="the alias config is kept as sent"),
        pytest.param(
            {"imapPopConfig": {"a": 1}, "config": {"b": 2}},
            {"config": {"a": 1}},
            id="imapPopConfig wins over its alias",
        ),
        pytest.param({"imapPopConfig": None}, {"config": {}}, id="a config of null is empty"),
        pytest.param(
            {"smtpConfig": {"secure": True}}, {"config": {}}, id="the config of another type is an unknown field"
        ),
        pytest.param(
            {"imapPopConfig": {"protocol": "POP3", "x": [1, None]}},
            {"config": {"protocol": "POP3", "x": [1, None]}},
            id="unknown keys are kept",
        ),
    ],
)
async def test_a_value_is_stored(api: Api, sent: dict[str, Any], stored: dict[str, Any]) -> None:
    made = await create(api, **sent)
    read = (await api.client.get(f"{PATH}/{made['publicId']}")).json()
    for answer in (made, read):
        assert {name: answer[name] for name in stored} == stored


@pytest.mark.parametrize(("fields", "message"), [case for case in SHARED if "customerId" not in case.values[0]])  # type: ignore[operator]
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_values_refused_for_smtp_monitors_are_refused_here_too(
    api: Api, method: str, fields: dict[str, Any], message: str
) -> None:
    path, body = PATH, {**BODY, **fields}
    if method == "PATCH":
        path, body = f"{PATH}/{(await create(api))['publicId']}", fields
    before = await api.value("SELECT count(*) FROM monitor")
    assert_problem(await api.client.request(method, path, json=body), 400, "Bad Request", message)
    assert await api.value("SELECT count(*) FROM monitor") == before


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "imapPopConfig must be an object or null"),
        ({"protocol": "smtp"}, "imapPopConfig.protocol must be one of imap, pop3"),
        ({"protocol": 5}, "imapPopConfig.protocol must be one of imap, pop3"),
        ({"tls": "maybe"}, "imapPopConfig.tls must be true or false"),
        ({"starttls": "sometimes"}, "imapPopConfig.starttls must be one of never, opportunistic, required"),
        ({"user": 1}, "imapPopConfig.user must be a string"),
        ({"user": "a\nb"}, "imapPopConfig.user must not hold line breaks"),
        ({"password": "a\r"}, "imapPopConfig.password must not hold line breaks"),
        ({"password": "a\0"}, "imapPopConfig must not hold NUL"),
        ({"tlsOptions": {"rejectUnauthorized": "x"}}, "imapPopConfig.tlsOptions.rejectUnauthorized must be"),
        ({"tlsOptions": 1}, "imapPopConfig.tlsOptions must be an object"),
        ({"password": "********"}, "imapPopConfig.password is masked"),
        ({"mailbox": "a\nb"}, "imapPopConfig.mailbox must be"),
        ({"warningMs": "x"}, "imapPopConfig.warningMs must be a whole number"),
    ],
)
async def test_a_config_is_refused_by_field_and_rule(api: Api, config: object, message: str) -> None:
    answer = await api.client.post(PATH, json={**BODY, "imapPopConfig": config})
    assert_problem(answer, 400, "Bad Request", message)


@pytest.mark.parametrize(
    ("customer", "status", "phrase", "message"),
    [
        pytest.param("abc", 400, "Bad Request", "Invalid Customer identifier", id="a malformed customer"),
        pytest.param(None, 400, "Bad Request", "Invalid Customer identifier", id="a customer of null"),
        pytest.param(987654321, 404, "Not Found", "Customer not found", id="an unknown number"),
        pytest.param("987654321", 404, "Not Found", "Customer not found", id="an unknown number in a string"),
        pytest.param(UNKNOWN_ID, 404, "Not Found", "Customer not found", id="an unknown UUID"),
        pytest.param(STRANGE_CUSTOMER, 404, "Not Found", "Customer not found", id="a customer of another organization"),
    ],
)
async def test_an_invalid_customer_has_the_printed_error(
    api: Api, customer: object, status: int, phrase: str, message: str
) -> None:
    answer = await api.client.post(PATH, json={**BODY, "customerId": customer})
    assert_problem(answer, status, phrase, message)
    assert answer.json()["message"] == message


async def test_a_missing_customer_is_malformed(api: Api) -> None:
    answer = await api.client.post(PATH, json={"name": "M", "hostname": "mail.example.com"})
    assert_problem(answer, 400, "Bad Request", "Invalid Customer identifier")


@pytest.mark.parametrize("customer", ["x", "987654321"])
async def test_a_list_of_an_unknown_customer_is_a_wrong_query(api: Api, customer: str) -> None:
    answer = await api.client.get(PATH, params={"customerId": customer})
    assert_problem(answer, 400, "Bad Request", "Invalid Customer identifier")


@pytest.mark.parametrize(("method", "rest"), ON_ONE)
async def test_a_path_without_a_public_id_names_the_required_form(api: Api, method: str, rest: str) -> None:
    answer = await api.client.request(method, f"{PATH}/500{rest}", json={})
    assert (answer.status_code, answer.json()["message"]) == (400, ID_REQUIRED)


@pytest.mark.parametrize(("method", "rest"), ON_ONE)
async def test_an_unknown_monitor_or_one_of_another_type_or_organization_is_not_found(
    api: Api, method: str, rest: str
) -> None:
    ours, smtp = await create(api), await api.create()
    strange = {"Authorization": f"Bearer {api.strange_token}"}
    for public_id, headers in ((UNKNOWN_ID, {}), (smtp["publicId"], {}), (ours["publicId"], strange)):
        answer = await api.client.request(method, f"{PATH}/{public_id}{rest}", json={}, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (404, NOT_FOUND)
        assert answer.json()["statusMessage"] == (NOT_FOUND if "trigger" in rest else "Not Found")
    answer = await api.client.request(method, f"/api/smtp-monitors/{ours['publicId']}{rest}", json={})
    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")


async def test_each_list_has_its_own_type(api: Api) -> None:
    smtp = await api.create(name="which type")
    mailboxes = [await create(api, name="which type", imapPopConfig={"protocol": kind}) for kind in ("imap", "pop3")]
    found = {
        path: [item["id"] for item in (await api.client.get(path, params={"search": "which type"})).json()["items"]]
        for path in ("/api/smtp-monitors", PATH)
    }
    assert found == {"/api/smtp-monitors": [smtp["id"]], PATH: [made["id"] for made in mailboxes]}
    assert len({smtp["id"], *(made["id"] for made in mailboxes)}) == 3, "all types share one sequence of ids"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_customers_token_is_403_at_another_customers_monitor(api: Api, method: str) -> None:
    made = await create(api, customerId=OTHER_CUSTOMER)
    answer = await api.client.request(
        method, f"{PATH}/{made['publicId']}", json={}, headers={"Authorization": f"Bearer {api.customer_token}"}
    )
    assert_problem(answer, 403, "Forbidden", "Forbidden")


async def test_a_deleted_monitor_is_gone(api: Api) -> None:
    made = await create(api)
    path = f"{PATH}/{made['publicId']}"
    assert (await api.client.delete(path)).json() == {"success": True}
    for method in ("GET", "DELETE"):
        assert_problem(await api.client.request(method, path), 404, "Not Found", NOT_FOUND)


async def test_a_change_of_protocol_changes_the_kind_and_is_a_change_of_target(api: Api) -> None:
    made = await create(api, port=993, imapPopConfig=CONFIG)
    kept = "SELECT (kind, target_changed_at > created_at)::text FROM monitor WHERE id = $1"
    assert await api.value(kept, made["id"]) == "(imap,f)"
    await asyncio.sleep(0.002)  # timestamps are stored in milliseconds
    changed = await api.client.patch(
        f"{PATH}/{made['publicId']}", json={"imapPopConfig": {**MASKED, "protocol": "pop3"}}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["config"] == {**CONFIG, "protocol": "pop3"}
    assert changed.json()["port"] == 993, "a port that was set stays"
    assert await api.value(kept, made["id"]) == "(pop3,t)"
    renamed = await api.client.patch(f"{PATH}/{made['publicId']}", json={"name": "other"})
    assert renamed.json()["config"]["protocol"] == "pop3"
    assert await api.value("SELECT kind FROM monitor WHERE id = $1", made["id"]) == "pop3"
