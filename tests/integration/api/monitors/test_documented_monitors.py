"""Every documented statement about the monitor routes ([D] in the reference)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.kinds import target_of
from controller.model import Role
from controller.store.locations.locations import record_heartbeat
from controller.store.monitors import monitors
from controller.vault import logins_of
from shared.clock import utc_now
from shared.wire.messages import Heartbeat
from tests.integration.api.access.monitor_statements import (
    MAIL,
    MAIL_CONFIG,
    NEW_MAIL,
    NEW_SMTP,
    ROWS,
    SMTP,
    SMTP_CONFIG,
    UNAUTHORIZED,
)
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.documented import Row, assert_answers, send
from tests.integration.api.outages import COUNTRIES
from tests.integration.api.people import organization_of, person


@pytest.fixture(scope="module")
async def people(api: Api) -> dict[str, dict[str, str]]:
    """The headers of each caller."""
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    other = await api.token(ours, customer=api.other_customer)
    return {
        "admin token": {"Authorization": api.client.headers["Authorization"]},
        "nobody": {},
        "stranger": {"Authorization": f"Bearer {api.strange_token}"},
        "other": {"Authorization": f"Bearer {other}"},
        "readonly": (await person(api, Role.READONLY, organization=ours, customers=[api.customer])).headers,
        "supporter": (await person(api, Role.GLOBAL_SUPPORTER, organization=strange)).headers,
    }


@pytest.fixture(scope="module", autouse=True)
async def _locations(api: Api) -> None:
    """Create two locations, and a monitor of each type that searches can find by its name."""
    for code, country in COUNTRIES.items():
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')", code, country
        )
    await _make(api, SMTP, NEW_SMTP | {"name": "Searched SMTP", "hostname": "searched.example", "port": 587})
    await _make(api, MAIL, NEW_MAIL | {"name": "Searched Mail", "port": 993})


async def _record_heartbeats(api: Api) -> None:
    """Record fresh heartbeats of the agents. Each test does so, because all tests together outlast a heartbeat."""
    now = utc_now()
    for code, country in COUNTRIES.items():
        heartbeat = Heartbeat(
            agent="a",
            location=code,
            country=country,
            kinds=["smtp", "imap", "pop3"],
            version="1",
            started_at=now,
            sent_at=now,
        )
        assert await record_heartbeat(api.database, heartbeat)


@pytest.fixture
async def made(api: Api) -> dict[str, Any]:
    """The ids that rows refer to: the customer, and a new monitor of each type that ready locations can check."""
    await _record_heartbeats(api)
    smtp = await _make(api, SMTP, NEW_SMTP | {"smtpConfig": SMTP_CONFIG, "checkInterval": 30})
    mail = await _make(api, MAIL, NEW_MAIL | {"imapPopConfig": MAIL_CONFIG, "checkInterval": 30})
    return {
        "customer_id": api.customer,
        "smtp": smtp["publicId"],
        "smtp_number": smtp["id"],
        "mail": mail["publicId"],
        "mail_number": mail["id"],
    }


async def _make(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.post(path, json={"checkInterval": 60, **body, "customerId": CUSTOMER})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("row", [pytest.param(row, id=row.title) for row in ROWS])
async def test_the_statement_holds(api: Api, people: dict[str, dict[str, str]], made: dict[str, Any], row: Row) -> None:
    if row.caller == "supporter":  # global supporters must name an organization
        row = dataclasses.replace(row, query={"organizationId": str(await organization_of(api, "Ours"))})
    assert_answers(row, await send(api, row, people, made))


@pytest.mark.parametrize(
    ("path", "config", "port"),
    [
        pytest.param(SMTP, {}, 25, id="SMTP"),
        pytest.param(SMTP, {"secure": True}, 465, id="SMTP with secure"),
        pytest.param(MAIL, {}, 143, id="IMAP, the default protocol, without TLS, the default"),
        pytest.param(MAIL, {"tls": True}, 993, id="IMAP with TLS"),
        pytest.param(MAIL, {"protocol": "pop3"}, 110, id="POP3 without TLS"),
        pytest.param(MAIL, {"protocol": "pop3", "tls": True}, 995, id="POP3 with TLS"),
    ],
)
async def test_the_worker_chooses_the_port(api: Api, path: str, config: dict[str, Any], port: int) -> None:
    made = await _make(api, path, (NEW_SMTP if path == SMTP else NEW_MAIL) | {"config": config})
    organization = await organization_of(api, "Ours")
    found = await monitors.by_identifier(api.database, organization, ("smtp", "imap", "pop3"), made["id"])
    assert found is not None
    assert [server.port for server in target_of(found).endpoints] == [port]


@pytest.mark.parametrize(
    ("config", "used"),
    [
        pytest.param({"auth": {"user": "u", "pass": "p"}}, True, id="the user and the password"),
        pytest.param({"auth": {"user": "u"}}, False, id="the user only"),
        pytest.param({"auth": {"pass": "p"}}, False, id="the password only"),
        pytest.param({"auth": {"user": "u", "pass": ""}}, False, id="an empty password"),
    ],
)
async def test_credentials_are_used_only_when_user_and_password_are_set(
    api: Api, config: dict[str, Any], used: bool
) -> None:
    made = await _make(api, SMTP, NEW_SMTP | {"smtpConfig": config})
    found = await monitors.by_identifier(api.database, await organization_of(api, "Ours"), ("smtp",), made["id"])
    assert found is not None
    assert bool(logins_of(found, api.vault)) is used


async def test_a_trigger_without_any_location_has_the_error_in_both_messages(api: Api, made: dict[str, Any]) -> None:
    await api.value("UPDATE location SET enabled = false")
    try:
        for path, monitor in ((SMTP, made["smtp"]), (MAIL, made["mail"])):
            answer = await api.client.post(f"{path}/{monitor}/trigger-check")
            assert answer.status_code == 500
            assert answer.json() == {
                "statusCode": 500,
                "statusMessage": "No active monitoring locations available",
                "message": "No active monitoring locations available",
            }
    finally:
        await api.value("UPDATE location SET enabled = true")


@pytest.mark.parametrize(
    ("path", "monitor", "message"),
    [
        (SMTP, "smtp", "Failed to fetch SMTP monitor details"),
        (MAIL, "mail", "Failed to fetch IMAP/POP monitor details"),
    ],
)
async def test_details_that_fail_by_our_own_fault_have_the_documented_message(
    api: Api, made: dict[str, Any], path: str, monitor: str, message: str
) -> None:
    await api.value("ALTER TABLE rollup_progress RENAME TO mislaid")
    try:
        answer = await api.client.get(f"{path}/{made[monitor]}/details")
    finally:
        await api.value("ALTER TABLE mislaid RENAME TO rollup_progress")
    assert (answer.status_code, answer.json()["message"]) == (500, message)


async def test_the_remaining_requests_are_shown_until_the_limit_refuses_one(api: Api) -> None:
    services: Services = api.application.state.services
    async with client_of(create_application(dataclasses.replace(services, rate_limit=2))) as client:
        client.headers["Authorization"] = f"Bearer {await api.token(await organization_of(api, 'Ours'))}"
        answers = [await client.get(SMTP) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[-1].json()["statusMessage"] == answers[-1].json()["message"] == "Too Many Requests"


async def test_a_bearer_token_without_the_prefix_is_unauthorized(api: Api) -> None:
    token = api.client.headers["Authorization"].removeprefix("Bearer wsm_")
    answer = await api.client.get(SMTP, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["message"]) == (401, UNAUTHORIZED)
