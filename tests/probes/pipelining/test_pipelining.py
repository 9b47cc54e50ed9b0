"""The last commands go in one packet where the server takes that, and only there."""

from __future__ import annotations

import asyncio

import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import WarningKind
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Hang, Script, Tls, playing
from tests.probes.pipelining.last_commands import IMAP, POP3, SMTP, Dialogue, checked, every_protocol
from tests.probes.scripted.case import LOGIN

with_pipelining_offered = pytest.mark.parametrize(
    "dialogue", [pytest.param(SMTP, id="SMTP"), pytest.param(POP3, id="POP3")]
)


def not_offering(dialogue: Dialogue, script: Script) -> Script:
    without = ("S: 250 HELP" if step == "S: 250 PIPELINING" else step for step in script)
    return tuple(step for step in without if step != "S: PIPELINING")


@every_protocol
async def test_after_a_check_that_passed_the_last_commands_go_at_once(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        first = await checked(dialogue, server, punctual)
        server.script = dialogue.at_once
        second = await checked(dialogue, server, punctual)
    assert (first.failure, second.failure, server.connections) == (None, None, 2)
    assert second.facts == first.facts | {"pipelined": True}
    assert [timing.phase for timing in first.phases] == [timing.phase for timing in second.phases]


@pytest.mark.parametrize("tls", [TlsMode.IMPLICIT, TlsMode.REQUIRED])
@every_protocol
async def test_the_last_commands_go_at_once_under_tls(
    dialogue: Dialogue, tls: TlsMode, punctual: ProbeContext, certificates: Certificates
) -> None:
    before: Script = (Tls(),)
    if tls is TlsMode.REQUIRED:
        before = {
            SMTP: ("S: 220 hi", "C: EHLO", "S: 250-x", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", Tls()),
            POP3: ("S: +OK hi", "C: CAPA", "S: +OK", "S: STLS", "S: .", "C: STLS", "S: +OK go", Tls()),
            IMAP: ("S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi", "C: A1 STARTTLS", "S: A1 OK go", Tls()),
        }[dialogue]
        dialogue = dialogue.after_upgrade
    async with playing((*before, *dialogue.one_at_a_time), certificates) as server:
        results = [await checked(dialogue, server, punctual, host=HOST, address=ADDRESS, tls=tls)]
        server.script = (*before, *dialogue.at_once)
        results.append(await checked(dialogue, server, punctual, host=HOST, address=ADDRESS, tls=tls))
    assert [result.failure for result in results] == [None, None]
    assert ["pipelined" in result.facts for result in results] == [False, True]


@with_pipelining_offered
async def test_what_is_offered_before_tls_does_not_count(
    dialogue: Dialogue, punctual: ProbeContext, certificates: Certificates
) -> None:
    before: Script = {
        SMTP: ("S: 220 hi", "C: EHLO", "S: 250-x", "S: 250-PIPELINING", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go"),
        POP3: ("S: +OK hi", "C: CAPA", "S: +OK", "S: PIPELINING", "S: STLS", "S: .", "C: STLS", "S: +OK go"),
    }[dialogue]
    after = dialogue.after_upgrade
    script = (*before, Tls(), *not_offering(after, after.one_at_a_time))
    async with playing(script, certificates) as server:
        results = [
            await checked(after, server, punctual, host=HOST, address=ADDRESS, tls=TlsMode.REQUIRED) for _ in range(2)
        ]
    assert [(result.failure, "pipelined" in result.facts) for result in results] == [(None, False)] * 2


@with_pipelining_offered
async def test_a_server_that_does_not_offer_pipelining_gets_one_command_at_a_time(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(not_offering(dialogue, dialogue.losing_what_comes_with_a_command)) as server:
        results = [await checked(dialogue, server, punctual) for _ in range(3)]
        assert server.connections == 3
    assert [result.failure for result in results] == [None] * 3
    assert len(punctual.reach.pipelining) == 0  # nothing is learned where nothing could be pipelined


@every_protocol
async def test_after_a_failure_the_end_of_the_session_is_not_sent_twice(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(dialogue.one_at_a_time) as server:
        await checked(dialogue, server, punctual)
        server.received.clear()
        commands = [f"C: {command}" for command in dialogue.commands]
        server.upcoming = [(*dialogue.before, *commands, dialogue.refusal)]
        await checked(dialogue, server, punctual)
        await server.all_closed()
    assert sum(line.endswith(("QUIT", "LOGOUT")) for line in server.received) == server.connections - 1 == 2


async def test_each_login_and_each_mailbox_passes_on_its_own_first(punctual: ProbeContext) -> None:
    async with playing(IMAP.one_at_a_time) as server:
        pipelined = []
        for login, mailbox in [(LOGIN, "INBOX"), (("bob", "sesame"), "INBOX"), (LOGIN, "Archive"), (LOGIN, "INBOX")]:
            target = ImapTarget(host=ADDRESS, port=server.port, tls=TlsMode.NONE, mailbox=mailbox)
            result = await run_check(request(target, login=login), punctual)
            pipelined.append("pipelined" in result.facts)
    assert pipelined == [False, False, False, True]


@every_protocol
async def test_a_server_that_leaves_quit_unanswered_gets_one_command_at_a_time(
    dialogue: Dialogue, punctual: ProbeContext
) -> None:
    async with playing(dialogue.leaving_quit_unanswered) as server:
        results = [await checked(dialogue, server, punctual) for _ in range(2)]
    assert [result.warnings[-1].kind for result in results] == [WarningKind.QUIT_UNANSWERED] * 2
    assert not any("pipelined" in result.facts for result in results)


async def test_a_check_that_is_cancelled_says_nothing_about_pipelining(punctual: ProbeContext) -> None:
    async with playing(POP3.one_at_a_time) as server:
        await checked(POP3, server, punctual)
        server.script = (*POP3.before, "C: STAT", Hang())
        task = asyncio.create_task(checked(POP3, server, punctual))
        async with asyncio.timeout(10):
            while server.received.count("STAT") < 2:
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.script = POP3.at_once
        result = await checked(POP3, server, punctual)
        assert (result.failure, result.facts["pipelined"], server.connections) == (None, True, 3)
