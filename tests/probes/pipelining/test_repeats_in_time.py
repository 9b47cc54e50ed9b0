"""A repeat has what is left of the time, is polite, and follows no fault of our own but a loop that stood still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.keys import key_of_dialogue
from agent.dialogue.phases import Phases
from agent.dialogue.pipelining import is_quick_enough
from agent.errors import CheckError
from shared.wire.failures import FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult
from shared.wire.targets.pop3 import Pop3Target
from tests.fakes.context import request

TARGET = Pop3Target(host="mail.test", port=110)
KEY = key_of_dialogue(TARGET)


class Probe:
    """Raises or does one thing after another in the phase of the mailbox, and keeps what it saw of the deadline. Its
    greetings are late by so many seconds, one after the other.
    """

    def __init__(self, *acts: Exception | Callable[[], None] | None, late: Sequence[float] = ()) -> None:
        self._acts = list(acts)
        self._late = list(late)
        self.deadlines: list[tuple[float, float]] = []
        self.pipelined: list[bool] = []

    async def __call__(self, _target: Pop3Target, connect: Connect, phases: Phases) -> Findings:
        if self._late:
            with phases(Phase.GREETING):
                await asyncio.sleep(self._late.pop(0))
        before = connect.deadline.at
        with phases(Phase.MAILBOX):
            self.pipelined.append(connect.decide_pipelining())
            self.deadlines.append((before, connect.deadline.at))
            await asyncio.sleep(0.01)  # the loop's time goes on
            act = self._acts.pop(0)
            if isinstance(act, Exception):
                raise act
            if act is not None:
                act()
                await asyncio.sleep(0)
        return Findings()

    async def checked(
        self, context: ProbeContext, wait_to_repeat: Callable[[float], Awaitable[str | None]] | None = None
    ) -> CheckResult:
        made = request(TARGET, timeout_seconds=20)
        return await run_check(made, context, {Pop3Target: self}, wait_to_repeat=wait_to_repeat)


async def test_both_runs_have_one_deadline_and_the_first_waits_a_part_of_it(context: ProbeContext) -> None:
    context.reach.pipelining.passed(KEY)
    probe, began = Probe(EOFError(), None), asyncio.get_running_loop().time()
    result = await probe.checked(context)
    (first, nearer), (second, still) = probe.deadlines
    assert (result.failure, probe.pipelined) == (None, [True, False])
    assert first == second == still
    assert began < nearer < began + 10  # five seconds, and what the machine needs


async def test_a_check_of_a_slow_server_is_not_pipelined(context: ProbeContext) -> None:
    probe = Probe(lambda: time.sleep(1.1), None)
    made = request(TARGET, timeout_seconds=3)
    for _ in range(2):
        assert (await run_check(made, context, {Pop3Target: probe})).failure is None
    assert probe.pipelined == [False, False]


async def test_a_fault_of_our_own_is_neither_repeated_nor_learned(context: ProbeContext) -> None:
    context.reach.pipelining.passed(KEY)
    probe = Probe(CheckError(FailureKind.AGENT_ERROR, source=FailureSource.AGENT), RuntimeError())
    for _ in range(2):
        result = await probe.checked(context)
        assert result.failure is not None
        assert result.failure.source is FailureSource.AGENT
    assert probe.pipelined == [True, True]


async def test_a_check_whose_time_ended_while_the_agent_stood_still_is_repeated_and_nothing_learned(
    context: ProbeContext,
) -> None:
    """One command at a time would have had the time that is left."""
    context.reach.pipelining.passed(KEY)
    probe = Probe(lambda: time.sleep(1.5), None)
    result = await run_check(request(TARGET, timeout_seconds=4), context, {Pop3Target: probe})
    assert (result.failure, probe.pipelined) == (None, [True, False])
    assert context.reach.pipelining.is_allowed(KEY)


async def test_a_repeat_that_waited_too_long_to_come_as_far_blames_nobody(punctual: ProbeContext) -> None:
    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)

    punctual.reach.pipelining.passed(KEY)
    probe = Probe(EOFError(), late=[0.6, 10])
    result = await run_check(request(TARGET, timeout_seconds=4), punctual, {Pop3Target: probe}, wait_to_repeat=wait)
    assert result.failure is not None
    assert (result.failure.source, result.failure.phase) == (FailureSource.AGENT, Phase.GREETING)
    assert "s left, and needed 0.6 s to come as far before" in result.failure.detail


@pytest.mark.parametrize(("seconds", "timeout_seconds", "quick"), [(4, 30, True), (6, 30, False), (1.1, 3, False)])
def test_a_check_that_needs_longer_than_answers_are_awaited_is_not_pipelined(
    seconds: float, timeout_seconds: float, quick: bool
) -> None:
    assert is_quick_enough(seconds, timeout_seconds) is quick


async def test_without_time_for_a_repeat_the_first_failure_counts(punctual: ProbeContext) -> None:
    punctual.reach.pipelining.passed(KEY)
    probe = Probe(lambda: time.sleep(1.5))
    result = await run_check(request(TARGET, timeout_seconds=2), punctual, {Pop3Target: probe})
    assert result.failure is not None
    assert (result.failure.kind, probe.pipelined) == (FailureKind.TIMEOUT, [True])
    assert not punctual.reach.pipelining.is_allowed(KEY)


@pytest.mark.parametrize("why", [None, "no permit in time"])
async def test_a_repeat_waits_until_it_may_start(context: ProbeContext, why: str | None) -> None:
    async def wait(seconds: float) -> str | None:
        waited.append(seconds)
        context.reach.pipelining.passed(KEY)  # meanwhile, another check of the same server
        return why

    waited: list[float] = []
    context.reach.pipelining.passed(KEY)
    probe = Probe(EOFError(), None)
    result = await probe.checked(context, wait)
    [seconds] = waited
    assert 0 < seconds <= 19
    if why is None:
        assert (result.failure, probe.pipelined) == (None, [True, False])
    else:
        assert result.failure is not None
        assert result.failure.source is FailureSource.AGENT
        assert result.failure.detail == f"the check could not be repeated with one command at a time: {why}"
        assert (result.facts["pipeliningFailed"], probe.pipelined) == (
            "closed in mailbox: the server closed the connection",
            [True],
        )
