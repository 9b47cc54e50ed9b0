"""The page of one check: its round, its dialogue, the last good check, and who may see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.model import GapReason, Role
from controller.store.checks.dispatch import Expected, expect, settle
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, PhaseTiming
from shared.wire.rounds import Purpose, check_id
from tests.integration.api.conftest import Api
from tests.integration.api.outages import COUNTRIES, check_result, make_locations, outage
from tests.integration.pages.browser import Page, browsing_as
from tests.unit.controller.pages.checks import said

PHASES = [
    PhaseTiming(phase=Phase.RESOLVE, start_ms=0, duration_ms=0.4),
    PhaseTiming(phase=Phase.CONNECT, start_ms=0.5, duration_ms=9),
    PhaseTiming(phase=Phase.GREETING, start_ms=10, duration_ms=9.5),
    PhaseTiming(phase=Phase.EHLO, start_ms=20, duration_ms=30),
]
HELLO = ("N: connecting to 192.0.2.25 port 25", "S: 220 mx ESMTP", "C: EHLO me")
PASSED = said(*HELLO, "S: 250-mx", "S: 250 STARTTLS")
REFUSED = Failure(
    kind=FailureKind.POLICY_REFUSAL, source=FailureSource.TARGET, phase=Phase.EHLO, detail="550 5.7.1 not you"
)
BLIND = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail="no room")


@pytest.fixture
async def monitor(api: Api) -> AsyncIterator[dict[str, Any]]:
    await make_locations(api)
    made = await api.create(smtpConfig={"requireTls": True, "auth": {"user": "anna@example.com", "pass": "secret-1"}})
    await api.value("UPDATE monitor SET target_changed_at = now() - interval '2 days' WHERE id = $1", made["id"])
    yield made
    await api.value("TRUNCATE result, gap, dispatch, last_good, incident CASCADE")


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def path(monitor: dict[str, Any], result: CheckResult, *, due: bool = True) -> str:
    query = f"?due={to_ms(result.due_at)}" if due else ""
    return f"/monitors/{monitor['publicId']}/checks/{result.check_id}{query}"


def failing(monitor: dict[str, Any], due: datetime, code: str, *lines: str, **fields: Any) -> CheckResult:
    values = {"failure": REFUSED, "phases": PHASES, "transcript": said(*HELLO, *(lines or ("S: 550 5.7.1 not you",)))}
    return check_result(monitor, due, code, **values | fields)


async def opened(api: Api, where: str, **whose: Any) -> Page:
    """The page as somebody of the monitor's customer sees it who may only read."""
    async with browsing_as(api, Role.READONLY, **{"customers": [api.customer], **whose}) as browser:
        return await browser.open(where)


