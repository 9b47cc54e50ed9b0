"""One check from request to result: its deadline, its sockets, its facts, and faults of our own."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import structlog

from agent.checks.runner import ProbeContext, run_check
from agent.checks.unsealed_logins import UnsealedLogins
from agent.dialogue.connection import Connect
from agent.dialogue.farewell import end_session
from agent.dialogue.findings import Findings
from agent.dialogue.phases import Phases
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, ResultStatus, SealedLogin
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.context import PRIVATE_KEY, request
from tests.fakes.scripted_server import Hang, Pause, Tls, closed_port, playing

PLAIN = ("S: 220 mail.test ESMTP", "C: EHLO", "S: 250-mail.test", "S: 250 SIZE", "C: QUIT", "S: 221 bye")
SECURE = (*PLAIN[:2], "S: 250-x", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", Tls(), "C: EHLO", *PLAIN[2:])


async def test_a_passing_check_reports_all_it_saw(context: ProbeContext, certificates: Certificates) -> None:
    async with playing(SECURE, certificates) as server:
        check_request = request(SmtpTarget(host=HOST, port=server.port))
        result = await run_check(check_request, context)
    assert result.status is ResultStatus.SUCCESS
    assert (result.check_id, result.monitor_id, result.due_at) == (
        check_request.check_id,
        check_request.monitor_id,
        check_request.due_at,
    )
    assert (result.agent, result.location, result.country) == ("test-1", "de", "DE")
    assert [timing.phase.value for timing in result.phases] == (
        ["resolve", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "quit"]
    )
    assert result.duration_ms >= sum(timing.duration_ms for timing in result.phases)
    assert [timing.start_ms for timing in result.phases] == sorted(timing.start_ms for timing in result.phases)
    facts = result.facts
    assert (facts["greeting"], facts["capabilities"]) == ("mail.test ESMTP", ["SIZE"])
    assert (facts["tlsVersion"], facts["certificateValid"]) == ("TLSv1.3", True)
    assert facts["certificateNames"] == [HOST, ADDRESS]
    for name in ("tlsCipher", "certificateSubject", "certificateIssuer", "certificateNotAfter", "certificateSha256"):
        assert facts[name], name
    assert msgspec.json.decode(msgspec.json.encode(result), type=CheckResult) == result


async def test_a_failing_check_still_reports_its_tls_facts(context: ProbeContext, certificates: Certificates) -> None:
    async with playing((Tls("expired"), "C: QUIT"), certificates) as server:
        result = await run_check(request(SmtpTarget(host=HOST, port=server.port, tls=TlsMode.IMPLICIT)), context)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.CERTIFICATE_EXPIRED
    assert result.facts["certificateValid"] is False
    assert int(str(result.facts["certificateDaysLeft"])) < 0


@pytest.mark.parametrize(
    ("warning_ms", "expected"),
    [
        pytest.param(10, ["slow"], id="a check slower than the limit is slow"),
        pytest.param(60_000, [], id="a check within the limit is not slow"),
        pytest.param(None, [], id="a check without a limit is not slow"),
    ],
)
async def test_a_passing_check_may_be_slow(warning_ms: int | None, expected: list[str], context: ProbeContext) -> None:
    async with playing((Pause(0.03), *PLAIN)) as server:
        result = await run_check(request(SmtpTarget(host=ADDRESS, port=server.port, warning_ms=warning_ms)), context)
    assert result.failure is None
    assert [warning.kind for warning in result.warnings] == expected
    assert bool(result.transcript) is bool(expected)


async def test_a_standing_warning_is_shown_once_and_again_when_it_is_wanted(context: ProbeContext) -> None:
    script = ("S: 220 hi", "C: EHLO", "S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH", "S: 235 in", "C: QUIT", "S: 221 bye")
    async with playing(script) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port, tls=TlsMode.NONE)
        monitor = uuid4()
        results = [
            await run_check(
                request(target, login=("alice", "open sesame"), monitor_id=monitor, want_transcript=wanted), context
            )
            for wanted in (False, False, True)
        ]
    assert [[warning.kind for warning in result.warnings] for result in results] == [["login_unencrypted"]] * 3
    assert [bool(result.transcript) for result in results] == [True, False, True]


async def test_a_failing_check_is_not_called_slow(context: ProbeContext) -> None:
    async with playing((Pause(0.03), "S: 554 no", "C: QUIT")) as server:
        result = await run_check(request(SmtpTarget(host=ADDRESS, port=server.port, warning_ms=10)), context)
    assert (result.status, result.warnings) == (ResultStatus.FAILURE, [])


async def test_a_failing_check_shows_what_was_said_and_a_passing_one_does_not(
    context: ProbeContext, certificates: Certificates
) -> None:
    script = (*SECURE[:6], Tls(), "C: EHLO", "S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH", "S: 535 no", "C: QUIT")
    async with playing(script, certificates) as server:
        check_request = request(SmtpTarget(host=HOST, port=server.port), login=("alice", "open sesame"))
        result = await run_check(check_request, context)
    lines = [(line.speaker.value, line.text) for line in result.transcript]
    assert ("server", "220 mail.test ESMTP") in lines
    assert ("note", f"connecting to 127.0.0.1 port {server.port}") in lines
    assert ("note", f"TLS handshake for {HOST}") in lines
    assert any(text.startswith("encrypted: TLSv1.3") for _, text in lines)
    assert ("server", "535 no") in lines
    assert [line.at_ms for line in result.transcript] == sorted(line.at_ms for line in result.transcript)
    assert all(line.at_ms <= result.duration_ms for line in result.transcript)
    async with playing(PLAIN) as server:
        assert (await run_check(request(SmtpTarget(host=ADDRESS, port=server.port)), context)).transcript == []


async def test_the_lateness_of_the_loop_and_the_kernels_round_trip_are_reported(context: ProbeContext) -> None:
    async def blocking(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        await connect()
        time.sleep(0.08)  # noqa: ASYNC251 - the test needs a loop that stands still
        return Findings()

    async with playing((Hang(),)) as server:
        check_request = request(SmtpTarget(host=ADDRESS, port=server.port))
        result = await run_check(check_request, context, {SmtpTarget: blocking})
        assert 60 <= result.loop_lag_ms < 5000
        assert result.kernel_rtt_ms is None if sys.platform != "linux" else result.kernel_rtt_ms is not None
        quiet = [await run_check(check_request, context, {SmtpTarget: _nothing}) for _ in range(20)]
    assert min(each.loop_lag_ms for each in quiet) < 10
    round_trips = [each.kernel_rtt_ms for each in (result, *quiet) if each.kernel_rtt_ms is not None]
    assert not round_trips or 0 < min(round_trips) < 100


async def _nothing(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
    await connect()
    return Findings()


async def test_the_deadline_counts_over_everything_and_names_the_phase_that_hung(punctual: ProbeContext) -> None:
    async with playing((*PLAIN[:2], Hang())) as server:
        began = time.perf_counter()
        result = await run_check(request(SmtpTarget(host=ADDRESS, port=server.port), timeout_seconds=2), punctual)
        took = time.perf_counter() - began
        await server.all_closed()
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.TIMEOUT, Phase.EHLO)
    assert 1.9 < took < 7
    assert result.phases[-1].phase is Phase.EHLO


async def test_a_loop_that_stood_still_is_not_the_servers_fault(context: ProbeContext) -> None:
    async def blocked(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        stream = await connect()
        with phases(Phase.GREETING):
            await asyncio.sleep(0)
            time.sleep(0.3)  # noqa: ASYNC251 - the test needs a loop that stands still
            await stream.read_line()
        return Findings()

    async with playing((Hang(),)) as server:
        result = await run_check(
            request(SmtpTarget(host=ADDRESS, port=server.port), timeout_seconds=0.25), context, {SmtpTarget: blocked}
        )
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)


async def test_a_goodbye_that_our_own_loop_missed_is_no_warning(context: ProbeContext) -> None:
    async def blocked(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        stream = await connect()
        time.sleep(0.3)  # noqa: ASYNC251 - the test needs a loop that stands still
        return Findings(warnings=await end_session(stream.read_line(), phases, connect.deadline))

    async with playing((Hang(),)) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        result = await run_check(request(target, timeout_seconds=0.5), context, {SmtpTarget: blocked})
    assert (result.failure, result.warnings) == (None, [])


async def test_a_goodbye_awaited_when_our_loop_was_late_at_the_deadline_is_a_warning(context: ProbeContext) -> None:
    async def late(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        stream = await connect()
        asyncio.get_running_loop().call_at(connect.deadline.at - 0.1, time.sleep, 0.15)
        return Findings(warnings=await end_session(stream.read_line(), phases, connect.deadline))

    async with playing((Hang(),)) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        result = await run_check(request(target, timeout_seconds=1.5), context, {SmtpTarget: late})
    assert result.failure is None
    assert [warning.kind for warning in result.warnings] == [WarningKind.QUIT_UNANSWERED]


async def test_a_bug_of_ours_is_our_own_fault_and_logged_without_the_password(context: ProbeContext) -> None:
    async def broken(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        assert target.login is not None
        raise RuntimeError(f"broke on {target.login.password.reveal()}")

    check_request = request(SmtpTarget(host=ADDRESS, port=25), login=("alice", "hunter2!"))
    with structlog.testing.capture_logs() as logged:
        result = await run_check(check_request, context, {SmtpTarget: broken})
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert [line["event"] for line in logged] == ["check_crashed"]
    assert "RuntimeError" in logged[0]["trace"]
    assert "hunter2!" not in repr(logged) + repr(result)


async def test_a_login_sealed_to_another_location_is_our_own_fault(context: ProbeContext) -> None:
    check_request = request(SmtpTarget(host=ADDRESS, port=closed_port()), login=("alice", "secret"), location="us")
    result = await run_check(check_request, context)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert result.phases == []


async def test_a_login_that_this_version_does_not_know_is_never_left_out_of_the_check(context: ProbeContext) -> None:
    async def passing(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        return Findings()

    known = request(SmtpTarget(host=ADDRESS, port=25), login=("alice", "secret"))
    assert known.sealed_login is not None
    for name in ("login", "second login"):
        logins = [SealedLogin(name=name, sealed=[known.sealed_login])]
        result = await run_check(msgspec.structs.replace(known, logins=logins), context, {SmtpTarget: passing})
        if name == "login":
            assert result.failure is None
        else:
            assert result.failure is not None
            assert result.failure.kind is FailureKind.AGENT_ERROR
            assert "'second login'" in result.failure.detail


async def test_a_login_opened_before_is_still_that_of_its_monitor_only(context: ProbeContext) -> None:
    async def revealing(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        assert target.login is not None
        revealed.append((target.login.user, target.login.password.reveal()))
        return Findings(facts={"echo": f"not {target.login.password.reveal()}"})

    revealed: list[tuple[str, str]] = []
    target = SmtpTarget(host=ADDRESS, port=25)
    check_request = request(target, login=("alice", "open sesame"))
    stolen = msgspec.structs.replace(request(target), sealed_login=check_request.sealed_login)
    for each in (check_request, check_request, stolen, request(target, login=("bob", "shut sesame"))):
        result = await run_check(each, context, {SmtpTarget: revealing})
        assert (result.failure is None) is (each is not stolen)
        assert result.failure is not None or result.facts == {"echo": "not ********"}
    assert revealed == [("alice", "open sesame")] * 2 + [("bob", "shut sesame")]


async def test_only_so_many_logins_stay_open() -> None:
    logins = UnsealedLogins(most=2)
    first, second, third = (request(SmtpTarget(host=ADDRESS, port=25), login=(user, "secret")) for user in "abc")
    for each in (first, second, first, third):
        logins.of(each, PRIVATE_KEY, each.location)
    assert [login.user for login, _ in logins._opened.values()] == ["a", "c"]


async def test_whoever_cancels_a_check_sees_it_cancelled_and_its_socket_closed(context: ProbeContext) -> None:
    async with playing((Hang(),)) as server:
        check = asyncio.create_task(run_check(request(SmtpTarget(host=ADDRESS, port=server.port)), context))
        async with asyncio.timeout(10):
            while not server.connections:
                await asyncio.sleep(0.01)
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        await server.all_closed()


@pytest.mark.parametrize(
    "script", [PLAIN, SECURE, (), PLAIN[:2], (*PLAIN[:2], "S: 550 no", "C: HELO", "S: 550 no")], ids=str
)
async def test_no_file_descriptor_stays_open(script: Any, context: ProbeContext, certificates: Certificates) -> None:
    async with playing(script, certificates) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        await run_check(request(target), context)
        await server.all_closed()
        before = _descriptors()
        for _ in range(20):
            await run_check(request(target), context)
        await server.all_closed()
        async with asyncio.timeout(10):
            while _descriptors() > before:
                await asyncio.sleep(0.01)


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
