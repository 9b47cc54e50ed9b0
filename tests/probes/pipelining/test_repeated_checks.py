"""A check that does not pass with several commands at once is repeated, and only its repeat can blame the server."""

from __future__ import annotations

from uuid import uuid4

import pytest
import structlog

from agent.checks.runner import ProbeContext
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult
from tests.fakes.scripted_server import Hang, Receive, Script, playing
from tests.probes.pipelining.last_commands import IMAP, POP3, SECONDS, SMTP, Dialogue, checked, every_protocol
from tests.probes.scripted.case import PASSWORD

PHASES = {SMTP: Phase.ENVELOPE, IMAP: Phase.MAILBOX, POP3: Phase.MAILBOX}


def said_by_server(result: CheckResult) -> tuple[FailureKind, Phase | None] | None:
    """The failure for which the server is blamed."""
    failure = result.failure
    assert failure is None or failure.source is FailureSource.TARGET, failure
    return None if failure is None else (failure.kind, failure.phase)


@every_protocol
async def test_a_server_that_loses_commands_is_up_and_gets_one_at_a_time_from_then_on(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        results = [await checked(dialogue, server, punctual)]
        server.upcoming = [dialogue.hanging]
        with structlog.testing.capture_logs() as logged:
            results.append(await checked(dialogue, server, punctual))
        assert server.connections == 3
        results += [await checked(dialogue, server, punctual) for _ in range(2)]
        assert server.connections == 5
    assert [said_by_server(result) for result in results] == [None] * 4
    assert len({tuple(warning.kind for warning in result.warnings) for result in results}) == 1
    assert ["pipelined" in result.facts for result in results] == [False] * 4
    why = f"timeout in {PHASES[dialogue]}: no answer in time to several commands at once"
    assert [result.facts.get("pipeliningFailed") for result in results] == [None, why, None, None]
    [entry] = [each for each in logged if each["event"] == "pipelining_failed"]
    assert (entry["log_level"], entry["kind"], entry["phase"]) == ("info", "timeout", PHASES[dialogue])


@every_protocol
async def test_a_check_whose_quit_alone_is_lost_passed(dialogue: Dialogue, punctual: ProbeContext) -> None:
    monitor = uuid4()
    async with playing(dialogue.leaving_quit_unanswered) as server:
        server.upcoming = [dialogue.one_at_a_time, dialogue.losing_only_the_last]
        results = [await checked(dialogue, server, punctual, monitor, warning_ms=300) for _ in range(3)]
        assert server.connections == 3
    passed, lost, alone = results
    assert [said_by_server(result) for result in results] == [None] * 3
    assert lost.warnings == passed.warnings  # it is not slow, either: only QUIT was awaited
    assert [timing.phase for timing in lost.phases] == [timing.phase for timing in passed.phases[:-1]]
    assert WarningKind.QUIT_UNANSWERED in [warning.kind for warning in alone.warnings]
    assert alone.transcript != []


@every_protocol
async def test_a_failure_counts_when_the_command_was_sent_alone(dialogue: Dialogue, punctual: ProbeContext) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        await checked(dialogue, server, punctual)
        server.upcoming = [dialogue.refusing, dialogue.refusing]
        result = await checked(dialogue, server, punctual)
        assert server.connections == 3
        assert said_by_server(result) == (dialogue.refused, PHASES[dialogue])
        sent = [line.text for line in result.transcript if line.speaker.value == "client"]
        alone, *_ = dialogue.commands[1:]
        assert not any(text.startswith(alone) for text in sent[:-1])
        assert any("repeated with one command at a time" in line.text for line in result.transcript)
        after = [await checked(dialogue, server, punctual) for _ in range(2)]
    # Pipelining was not to blame, so one check that passes allows it again.
    assert ["pipelined" in each.facts for each in after] == [False, True]


@every_protocol
async def test_a_hang_ends_at_the_deadline_though_it_is_repeated(dialogue: Dialogue, punctual: ProbeContext) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        await checked(dialogue, server, punctual)
        server.script = dialogue.hanging
        before = punctual.reach.clock.now()
        result = await checked(dialogue, server, punctual)
        assert server.connections == 3
    assert said_by_server(result) == (FailureKind.TIMEOUT, PHASES[dialogue])
    assert result.duration_ms < SECONDS * 1000
    assert (result.started_at - before).total_seconds() < SECONDS / 3  # when the first run began


REFUSED: dict[str, tuple[Dialogue, Script]] = {
    "POP3, the session is not released": (POP3, (*POP3.before[:-1], "S: -ERR [IN-USE] maildrop locked", "C: QUIT")),
    "POP3, logins are too frequent": (
        POP3,
        (*POP3.before[:-1], "S: -ERR [LOGIN-DELAY] minimum time between", "C: QUIT"),
    ),
    "POP3, too many logins": (POP3, (*POP3.before[:-1], "S: -ERR [LIMIT] too many logins", "C: QUIT")),
    "POP3, the login is refused": (POP3, (*POP3.before[:-1], "S: -ERR [AUTH] slow down", "C: QUIT")),
    "POP3, the mailbox is busy": (POP3, (*POP3.before, "C: STAT", "S: -ERR [IN-USE] maildrop locked", "C: QUIT")),
    "POP3, too many connections": (POP3, ("S: -ERR too many connections", "C: QUIT")),
    "IMAP, too many connections": (IMAP, ("S: * BYE [UNAVAILABLE] too many connections",)),
    "SMTP, too many connections": (SMTP, ("S: 421 4.7.0 too many connections from your host", "C: QUIT")),
}


@pytest.mark.parametrize(("dialogue", "script"), REFUSED.values(), ids=REFUSED)
async def test_a_server_that_refuses_our_second_connection_is_not_blamed(
    dialogue: Dialogue, script: Script, punctual: ProbeContext
) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        await checked(dialogue, server, punctual)
        server.upcoming = [dialogue.hanging, script]
        result = await checked(dialogue, server, punctual)
        assert server.connections == 3
        after = [await checked(dialogue, server, punctual) for _ in range(2)]
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert result.failure.detail.startswith("the check could not be repeated with one command at a time: ")
    assert str(result.facts["pipeliningFailed"]).startswith(f"timeout in {PHASES[dialogue]}: ")
    assert result.transcript != []
    # Nothing showed that pipelining was not to blame, and a check should not end like this again and again.
    assert [(said_by_server(each), "pipelined" in each.facts) for each in after] == [(None, False), (None, False)]


async def test_the_first_failure_is_kept_without_the_password(punctual: ProbeContext) -> None:
    async with playing(POP3.one_at_a_time) as server:
        await checked(POP3, server, punctual)
        server.upcoming = [(*POP3.before, Receive(), f"S: -ERR {PASSWORD}")]
        result = await checked(POP3, server, punctual)
    assert result.facts["pipeliningFailed"] == "protocol_error in mailbox: -ERR ********"


async def test_a_new_warning_of_the_repeat_has_its_dialogue(punctual: ProbeContext) -> None:
    monitor = uuid4()
    async with playing(POP3.leaving_quit_unanswered) as server:
        server.upcoming = [POP3.one_at_a_time, (*POP3.before, Receive(), "S: -ERR what")]
        results = [await checked(POP3, server, punctual, monitor) for _ in range(3)]
    assert [said_by_server(result) for result in results] == [None] * 3
    assert [bool(result.transcript) for result in results] == [True, True, False]


@pytest.mark.parametrize(("then", "kind"), [((Hang(),), FailureKind.TIMEOUT), ((), FailureKind.CLOSED)])
async def test_a_server_that_cannot_be_reached_again_is_down_once(
    then: Script, kind: FailureKind, punctual: ProbeContext
) -> None:
    async with playing(POP3.one_at_a_time) as server:
        await checked(POP3, server, punctual)
        server.upcoming = [POP3.hanging, then]
        assert said_by_server(await checked(POP3, server, punctual)) == (kind, Phase.GREETING)
        after = [await checked(POP3, server, punctual) for _ in range(2)]
    assert [(said_by_server(each), "pipelined" in each.facts) for each in after] == [(None, False), (None, False)]
