"""The site status report: codes and texts by the latest checks of the locations and the verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.sitestatus import TEXTS, SiteStatus, report_of, status_of
from controller.model import LatestCheck
from shared.clock import utc_now
from shared.wire.failures import FailureKind
from shared.wire.messages import ResultStatus
from tests.integration.api.alertsite.client import PATH, create, edit, make_locations
from tests.integration.api.conftest import Api

NOW = utc_now()
OK = (ResultStatus.SUCCESS, None)
REFUSED = (ResultStatus.FAILURE, "refused")
TIMEOUT = (ResultStatus.FAILURE, "timeout")
BLIND = (ResultStatus.UNKNOWN, "agent_error")


def checks(*found: tuple[ResultStatus, str | None]) -> list[LatestCheck]:
    """The latest check of each location, the newest last."""
    return [
        LatestCheck(
            monitor_id=1,
            location_id=location_id,
            due_at=NOW + timedelta(seconds=location_id),
            status=status,
            failure_kind=kind,
            checked_at=None if status is ResultStatus.UNKNOWN else NOW + timedelta(seconds=location_id + 0.5),
        )
        for location_id, (status, kind) in enumerate(found, 1)
    ]


@pytest.mark.parametrize(
    ("kinds", "code", "text"),
    [
        pytest.param("refused unreachable reset closed", 1, "TCP connection failed", id="code 1, as documented"),
        pytest.param("timeout", 2, "Test timed out", id="code 2, as documented"),
        pytest.param("dns_not_found dns_error", 3, "Host name could not be resolved", id="code 3"),
        pytest.param("tls_handshake certificate_expired starttls_missing", 4, "TLS or certificate failed", id="code 4"),
        pytest.param(
            "greeting_invalid temporary_refusal unknown", 5, "Mail server answered with an error", id="code 5"
        ),
        pytest.param("login_refused login_mechanism_missing", 6, "Login failed", id="code 6"),
        pytest.param("policy_refusal", 7, "Mail server refuses our probe", id="code 7"),
        pytest.param("address_forbidden agent_error", 8, "Could not be tested", id="code 8"),
    ],
)
def test_a_failure_has_the_code_of_its_kind(kinds: str, code: int, text: str) -> None:
    for kind in kinds.split():
        status = status_of(checks((ResultStatus.FAILURE, kind))[0])
        assert (status, TEXTS[status]) == (code, text)


def test_every_kind_of_failure_has_a_code() -> None:
    for kind in FailureKind:
        assert status_of(checks((ResultStatus.FAILURE, kind.value))[0]) is not SiteStatus.OK


@pytest.mark.parametrize(
    ("found", "code"),
    [
        pytest.param([], 8, id="never tested"),
        pytest.param([OK], 0, id="one location passed"),
        pytest.param([REFUSED], 1, id="one location failed"),
        pytest.param([OK, OK, REFUSED], 0, id="one of three failed"),
        pytest.param([REFUSED, TIMEOUT, OK], 2, id="two of three failed: the code of the later failure"),
        pytest.param([OK, REFUSED], 0, id="one of two failed: not more than half"),
        pytest.param([BLIND, REFUSED], 1, id="a blind location does not count"),
        pytest.param([BLIND, OK, BLIND], 0, id="the only location that is not blind passed"),
        pytest.param([BLIND, BLIND], 8, id="all locations are blind"),
    ],
)
def test_a_monitor_without_a_verdict_failed_when_more_than_half_of_the_seeing_locations_failed(
    found: list[tuple[ResultStatus, str | None]], code: int
) -> None:
    assert report_of(checks(*found)).status == code


@pytest.mark.parametrize(
    ("verdict", "found", "code"),
    [
        pytest.param(VerdictKind.UP, [REFUSED, TIMEOUT, OK], 0, id="up: the failures are not confirmed"),
        pytest.param(VerdictKind.UP, [REFUSED], 0, id="up: the first failure of the only location"),
        pytest.param(VerdictKind.DEGRADED, [OK, OK], 0, id="degraded: a warning is no failure"),
        pytest.param(VerdictKind.DOWN, [OK, REFUSED], 1, id="down: the code of the latest failure"),
        pytest.param(VerdictKind.DOWN, [BLIND, TIMEOUT, OK], 2, id="down: one location is blind and one passes"),
        pytest.param(VerdictKind.DOWN, [OK, OK], 0, id="down: all locations pass by now"),
        pytest.param(VerdictKind.PARTIAL, [OK, OK, REFUSED], 1, id="partial: one location fails"),
        pytest.param(VerdictKind.UNKNOWN, [BLIND, OK, BLIND], 8, id="unknown: the blind locations could decide"),
        pytest.param(VerdictKind.UP, [], 8, id="up: never tested at the present locations"),
    ],
)
def test_the_verdict_of_an_evaluated_monitor_decides_its_status(
    verdict: VerdictKind, found: list[tuple[ResultStatus, str | None]], code: int
) -> None:
    report = report_of(checks(*found), verdict)
    assert (report.status, report.text) == (code, TEXTS[SiteStatus(code)] if found else "Not tested yet")


async def store_latest(api: Api, number: str, location: int, status: str, kind: str | None = None) -> None:
    await api.value(
        "INSERT INTO latest (monitor_id, location_id, due_at, status, failure_kind, duration_ms, checked_at)"
        " VALUES ($1::text::bigint, $2, $3, $4, $5, 1, $3)",
        number,
        location,
        NOW,
        status,
        kind,
    )


async def report(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = await api.client.get(f"{PATH}/report-sitestatus{query}")
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_the_report_has_the_keys_that_clients_read(api: Api) -> None:
    location_ids = await make_locations(api, de="DE", us="US")
    number = await create(api, "email-imap", name="Mailbox")
    await store_latest(api, number, location_ids["de"], "failure", "login_refused")
    await store_latest(api, number, location_ids["us"], "failure", "login_refused")
    moment = NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    status_fields = {"last_status": "6", "last_status_desc": "Login failed", "dt_last_status": moment}
    [found] = await report(api, f"?monitors={number}&showsubaccounts=true&sub_accounts=1&summarize=true")
    assert found == {
        "device_id": int(number),
        "device_name": "Mailbox",
        "device_type": "email-imap",
        **status_fields,
        "info_msg": "0 of 2 locations OK",
        "locations": [
            {"id": location_ids["de"], "name": "DE", **status_fields},
            {"id": location_ids["us"], "name": "US", **status_fields},
        ],
    }


async def test_a_monitor_that_was_never_tested_is_reported_as_such(api: Api) -> None:
    [found] = await report(api, f"?monitors={await create(api)}")
    assert (found["last_status"], found["last_status_desc"], found["dt_last_status"]) == ("8", "Not tested yet", None)


async def test_checks_of_a_location_that_was_removed_from_the_monitor_do_not_count(api: Api) -> None:
    location_ids = await make_locations(api, de="DE", us="US")
    number = await create(api)
    await store_latest(api, number, location_ids["de"], "success")
    await store_latest(api, number, location_ids["us"], "failure", "refused")
    await edit(api, number, locations=[{"id": location_ids["us"]}])
    [found] = await report(api, f"?monitors={number}")
    assert (found["last_status"], len(found["locations"])) == ("1", 1)


async def test_the_verdict_decides_only_once_there_is_one(api: Api) -> None:
    location_ids = await make_locations(api, de="DE")
    number = await create(api)
    await store_latest(api, number, location_ids["de"], "failure", "refused")
    await api.value(
        "INSERT INTO monitor_state (monitor_id, state, verdict, stable)"
        " VALUES ($1::text::bigint, '{}', 'unknown', false)",
        number,
    )
    assert [found["last_status"] for found in await report(api, f"?monitors={number}")] == ["1"]
    await api.value(
        "UPDATE monitor_state SET state = $2, verdict = 'up' WHERE monitor_id = $1::text::bigint",
        number,
        {"verdict": "up", "takenMs": 1},
    )
    [found] = await report(api, f"?monitors={number}")
    assert (found["last_status"], found["last_status_desc"]) == ("0", "OK")
    assert [here["last_status"] for here in found["locations"]] == ["1"]


async def test_the_report_is_filtered_by_monitors_types_and_records(api: Api) -> None:
    location_ids = await make_locations(api, de="DE")
    good, bad = await create(api), await create(api, "email-pop")
    await store_latest(api, good, location_ids["de"], "success")
    await store_latest(api, bad, location_ids["de"], "failure", "timeout")

    async def numbers(query: str) -> list[int]:
        return [found["device_id"] for found in await report(api, f"?monitors={good},{bad},999999{query}")]

    assert await numbers("") == [int(good), int(bad)]
    assert await numbers("&showrecs=err") == [int(bad)]
    assert await numbers("&showrecs=ok") == [int(good)]
    assert await numbers("&type=email-smtp") == [int(good)]
    assert await numbers("&limit=1&offset=1") == [int(bad)]
    assert await numbers("&monitor_groups=5") == []
