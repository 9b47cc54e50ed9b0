"""The contract of all probes: a deadline is kept, the phase named, the socket closed, and no secret shown.

Each probe holds one whole dialogue, with STARTTLS and login; then the server breaks it off at each of its steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest
import structlog

from agent.checks.runner import ProbeContext, run_check
from agent.probes import PROBES
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult
from shared.wire.targets import Target, TlsMode, kind_of
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Hang, Reset, Script, Step, Tls, playing
from tests.probes.scripted.case import LOGIN, PLAIN, secrets

DIALOGUES: dict[type[Target], Script] = {
    SmtpTarget: (
        *("S: 220 hi", "C: EHLO", "S: 250-x", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", Tls(), "C: EHLO"),
        *("S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH PLAIN " + PLAIN, "S: 235 ok", "C: QUIT", "S: 221 bye"),
    ),
    ImapTarget: (
        *("S: * OK hi", "C: A1 CAPABILITY", "S: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "S: A1 OK done"),
        *("C: A2 STARTTLS", "S: A2 OK go", Tls(), "C: A3 CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR"),
        *("S: A3 OK done", "C: A4 AUTHENTICATE PLAIN " + PLAIN, "S: A4 OK [CAPABILITY IMAP4rev1] in"),
        *("C: A5 EXAMINE", "S: * 3 EXISTS", "S: A5 OK", "C: A6 LOGOUT", "S: * BYE", "S: A6 OK"),
    ),
    Pop3Target: (
        *("S: +OK hi", "C: CAPA", "S: +OK", "S: STLS", "S: .", "C: STLS", "S: +OK go", Tls()),
        *("C: CAPA", "S: +OK", "S: SASL PLAIN", "S: .", "C: AUTH PLAIN " + PLAIN, "S: +OK in"),
        *("C: STAT", "S: +OK 3 400", "C: QUIT", "S: +OK bye"),
    ),
}
SECONDS = 3.0
LATE_SECONDS = 5.0

every_probe = pytest.mark.parametrize("kind", [pytest.param(kind, id=kind_of(kind)) for kind in PROBES])
Check = Callable[[type[Target], Script], Awaitable[CheckResult]]


def test_every_probe_has_its_dialogue_here() -> None:
    assert set(DIALOGUES) == set(PROBES)


@pytest.fixture
def check(punctual: ProbeContext, certificates: Certificates) -> Check:
    """Runs a check against a server that plays a script; asserts that its socket is closed and no secret is shown."""

    async def checked(kind: type[Target], script: Script) -> CheckResult:
        async with playing(script, certificates) as server:
            target = kind(host=ADDRESS, port=server.port, tls=TlsMode.REQUIRED)
            result = await run_check(request(target, login=LOGIN, timeout_seconds=SECONDS), punctual)
            await server.all_closed()
        shown = msgspec.json.encode(result).decode()
        assert [secret for secret in secrets(*LOGIN) if secret in shown] == []
        return result

    return checked


def broken_off(kind: type[Target], end: Step, *, before_goodbye: bool = False) -> list[Script]:
    """The dialogue up to each step where the server sends a reply or a handshake, followed by `end`."""
    whole = DIALOGUES[kind]
    places = [place for place, step in enumerate(whole) if isinstance(step, Tls) or str(step).startswith("S: ")]
    if before_goodbye:
        goodbye = max(place for place, step in enumerate(whole) if str(step).startswith("C: "))
        places = [place for place in places if place < goodbye]
    return [(*whole[:place], end) for place in places]


@every_probe
async def test_a_whole_dialogue_passes_and_says_goodbye(
    kind: type[Target], context: ProbeContext, certificates: Certificates
) -> None:
    async with playing(DIALOGUES[kind], certificates) as server:
        target = kind(host=ADDRESS, port=server.port, tls=TlsMode.REQUIRED)
        with structlog.testing.capture_logs() as logged:
            result = await run_check(request(target, login=LOGIN), context)
        await server.all_closed()
    assert result.failure is None
    assert result.phases[0].phase is Phase.RESOLVE
    assert result.phases[-1].phase is Phase.QUIT
    assert result.facts["certificateValid"] is True
    assert result.transcript == []
    assert server.received[-1].split()[-1] in ("QUIT", "LOGOUT")
    assert logged == []


@every_probe
async def test_silence_at_any_place_ends_with_the_deadline_and_names_the_phase(
    kind: type[Target], check: Check
) -> None:
    scripts = broken_off(kind, Hang(), before_goodbye=True)
    results = await asyncio.gather(*(check(kind, script) for script in scripts))
    for script, result in zip(scripts, results, strict=True):
        assert result.failure is not None, script
        assert (result.failure.kind, result.failure.source) == (FailureKind.TIMEOUT, FailureSource.TARGET), script
        assert result.failure.phase is result.phases[-1].phase, script
        assert result.duration_ms < (SECONDS + LATE_SECONDS) * 1000, script
        assert result.transcript, script
    assert {result.phases[-1].phase for result in results} >= {Phase.GREETING, Phase.STARTTLS, Phase.TLS, Phase.AUTH}


@every_probe
async def test_silence_at_the_goodbye_is_a_warning_before_the_deadline(kind: type[Target], check: Check) -> None:
    result = await check(kind, broken_off(kind, Hang())[-1])
    assert result.failure is None
    assert [(warning.kind, warning.detail) for warning in result.warnings] == [
        (WarningKind.QUIT_UNANSWERED, "no answer before the deadline of the check")
    ]
    assert result.phases[-1].phase is Phase.QUIT
    assert result.duration_ms < (SECONDS + LATE_SECONDS) * 1000
    assert result.transcript


@every_probe
async def test_a_goodbye_is_not_awaited_for_long(
    kind: type[Target], check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.dialogue.farewell.LONGEST_SECONDS", 0.2)
    result = await check(kind, broken_off(kind, Hang())[-1])
    assert [warning.detail for warning in result.warnings] == ["no answer for 0.2 s"]
    assert result.duration_ms < SECONDS * 1000


@every_probe
async def test_a_connection_broken_off_at_any_place_is_reported_at_once_and_names_the_phase(
    kind: type[Target], check: Check
) -> None:
    for script in broken_off(kind, Reset(), before_goodbye=True):
        result = await check(kind, script)
        assert result.failure is not None, script
        assert result.failure.kind in (FailureKind.RESET, FailureKind.CLOSED), script
        assert (result.failure.phase, result.failure.source) == (result.phases[-1].phase, FailureSource.TARGET), script
        assert result.duration_ms < SECONDS * 1000, script


@every_probe
async def test_noise_at_any_place_is_reported_at_once_and_is_the_servers_fault(
    kind: type[Target], check: Check
) -> None:
    for script in broken_off(kind, "S: \x01\x02 noise", before_goodbye=True):
        result = await check(kind, script)
        assert result.failure is not None, script
        assert result.failure.source is FailureSource.TARGET, script
        assert result.failure.kind is not FailureKind.TIMEOUT, script
        assert result.failure.phase is result.phases[-1].phase, script


@every_probe
async def test_whoever_cancels_a_check_finds_nothing_left_of_it(
    kind: type[Target], context: ProbeContext, certificates: Certificates
) -> None:
    before = asyncio.all_tasks()
    async with playing((*DIALOGUES[kind][:2], Hang()), certificates) as server:
        target = kind(host=ADDRESS, port=server.port)
        running = asyncio.create_task(run_check(request(target, login=LOGIN), context))
        async with asyncio.timeout(10):
            while not server.received:
                await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await server.all_closed()
    async with asyncio.timeout(10):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)
