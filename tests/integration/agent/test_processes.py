"""An agent of several processes: they share the work and one desk, and outlive each other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from agent.throttling.limiter import Ask, Desk
from agent.throttling.limiter_client import FarDesk, ParentGoneError, reaching
from agent.throttling.limiter_server import ServedDesk
from agent.throttling.permits import NoTurnError, Turns
from agent.throttling.refused_logins import Outcome, RefusedLogins
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, ResultStatus, Unfitness
from tests.fakes.scripted_server import Gate, Hang, playing
from tests.fakes.station import request
from tests.integration.agent.at_work import POLITE, ask, hearing, none_left, program, results, target, until

REFUSED = Failure(kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH, detail="no")


class Log:
    """The lines a running program logs, as they come."""

    def __init__(self, process: Process) -> None:
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read(process))

    async def _read(self, process: Process) -> None:
        assert process.stderr
        while line := await process.stderr.readline():
            with suppress(ValueError):
                self.lines.append(json.loads(line))

    def pids(self) -> dict[str, int]:
        """The processes as last started, by their agents' names."""
        return {line["agent"]: line["pid"] for line in self.lines if line["event"] == "process_started"}

    def count(self, event: str) -> int:
        return sum(line["event"] == event for line in self.lines)

    async def end(self) -> None:
        await asyncio.wait_for(self._reading, 30)


