"""The site status report: codes and texts by what the locations found last."""

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
from tests.integration.api.alertsite import PATH, create, edit, locations
from tests.integration.api.conftest import Api

NOW = utc_now()
OK = (ResultStatus.SUCCESS, None)
REFUSED = (ResultStatus.FAILURE, "refused")
TIMEOUT = (ResultStatus.FAILURE, "timeout")
BLIND = (ResultStatus.UNKNOWN, "agent_error")


def checks(*found: tuple[ResultStatus, str | None]) -> list[LatestCheck]:
    """The latest of each location, the last one newest."""
    return [
        LatestCheck(
            monitor_id=1,
            location_id=place,
            due_at=NOW + timedelta(seconds=place),
            status=status,
            failure_kind=kind,
            checked_at=None if status is ResultStatus.UNKNOWN else NOW + timedelta(seconds=place + 0.5),
        )
        for place, (status, kind) in enumerate(found, 1)
    ]


@pytest.mark.parametrize(
    ("kinds", "code", "text"),
    [
        pytest.param("refused unreachable reset closed", 1, "TCP connection failed", id="1 (documented)"),
        pytest.param("timeout", 2, "Test timed out", id="2 (documented)"),
        pytest.param("dns_not_found dns_error", 3, "Host name could not be resolved", id="3"),
        pytest.param("tls_handshake certificate_expired starttls_missing", 4, "TLS or certificate failed", id="4"),
        pytest.param("greeting_invalid temporary_refusal unknown", 5, "Mail server answered with an error", id="5"),
        pytest.param("login_refused login_mechanism_missing", 6, "Login failed", id="6"),
        pytest.param("policy_refusal", 7, "Mail server refuses our probe", id="7"),
        pytest.param("address_forbidden agent_error", 8, "Could not be tested", id="8"),
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
        pytest.param([OK], 0, id="one location, OK"),
        pytest.param([REFUSED], 1, id="one location, failed"),
        pytest.param([OK, OK, REFUSED], 0, id="one of three failed"),
        pytest.param([REFUSED, TIMEOUT, OK], 2, id="two of three failed: as the later of them"),
        pytest.param([OK, REFUSED], 0, id="one of two failed: not more than half"),
        pytest.param([BLIND, REFUSED], 1, id="who is blind does not count"),
        pytest.param([BLIND, OK, BLIND], 0, id="one sees, and sees nothing wrong"),
        pytest.param([BLIND, BLIND], 8, id="all are blind"),
    ],
)
def test_a_monitor_failed_when_more_than_half_of_those_that_see_anything_say_so(
    found: list[tuple[ResultStatus, str | None]], code: int
) -> None:
    assert report_of(checks(*found)).status == code


@pytest.mark.parametrize(
    ("verdict", "found", "code"),
    [
        pytest.param(VerdictKind.UP, [REFUSED, TIMEOUT, OK], 0, id="up: failures that are not confirmed"),
        pytest.param(VerdictKind.UP, [REFUSED], 0, id="up, and the only one fails for the first time"),
        pytest.param(VerdictKind.DEGRADED, [OK, OK], 0, id="degraded is a warning, no failure"),
        pytest.param(VerdictKind.DOWN, [OK, REFUSED], 1, id="down: as the last that failed"),
        pytest.param(VerdictKind.DOWN, [BLIND, TIMEOUT, OK], 2, id="down, though one is blind and one passes"),
        pytest.param(VerdictKind.DOWN, [OK, OK], 0, id="down, but all pass by now"),
        pytest.param(VerdictKind.PARTIAL, [OK, OK, REFUSED], 1, id="partial: a failure in some countries"),
        pytest.param(VerdictKind.UNKNOWN, [BLIND, OK, BLIND], 8, id="unknown: the missing ones could decide"),
        pytest.param(VerdictKind.UP, [], 8, id="never tested at the locations of now"),
    ],
)
def test_a_monitor_that_was_judged_says_what_its_verdict_says(
    verdict: VerdictKind, found: list[tuple[ResultStatus, str | None]], code: int
) -> None:
    report = report_of(checks(*found), verdict)
    assert (report.status, report.text) == (code, TEXTS[SiteStatus(code)] if found else "Not tested yet")


async def found_out(api: Api, number: str, location: int, status: str, kind: str | None = None) -> None:
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


async def test_the_report_has_what_its_clients_read(api: Api) -> None:
    places = await locations(api, de="DE", us="US")
    number = await create(api, "email-imap", name="Mailbox")
    await found_out(api, number, places["de"], "failure", "login_refused")
    await found_out(api, number, places["us"], "failure", "login_refused")
    moment = NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {"last_status": "6", "last_status_desc": "Login failed", "dt_last_status": moment}
    [found] = await report(api, f"?monitors={number}&showsubaccounts=true&sub_accounts=1&summarize=true")
    assert found == {
        "device_id": int(number),
        "device_name": "Mailbox",
        "device_type": "email-imap",
        **said,
        "info_msg": "0 of 2 locations OK",
        "locations": [
            {"id": places["de"], "name": "DE", **said},
            {"id": places["us"], "name": "US", **said},
        ],
    }


async def test_a_monitor_that_was_never_tested_says_so(api: Api) -> None:
    [found] = await report(api, f"?monitors={await create(api)}")
    assert (found["last_status"], found["last_status_desc"], found["dt_last_status"]) == ("8", "Not tested yet", None)


async def test_what_a_location_found_that_is_not_asked_any_more_does_not_count(api: Api) -> None:
    places = await locations(api, de="DE", us="US")
    number = await create(api)
    await found_out(api, number, places["de"], "success")
    await found_out(api, number, places["us"], "failure", "refused")
    await edit(api, number, locations=[{"id": places["us"]}])
    [found] = await report(api, f"?monitors={number}")
    assert (found["last_status"], len(found["locations"])) == ("1", 1)


async def test_the_verdict_decides_where_there_is_one(api: Api) -> None:
    places = await locations(api, de="DE")
    number = await create(api)
    await found_out(api, number, places["de"], "failure", "refused")
    await api.value(
        "INSERT INTO standing (monitor_id, state, verdict, at_rest) VALUES ($1::text::bigint, '{}', 'unknown', false)",
        number,
    )
    assert [found["last_status"] for found in await report(api, f"?monitors={number}")] == ["1"]
    await api.value(
        "UPDATE standing SET state = $2, verdict = 'up' WHERE monitor_id = $1::text::bigint",
        number,
        {"verdict": "up", "takenMs": 1},
    )
    [found] = await report(api, f"?monitors={number}")
    assert (found["last_status"], found["last_status_desc"]) == ("0", "OK")
    assert [here["last_status"] for here in found["locations"]] == ["1"]


async def test_monitors_types_and_records_choose(api: Api) -> None:
    places = await locations(api, de="DE")
    good, bad = await create(api), await create(api, "email-pop")
    await found_out(api, good, places["de"], "success")
    await found_out(api, bad, places["de"], "failure", "timeout")

    async def numbers(query: str) -> list[int]:
        return [found["device_id"] for found in await report(api, f"?monitors={good},{bad},999999{query}")]

    assert await numbers("") == [int(good), int(bad)]
    assert await numbers("&showrecs=err") == [int(bad)]
    assert await numbers("&showrecs=ok") == [int(good)]
    assert await numbers("&type=email-smtp") == [int(good)]
    assert await numbers("&limit=1&offset=1") == [int(bad)]
    assert await numbers("&monitor_groups=5") == []