async def test_a_failed_check_says_what_why_whose_fault_and_what_to_do(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    failed = failing(monitor, due, "de-nbg")
    blind = check_result(monitor, due, "fi-hel", failure=BLIND)
    await store_results(api.database, [failed, blind])
    page = await opened(api, path(monitor, failed))
    assert page.status == 200
    assert page.headings[0] == "policy refusal in ehlo from de-nbg (DE)"
    assert "The server refuses the agent's address" in page.text
    assert "The fault is the mail server's" in page.text
    assert "What to do: Exempt the agents' addresses." in page.text
    decided = page.id("decided")
    assert decided.text.endswith("550 5.7.1 not you")
    assert decided.has({"class_": "server"})
    assert page.links["See what decided."] == "#decided"
    assert page.links["fi-hel (FI)"] == path(monitor, blind)
    row = next(each for each in page.main.all("li") if "fi-hel" in each.text)
    assert "agent error" in row.text
    assert "blind: no room" in row.text
    assert row.all("rect", fill="url(#hatch)")


async def test_a_check_is_found_without_its_moment_while_it_is_recent(api: Api, monitor: dict[str, Any]) -> None:
    failed = failing(monitor, now(), "de-nbg", purpose=Purpose.TRIGGERED)
    await store_results(api.database, [failed])
    page = await opened(api, path(monitor, failed, due=False))
    assert page.status == 200
    assert "triggered by hand" in page.text


@pytest.mark.parametrize("query", ["", "?due=1795371488749", f"?due={10**19}", "?due=-5"])
async def test_an_unknown_check_is_not_found_and_says_why(api: Api, monitor: dict[str, Any], query: str) -> None:
    page = await opened(api, f"/monitors/{monitor['publicId']}/checks/{uuid4()}{query}")
    assert page.status == 404
    assert "There is no such check" in page.text


async def test_what_is_no_number_is_a_wrong_address(api: Api, monitor: dict[str, Any]) -> None:
    page = await opened(api, f"/monitors/{monitor['publicId']}/checks/{uuid4()}?due=yesterday")
    assert page.status == 400


@pytest.mark.parametrize("organization", ["Strange", "Ours"])
async def test_checks_of_others_are_not_there(api: Api, monitor: dict[str, Any], organization: str) -> None:
    failed = failing(monitor, now(), "de-nbg")
    await store_results(api.database, [failed])
    customers = [api.other_customer] if organization == "Ours" else None
    page = await opened(api, path(monitor, failed), organization=organization, customers=customers)
    assert page.status == 404
    assert "550" not in page.text
    other = await api.create(name="Another")
    elsewhere = await opened(api, path(other, failed))
    assert elsewhere.status == 404


async def test_a_stranger_logs_in_first(api: Api, monitor: dict[str, Any]) -> None:
    answer = await api.client.get(path(monitor, failing(monitor, now(), "de-nbg")), headers={"Authorization": ""})
    assert answer.status_code in {303, 401}


async def test_the_round_names_missing_results_and_follows_those_on_the_way(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    passed = check_result(monitor, due, "de-nbg", phases=PHASES)
    await store_results(api.database, [passed])
    location = await api.value("SELECT id FROM location WHERE code = 'fi-hel'")
    for settle_in, words in ((60_000, "no result yet"), (-60_000, "no agent began it in time")):
        await api.value("DELETE FROM dispatch")
        check = Expected(
            monitor["id"], to_ms(due), location, Purpose.SCHEDULED, GapReason.NO_RESULT, to_ms(due) + settle_in
        )
        await expect(api.database, [check])
        await settle(api.database)
        page = await opened(api, path(monitor, passed))
        row = next(each for each in page.main.all("li") if "fi-hel" in each.text)
        assert words in row.text
        assert ("data-live" in page.root.one("main").attributes) is (settle_in > 0)


async def test_a_range_of_missed_rounds_is_named_too(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    passed = check_result(monitor, due, "de-nbg", phases=PHASES)
    await store_results(api.database, [passed])
    await api.value(
        "INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)"
        " SELECT $1, $2::timestamptz - interval '1 minute', $2::timestamptz + interval '1 minute', id, 'scheduled',"
        " 'late'"
        " FROM location WHERE code = 'fi-hel'",
        monitor["id"],
        due,
    )
    page = await opened(api, path(monitor, passed))
    assert "Mailprobe was down or behind" in page.text


async def test_the_check_before_and_after_at_the_same_location_are_linked(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    results = [check_result(monitor, due - timedelta(minutes=ago), code) for ago in (2, 1, 0) for code in COUNTRIES]
    await store_results(api.database, results)
    page = await opened(api, path(monitor, results[2]))
    assert page.links["‹ Check before"] == path(monitor, results[0])
    assert page.links["Check after ›"] == path(monitor, results[4])


async def test_the_last_good_check_of_the_location_stands_beside_a_failed_one(
    api: Api, monitor: dict[str, Any]
) -> None:
    due = now()
    older = check_result(monitor, due - timedelta(hours=2), "de-nbg", phases=PHASES, transcript=PASSED)
    good = check_result(
        monitor, due - timedelta(hours=1), "de-nbg", phases=PHASES, transcript=PASSED, facts={"greeting": "mx ESMTP"}
    )
    elsewhere = check_result(monitor, due - timedelta(minutes=1), "fi-hel", phases=PHASES, transcript=PASSED)
    failed = failing(monitor, due, "de-nbg", facts={"greeting": "spare ESMTP"})
    await store_results(api.database, [older, good, elsewhere, failed])
    page = await opened(api, path(monitor, failed))
    assert page.links["The good one"] == path(monitor, good)
    assert ["≠ Banner", "mx ESMTP", "spare ESMTP"] in page.tables()[1]
    assert len(page.main.all("ol", class_="talk")) == 2
    assert len(page.main.all(id="decided")) == 1

    # Later the location is good again: an older good one is still found beside the old failure.
    again = check_result(monitor, due + timedelta(seconds=1), "de-nbg", phases=PHASES, transcript=PASSED)
    await store_results(api.database, [again])
    assert (await opened(api, path(monitor, failed))).links["The good one"] == path(monitor, good)


async def test_a_good_check_of_another_location_serves_as_well(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    elsewhere = check_result(monitor, due - timedelta(minutes=1), "fi-hel", phases=PHASES, transcript=PASSED)
    failed = failing(monitor, due, "de-nbg")
    await store_results(api.database, [elsewhere, failed])
    page = await opened(api, path(monitor, failed))
    assert page.links["The good one"] == path(monitor, elsewhere)
    assert "from fi-hel (FI), because none of this location is kept" in page.text


async def test_a_check_of_another_target_is_no_comparison(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    good = check_result(monitor, due - timedelta(minutes=2), "de-nbg", phases=PHASES, transcript=PASSED)
    failed = failing(monitor, due, "de-nbg")
    await store_results(api.database, [good, failed])
    await api.value("UPDATE monitor SET target_changed_at = $2 WHERE id = $1", monitor["id"], due)
    page = await opened(api, path(monitor, failed))
    assert "The good one" not in page.links


async def test_a_check_of_an_incident_leads_to_it_and_to_its_first_failure(api: Api, monitor: dict[str, Any]) -> None:
    began = now() - timedelta(minutes=5)
    happened = await outage(api, monitor, began=began)
    later = failing(monitor, began + timedelta(minutes=1), "de-nbg")
    await store_results(api.database, [later])
    page = await opened(api, path(monitor, later))
    assert page.links["see the incident"] == f"/incidents/{happened.incident.public_id}"
    first = check_id(UUID(monitor["publicId"]), to_ms(began), "de-nbg", Purpose.SCHEDULED)
    assert page.links["the first failed check from here"].endswith(f"/checks/{first}?due={to_ms(began)}")


async def test_a_check_that_passed_says_why_it_has_no_dialogue(api: Api, monitor: dict[str, Any]) -> None:
    due = now()
    good = check_result(monitor, due - timedelta(hours=1), "de-nbg", phases=PHASES, transcript=PASSED)
    silent = check_result(monitor, due, "de-nbg", phases=PHASES)
    await store_results(api.database, [good, silent])
    page = await opened(api, path(monitor, silent))
    assert "once a day" in page.text
    assert page.links["The newest dialogue of a passing check that is kept"] == path(monitor, good)
    kept = await opened(api, path(monitor, good))
    assert "250 STARTTLS" in kept.text
    assert "once a day" not in kept.text


async def test_warnings_and_a_late_agent_are_explained(api: Api, monitor: dict[str, Any]) -> None:
    warnings = [CheckWarning(kind=WarningKind.TLS_WEAK, detail="TLS 1.0")]
    result = check_result(monitor, now(), "de-nbg", phases=PHASES, warnings=warnings, loop_lag_ms=812.0)
    await store_results(api.database, [result])
    page = await opened(api, path(monitor, result))
    assert page.headings[0] == "passed with a warning from de-nbg (DE)"
    assert "Warning: The server negotiated TLS 1.0 or 1.1, or a cipher without" in page.text
    assert "Switch TLS 1.2 and 1.3 on, with ECDHE ciphers. TLS 1.0" in page.text
    assert "ran late by up to 812 ms" in page.text


async def test_the_command_names_the_user_and_no_password(api: Api, monitor: dict[str, Any]) -> None:
    result = check_result(monitor, now(), "de-nbg", phases=PHASES)
    await store_results(api.database, [result])
    page = await opened(api, path(monitor, result))
    command = page.id("command").text
    assert command == "mailprobe-agent check --starttls=required -v smtp://anna%40example.com@smtp.example.com:25"
    assert "secret-1" not in page.html


async def test_what_a_server_says_is_never_markup(api: Api, monitor: dict[str, Any]) -> None:
    evil = "220 <script>alert(1)</script> \u202egnp.exe <img src=x onerror=alert(2)>"
    emoji = "550 " + "\U0001f4a9" * 2_000
    detail = '"><script>alert(3)</script>\u2066'
    due = now()
    good = check_result(
        monitor, due - timedelta(hours=1), "de-nbg", transcript=said("S: " + evil), facts={"greeting": "ok"}
    )
    failed = failing(
        monitor,
        due,
        "de-nbg",
        "S: " + evil,
        "S: " + emoji,
        failure=Failure(kind=FailureKind.PROTOCOL_ERROR, source=FailureSource.TARGET, phase=Phase.EHLO, detail=detail),
        address="192.0.2.1\u202e",
        facts={"greeting": evil, "certificateNames": ["<b>x</b>"], "certificateSubject": "CN=<i>\u202e"},
        warnings=[CheckWarning(kind=WarningKind.TLS_WEAK, detail="<u>old</u>")],
    )
    await store_results(api.database, [good, msgspec.structs.replace(failed, agent="<b>\u2066")])
    await api.value("UPDATE monitor SET name = '<h1>mx</h1>\u202e' WHERE id = $1", monitor["id"])
    page = await opened(api, path(monitor, failed))
    assert page.status == 200
    assert page.root.all("script") == page.root.one("head").all("script")
    assert not page.main.all("img")
    assert not [each.name for each in page.main.all() if any(name.startswith("on") for name in each.attributes)]
    assert len(page.main.all("h1")) == 1
    assert "\\u202egnp.exe" in page.text
    assert not set("\u202e\u2066") & set(page.html)
    assert emoji in page.text
