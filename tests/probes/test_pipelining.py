"""The last commands go in one packet where the server takes that, and nobody is blamed where it does not."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import FailureKind
from shared.wire.messages import CheckResult
from shared.wire.targets import Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import request
from tests.fakes.scripted_server import Hang, Receive, Script, ScriptedServer, playing
from tests.probes.scripted.case import LOGIN, PLAIN

SECONDS = 2.0


class Dialogue(NamedTuple):
    """What a check says up to its last commands, these with their answers, and the failure if the first is refused."""

    target: type[Target]
    before: Script
    commands: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]
    refusal: str
    refused: FailureKind

    @property
    def one_at_a_time(self) -> Script:
        steps = [(f"C: {command}", *answer) for command, answer in zip(self.commands, self.answers, strict=True)]
        return (*self.before, *(step for group in steps for step in group))

    @property
    def at_once(self) -> Script:
        """The server answers when it has all commands."""
        return (
            *self.before,
            *(f"C: {command}" for command in self.commands),
            *(line for answer in self.answers for line in answer),
        )

    @property
    def losing_what_comes_with_a_command(self) -> Script:
        _, *rest = self.commands
        steps = [(f"C: {command}", *answer) for command, answer in zip(rest, self.answers[1:], strict=True)]
        return (*self.before, Receive(), *self.answers[0], *(step for group in steps for step in group))

    @property
    def refusing(self) -> Script:
        """The first command is refused, and so is what comes with it."""
        return (*self.before, Receive(), self.refusal)


SMTP = Dialogue(
    SmtpTarget,
    ("S: 220 hi", "C: EHLO", "S: 250-x", "S: 250 PIPELINING"),
    ("MAIL FROM:<>", "RCPT TO:<bob@example.test>", "RSET", "QUIT"),
    (("S: 250 ok",), ("S: 250 ok",), ("S: 250 ok",), ("S: 221 bye",)),
    "S: 550 5.7.1 not you",
    FailureKind.POLICY_REFUSAL,
)
IMAP = Dialogue(
    ImapTarget,
    ("S: * OK [CAPABILITY IMAP4rev1] hi", "C: A1 LOGIN", "S: A1 OK [CAPABILITY IMAP4rev1] in"),
    ("A2 EXAMINE", "A3 LOGOUT"),
    (("S: * 3 EXISTS", "S: A2 OK"), ("S: * BYE", "S: A3 OK")),
    "S: A2 NO gone",
    FailureKind.MAILBOX_MISSING,
)
POP3 = Dialogue(
    Pop3Target,
    ("S: +OK hi", "C: CAPA", "S: +OK", "S: SASL PLAIN", "S: PIPELINING", "S: .", "C: AUTH PLAIN " + PLAIN, "S: +OK in"),
    ("STAT", "QUIT"),
    (("S: +OK 3 400",), ("S: +OK bye",)),
    "S: -ERR [SYS/PERM] gone",
    FailureKind.MAILBOX_MISSING,
)
every_protocol = pytest.mark.parametrize(
    "dialogue", [pytest.param(each, id=each.target.__name__) for each in (SMTP, IMAP, POP3)]
)


async def checked(dialogue: Dialogue, server: ScriptedServer, context: ProbeContext) -> CheckResult:
    if dialogue is SMTP:
        target: Target = SmtpTarget(host=ADDRESS, port=server.port, tls=TlsMode.NONE, rcpt_to="bob@example.test")
        return await run_check(request(target, timeout_seconds=SECONDS), context)
    target = dialogue.target(host=ADDRESS, port=server.port, tls=TlsMode.NONE)
    return await run_check(request(target, login=LOGIN, timeout_seconds=SECONDS), context)


@every_protocol
async def test_after_a_check_that_passed_the_last_commands_go_at_once(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        first = await checked(dialogue, server, punctual)
        server.script = dialogue.at_once
        second = await checked(dialogue, server, punctual)
    assert (first.failure, second.failure, server.connections) == (None, None, 2)
    assert first.facts == second.facts
    assert [timing.phase for timing in first.phases] == [timing.phase for timing in second.phases]


@every_protocol
async def test_a_server_that_loses_commands_is_up_and_gets_one_at_a_time_from_then_on(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(dialogue.losing_what_comes_with_a_command) as server:
        results = [await checked(dialogue, server, punctual)]
        assert server.connections == 1
        results.append(await checked(dialogue, server, punctual))
        assert server.connections == 3
        results.append(await checked(dialogue, server, punctual))
        assert server.connections == 4
        await server.all_closed()
        server.unexpected.clear()  # the end of the connection on which commands were lost
    assert [result.failure for result in results] == [None] * 3
    assert len({tuple(warning.kind for warning in result.warnings) for result in results}) == 1


@every_protocol
async def test_a_refusal_counts_when_the_command_was_sent_alone(dialogue: Dialogue, punctual: ProbeContext) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        await checked(dialogue, server, punctual)
        server.script = dialogue.refusing
        result = await checked(dialogue, server, punctual)
        assert server.connections == 3
    assert result.failure is not None
    assert result.failure.kind is dialogue.refused
    alone, *_ = dialogue.commands[1:]
    sent = [line.text for line in result.transcript if line.speaker.value == "client"]
    assert not any(text.startswith(alone) for text in sent[:-1])


@pytest.mark.parametrize("dialogue", [pytest.param(SMTP, id="SMTP"), pytest.param(POP3, id="POP3")])
async def test_a_server_that_does_not_offer_pipelining_gets_one_command_at_a_time(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    without = tuple(
        "S: 250 HELP" if step == "S: 250 PIPELINING" else step for step in dialogue.losing_what_comes_with_a_command
    )
    script = tuple(step for step in without if step != "S: PIPELINING")
    async with playing(script) as server:
        results = [await checked(dialogue, server, punctual) for _ in range(3)]
        assert server.connections == 3
    assert [result.failure for result in results] == [None] * 3


async def test_a_check_that_is_cancelled_says_nothing_about_pipelining(punctual: ProbeContext) -> None:
    async with playing(POP3.one_at_a_time) as server:
        await checked(POP3, server, punctual)
        server.script = (*POP3.before, Hang())
        task = asyncio.create_task(checked(POP3, server, punctual))
        while server.received.count("CAPA") < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.script = POP3.at_once
        assert (await checked(POP3, server, punctual)).failure is None
        assert server.connections == 3
        server.unexpected.clear()  # the connection of the cancelled check ended
