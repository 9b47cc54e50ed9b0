"""A program tries settings without a monitor, and reads what came of it country by country.

How a trial goes through an agent is tested in tests/integration/pipeline/requests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from controller.api.v1.trials.schemas import NewTrial
from controller.model import Role
from controller.store.checks.trials import store_results
from controller.store.locations.locations import record_heartbeat
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import TRIAL, CheckResult, PhaseTiming, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.monitors.test_trigger import heartbeat
from tests.integration.api.people import organization_of, person

TRIALS = "/api/v1/trials"
PASSWORD = "geheim-trial"
TARGET = {"host": "mail.example.com", "port": 587, "login": {"user": "probe", "password": PASSWORD}}
BODY = {"kind": "smtp", "target": TARGET, "countries": ["de", "FR"]}


@pytest.fixture(autouse=True)
async def locations(api: Api) -> AsyncIterator[None]:
    """Location `de` runs trials, and `fr` has no agent."""
    for code in ("de", "fr"):
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, upper($1), 'k')", code
        )
    assert await record_heartbeat(api.database, msgspec.structs.replace(heartbeat("de", "DE"), reads=[TRIAL]))
    yield
    await api.value("DELETE FROM location")
    await api.value("DELETE FROM request_count")
    api.dispatcher.trials.clear()
    api.dispatcher.away = False


async def begin(api: Api, **fields: Any) -> httpx.Response:
    return await api.client.post(TRIALS, json=BODY | fields)


def result_of(trial: dict[str, Any]) -> CheckResult:
    due_at = datetime.fromisoformat(trial["createdAt"])
    return CheckResult(
        check_id=check_id(UUID(trial["id"]), to_ms(due_at), "de", Purpose.TRIAL),
        monitor_id=UUID(trial["id"]),
        location="de",
        country="DE",
        agent="a",
        purpose=Purpose.TRIAL,
        due_at=due_at,
        started_at=due_at,
        duration_ms=12.3456,
        failure=Failure(
            kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH, detail="535 \0 no"
        ),
        phases=[PhaseTiming(phase=Phase.CONNECT, start_ms=0.5, duration_ms=1.5)],
        address="192.0.2.25",
        facts={"banner": "ready"},
        transcript=[TranscriptLine(at_ms=2.0, speaker=Speaker.SERVER, text="220 ready")],
    )


async def test_a_trial_fills_in_by_country(api: Api) -> None:
    answer = await begin(api, timeout=20)
    assert answer.status_code == 202
    begun = answer.json()
    assert answer.headers["location"] == f"{TRIALS}/{begun['id']}"
    assert PASSWORD not in answer.text
    assert (begun["kind"], begun["timeout"], begun["done"]) == ("smtp", 20, False)
    lifetime = datetime.fromisoformat(begun["expiresAt"]) - datetime.fromisoformat(begun["createdAt"])
    assert lifetime.total_seconds() == 600
    known = ("country", "location", "status", "reason")
    assert [tuple(one[name] for name in known) for one in begun["countries"]] == [
        ("DE", "de", "pending", None),
        ("FR", None, "no_result", "no agent is connected at any location"),
    ]
    [(trying, asked)] = api.dispatcher.trials
    assert asked == ["de"]
    assert trying.logins["login"].password.reveal() == PASSWORD
    assert PASSWORD not in repr(trying.target)
    await store_results(api.database, [result_of(begun)])
    read = await api.client.get(answer.headers["location"])
    assert read.status_code == 200
    found = read.json()
    assert found["done"]
    [here, elsewhere] = found["countries"]
    assert elsewhere == begun["countries"][1]
    assert here == begun["countries"][0] | {
        "status": "failure",
        "startedAt": begun["createdAt"],
        "durationMs": 12.346,
        "address": "192.0.2.25",
        "failure": {
            "kind": "login_refused",
            "source": "target",
            "phase": "auth",
            "detail": "535 \0 no",
            "help": "/help/login-refused",
        },
        "phases": [{"phase": "connect", "startMs": 0.5, "durationMs": 1.5}],
        "facts": {"banner": "ready"},
        "transcript": [{"atMs": 2.0, "speaker": "server", "text": "220 ready"}],
    }
    same = await api.client.get(answer.headers["location"], headers={"If-None-Match": read.headers["etag"]})
    assert same.status_code == 304


async def test_the_example_of_the_document_is_accepted_and_countries_may_be_left_out(api: Api) -> None:
    answer = await api.client.post(TRIALS, json=NewTrial.EXAMPLE)
    assert answer.status_code == 202, answer.text
    answer = await begin(api, countries=None)
    assert [one["country"] for one in answer.json()["countries"]] == ["DE", "FR"]
    await api.value("UPDATE organization SET allowed_check_country_codes = '{FR}' WHERE name = 'Ours'")
    answer = await begin(api, countries=None)
    await api.value("UPDATE organization SET allowed_check_country_codes = NULL")
    assert [one["country"] for one in answer.json()["countries"]] == ["FR"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"countries": ["XX"], "target": TARGET | {"address": "nowhere"}}, {"countries", "target.address"}),
        ({"timeout": 61, "target": TARGET | {"host": "not a host"}}, {"timeout", "target.host"}),
        ({"target": TARGET | {"kind": "imap"}}, {"kind"}),
        (
            {"target": TARGET | {"port": 0, "unknown": 1}, "countries": []},
            {"target.port", "target.unknown", "countries"},
        ),
        ({"target": TARGET | {"login": {"user": "u\r\n", "password": "p"}}}, {"target.login.user"}),
    ],
)
async def test_all_mistakes_are_named_at_once_and_nothing_is_sent(
    api: Api, fields: dict[str, Any], wrong: set[str]
) -> None:
    answer = await begin(api, **fields)
    assert answer.status_code == 400, answer.text
    assert {error["field"] for error in answer.json()["errors"]} == wrong
    assert PASSWORD not in answer.text
    assert not api.dispatcher.trials


async def test_an_eleventh_trial_in_a_minute_has_to_wait(api: Api) -> None:
    for _ in range(10):
        assert (await begin(api)).status_code == 202
    refused = await begin(api)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"].startswith("application/problem+json")
    other = await api.client.post(TRIALS, json=BODY, headers={"Authorization": f"Bearer {api.strange_token}"})
    assert other.status_code == 202


async def test_without_the_broker_there_is_no_trial(api: Api) -> None:
    before = await api.value("SELECT count(*) FROM trial")
    api.dispatcher.away = True
    assert (await begin(api)).status_code == 503
    assert await api.value("SELECT count(*) FROM trial") == before


async def test_who_may_begin_a_trial_and_who_reads_it(api: Api) -> None:
    ours = await organization_of(api, "Ours")
    path = (await begin(api)).headers["location"]
    limited = {"Authorization": f"Bearer {api.customer_token}"}
    own = await api.client.post(TRIALS, json=BODY, headers=limited)
    assert own.status_code == 202
    async with client_of(api.application) as client:

        async def statuses(headers: dict[str, str], **params: Any) -> tuple[int, int]:
            begun = await client.post(TRIALS, json=BODY, headers=headers, params=params)
            return begun.status_code, (await client.get(path, headers=headers, params=params)).status_code

        async def of(role: Role, customers: list[int] | None = None, **params: Any) -> tuple[int, int]:
            return await statuses((await person(api, role, organization=ours, customers=customers)).headers, **params)

        assert await of(Role.EDITOR) == (202, 200)
        assert await of(Role.EDITOR, [api.customer]) == (202, 404)
        assert await of(Role.READONLY, [api.customer]) == (403, 404)
        assert await of(Role.GLOBAL_SUPPORTER) == (403, 200)
        assert await of(Role.GLOBAL_ADMIN) == (400, 200)
        assert await of(Role.GLOBAL_ADMIN, organizationId=ours) == (202, 200)
        assert await statuses({"Authorization": f"Bearer {api.strange_token}"}) == (202, 404)
        assert (await client.get(own.headers["location"], headers=limited)).status_code == 200
        assert (await client.post(TRIALS, json=BODY)).status_code == 401


async def test_a_trial_is_gone_when_it_expired(api: Api) -> None:
    path = (await begin(api)).headers["location"]
    await api.value("UPDATE trial SET expires_at = now() - interval '1 ms'")
    assert (await api.client.get(path)).status_code == 404
    assert (await api.client.get(f"{TRIALS}/{CUSTOMER}")).status_code == 404
    assert (await api.client.get(f"{TRIALS}/x")).status_code == 400