async def test_processes_share_the_work_under_names_of_their_own(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    opened = asyncio.Event()
    async with (
        hearing(ready) as heard,
        playing((Gate(opened), *POLITE)) as server,
        program(enrolment, tmp_path, "--processes", "2", CONCURRENCY="40") as process,
    ):
        log = Log(process)
        await until(lambda: {subject for subject, _ in heard} == {f"mailprobe.agent.de.de.program-{n}" for n in (1, 2)})
        for _ in range(60):
            await ask(ready, request(target(server), timeout_seconds=60))
        await until(lambda: server.connections > 40)  # more than one of them takes
        opened.set()
        found = await results(ready, 60)
        await none_left(ready)
        assert Counter(result.agent for result in found).keys() == {"program-1", "program-2"}
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()
    assert log.count("agent_stopped") == 2
    assert not any("exc_info" in line or "exception" in line for line in log.lines)


async def test_a_killed_process_is_started_again_and_its_checks_are_run(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    """What it had in hand the broker gives to another after its patience of ten seconds."""
    async with (
        playing((Hang(),)) as server,
        program(enrolment, tmp_path, "--processes", "2", CONCURRENCY="7") as process,  # so each has one at least
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        asked = [request(target(server), timeout_seconds=5, start_in_seconds=60) for _ in range(8)]
        for each in asked:
            await ask(ready, each)
        await until(lambda: server.connections == len(asked))
        before = log.pids()
        os.kill(before["program-1"], signal.SIGKILL)
        found = await results(ready, len(asked), 60)
        await none_left(ready)
        await until(lambda: log.pids()["program-1"] != before["program-1"])
        assert log.pids()["program-2"] == before["program-2"]
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()
    assert sorted(result.check_id for result in found) == sorted(each.check_id for each in asked)
    assert server.connections > len(asked)


async def test_processes_stop_in_order_when_their_parent_is_killed(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    async with program(enrolment, tmp_path, "--processes", "2", DRAIN_SECONDS="1") as process:
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        process.kill()
        await log.end()  # at the end of the last process that has the pipe
    assert log.count("parent_gone") == 2
    assert log.count("agent_stopped") == 2


async def test_a_second_signal_cuts_short_and_status_1_says_so(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    async with (
        playing((Hang(),)) as server,
        program(enrolment, tmp_path, "--processes", "2", DRAIN_SECONDS="60") as process,
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        await ask(ready, request(target(server), timeout_seconds=60))
        await until(lambda: server.connections == 1)
        process.send_signal(signal.SIGINT)
        await until(lambda: log.count("agent_stopping") == 2)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 1
        await log.end()


async def test_the_turns_of_an_address_are_those_of_all_processes(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    """The address is no public one, so every check ends at once: what shows is that all took a gap for each of them."""
    async with program(
        enrolment,
        tmp_path,
        *("--processes", "2"),
        ALLOW_NETWORKS="192.168.255.0/24",
        PER_ADDRESS_STARTS_PER_SECOND="10",
    ) as process:
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        began, found = monotonic(), list[CheckResult]()
        async with playing(POLITE) as server, asyncio.timeout(60):
            while len({result.agent for result in found}) < 2:  # the broker may give all of a dozen to one
                for _ in range(12):
                    await ask(ready, request(target(server)))
                found += await results(ready, 12)
        took = monotonic() - began
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)
        await log.end()
    assert {result.failure and result.failure.kind for result in found} == {FailureKind.ADDRESS_FORBIDDEN}
    assert took > 0.1 * (len(found) - 1) - 0.05


@asynccontextmanager
async def two_children(desk: Desk) -> AsyncIterator[tuple[FarDesk, FarDesk, ServedDesk, list[socket.socket]]]:
    served = ServedDesk(desk)
    pairs = [socket.socketpair() for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        for ours, _ in pairs:
            group.create_task(served.serve(ours))
        async with reaching(pairs[0][1]) as first, reaching(pairs[1][1]) as second:
            yield first, second, served, [ours for ours, _ in pairs]


def a_desk(**turns: Any) -> tuple[Desk, Turns]:
    made = Turns(**({"at_once": 1, "per_second": 1000, "most_waiting": 10} | turns))
    return Desk(made, RefusedLogins(), monotonic), made


async def test_a_turn_held_by_one_process_is_waited_for_in_the_other() -> None:
    desk, _ = a_desk()
    async with two_children(desk) as (first, second, _, _):
        async with first.turn(Ask(address="a", seconds=30)):
            with pytest.raises(NoTurnError, match="no turn in time"):
                async with second.turn(Ask(address="a", seconds=0.05)):
                    raise AssertionError
        async with second.turn(Ask(address="a", seconds=30)):
            pass


async def test_a_login_refused_in_one_process_is_withheld_in_the_other() -> None:
    desk, _ = a_desk()
    async with two_children(desk) as (first, second, _, _):
        for child in (first, second, first):
            async with child.turn(Ask(login=b"x", seconds=30)) as permit:
                assert permit.withheld is None
                permit.fared(Outcome.REFUSED, REFUSED)
        async with asyncio.timeout(30):
            while True:
                async with second.turn(Ask(login=b"x", seconds=30)) as permit:
                    if permit.withheld == REFUSED:
                        break
        async with second.turn(Ask(login=b"y", seconds=30)) as permit:
            assert permit.withheld is None


async def test_what_a_dead_process_held_and_waited_for_is_given_back() -> None:
    desk, turns = a_desk()
    async with two_children(desk) as (first, second, _, _):
        holding, waiting = (asyncio.create_task(_hold(first)) for _ in range(2))
        await until(lambda: turns.waiting == 1)
        first._writer.transport.abort()
        async with second.turn(Ask(address="a", seconds=30)):
            assert turns.waiting == 0
        await asyncio.wait([holding, waiting])
        assert isinstance(waiting.exception(), ParentGoneError)
        holding.cancel()


async def _hold(desk: FarDesk) -> None:
    async with desk.turn(Ask(address="a", seconds=60)):
        await desk.gone.wait()


async def test_a_check_that_is_cancelled_while_it_waits_leaves_the_queue() -> None:
    desk, turns = a_desk()
    async with two_children(desk) as (first, second, _, _), first.turn(Ask(address="a", seconds=30)):
        waiting = asyncio.create_task(_hold(second))
        await until(lambda: turns.waiting == 1)
        waiting.cancel()
        await until(lambda: turns.waiting == 0)


async def test_what_the_parent_found_out_all_children_know() -> None:
    desk, _ = a_desk()
    async with two_children(desk) as (first, second, served, _):
        served.found([Unfitness.PORT25_BLOCKED])
        async with asyncio.timeout(30):
            await asyncio.gather(first.looked.wait(), second.looked.wait())
        assert first.unfit == second.unfit == [Unfitness.PORT25_BLOCKED]


async def test_a_parent_that_does_not_answer_is_not_awaited_for_ever() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        async with reaching(theirs) as child:
            with pytest.raises(NoTurnError, match="does not answer"):
                async with child.turn(Ask(address="a", seconds=-4.95)):  # five seconds are its patience beyond that
                    raise AssertionError


async def test_garbage_from_a_child_ends_its_line_only() -> None:
    desk, _ = a_desk()
    async with two_children(desk) as (first, second, _, _):
        first._writer.write(b"{nonsense}\n")
        await asyncio.wait_for(first.gone.wait(), 30)
        async with second.turn(Ask(address="a", seconds=30)):
            pass


async def test_one_process_needs_no_parent(enrolment: Enrolment, ready: Bus, tmp_path: Path) -> None:
    async with program(enrolment, tmp_path, PROCESSES="1") as process, playing(POLITE) as server:
        log = Log(process)
        await ask(ready, request(target(server)))
        [result] = await results(ready, 1)
        assert (result.agent, result.status) == ("program", ResultStatus.SUCCESS)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()
    assert log.count("process_started") == 0
