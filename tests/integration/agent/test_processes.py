"""The processes of an agent share the work and one limiter, and one outlives the other."""

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

from agent.throttling.limiter import Limiter, PermitQuery
from agent.throttling.limiter_client import LimiterClient, ParentGoneError, connect_to_limiter
from agent.throttling.limiter_server import LimiterServer
from agent.throttling.permits import NoPermitError, Permits
from agent.throttling.refused_logins import Outcome, RefusedLogins
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, ResultStatus, Unfitness
from tests.fakes.context import request
from tests.fakes.scripted_server import Gate, Hang, playing
from tests.integration.agent.running_agent import (
    POLITE,
    none_left,
    program,
    receiving_heartbeats,
    results,
    send_request,
    target,
    until,
)

REFUSED = Failure(kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH, detail="no")


class Log:
    """The lines that a running program logs, as they come."""

    def __init__(self, process: Process) -> None:
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read(process))

    async def _read(self, process: Process) -> None:
        assert process.stderr
        while line := await process.stderr.readline():
            with suppress(ValueError):
                self.lines.append(json.loads(line))

    def pids(self) -> dict[str, int]:
        """The latest process of each agent name."""
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
        receiving_heartbeats(ready) as received,
        playing((Gate(opened), *POLITE)) as server,
        program(enrolment, tmp_path, "--processes", "2", CONCURRENCY="40") as process,
    ):
        log = Log(process)
        await until(
            lambda: {subject for subject, _ in received} == {f"mailprobe.agent.de.de.program-{n}" for n in (1, 2)}
        )
        for _ in range(60):
            await send_request(ready, request(target(server), timeout_seconds=60))
        await until(lambda: server.connections > 40)  # until more than one of them has taken checks
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
    """After ten seconds the broker gives the killed process's requests to another one."""
    async with (
        playing((Hang(),)) as server,
        program(
            enrolment, tmp_path, "--processes", "2", CONCURRENCY="7"
        ) as process,  # so each process has at least one
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        check_requests = [request(target(server), timeout_seconds=5, start_in_seconds=60) for _ in range(8)]
        for each in check_requests:
            await send_request(ready, each)
        await until(lambda: server.connections == len(check_requests))
        before = log.pids()
        os.kill(before["program-1"], signal.SIGKILL)
        found = await results(ready, len(check_requests), 60)
        await none_left(ready)
        await until(lambda: log.pids()["program-1"] != before["program-1"])
        assert log.pids()["program-2"] == before["program-2"]
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()
    assert sorted(result.check_id for result in found) == sorted(each.check_id for each in check_requests)
    assert server.connections > len(check_requests)


async def test_processes_stop_in_order_when_their_parent_is_killed(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    async with program(enrolment, tmp_path, "--processes", "2", DRAIN_SECONDS="1") as process:
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        process.kill()
        await log.end()  # this ends when the last process that holds the pipe ends
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
        await send_request(ready, request(target(server), timeout_seconds=60))
        await until(lambda: server.connections == 1)
        process.send_signal(signal.SIGINT)
        await until(lambda: log.count("agent_stopping") == 2)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 1
        await log.end()


async def test_the_permits_of_an_address_are_shared_by_all_processes(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    """The address is not public, so every check ends at once; the time they take shows that all share one rate."""
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
            while len({result.agent for result in found}) < 2:  # the broker may give all twelve to one process
                for _ in range(12):
                    await send_request(ready, request(target(server)))
                found += await results(ready, 12)
        took = monotonic() - began
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)
        await log.end()
    assert {result.failure and result.failure.kind for result in found} == {FailureKind.ADDRESS_FORBIDDEN}
    assert took > 0.1 * (len(found) - 1) - 0.05


@asynccontextmanager
async def two_children(
    limiter: Limiter,
) -> AsyncIterator[tuple[LimiterClient, LimiterClient, LimiterServer, list[socket.socket]]]:
    served = LimiterServer(limiter)
    pairs = [socket.socketpair() for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        for ours, _ in pairs:
            group.create_task(served.serve(ours))
        async with connect_to_limiter(pairs[0][1]) as first, connect_to_limiter(pairs[1][1]) as second:
            yield first, second, served, [ours for ours, _ in pairs]


def new_limiter(**permits: Any) -> tuple[Limiter, Permits]:
    made = Permits(**({"at_once": 1, "per_second": 1000, "most_waiting": 10} | permits))
    return Limiter(made, RefusedLogins(), monotonic), made


async def test_a_permit_held_by_one_process_is_waited_for_in_the_other() -> None:
    limiter, _ = new_limiter()
    async with two_children(limiter) as (first, second, _, _):
        async with first.permit(PermitQuery(address="a", seconds=30)):
            with pytest.raises(NoPermitError, match="no permit in time"):
                async with second.permit(PermitQuery(address="a", seconds=0.05)):
                    raise AssertionError
        async with second.permit(PermitQuery(address="a", seconds=30)):
            pass


async def test_a_login_refused_in_one_process_is_withheld_in_the_other() -> None:
    """A proof and the password refused in one process leave one try to the other. They share a permit, so that each
    knows the outcomes before.
    """
    limiter, _ = new_limiter()
    query = PermitQuery(address="a", login=b"x", seconds=30)
    async with two_children(limiter) as (first, second, _, _):
        for child, tries, refusals in ((first, 2, 2), (second, 1, 1)):
            async with child.permit(query) as permit:
                assert (permit.withheld, permit.tries) == (None, tries)
                permit.record_outcome(Outcome.REFUSED, REFUSED, refusals)
        async with first.permit(query) as permit:
            assert permit.withheld == REFUSED
        async with second.permit(PermitQuery(login=b"y", seconds=30)) as permit:
            assert permit.withheld is None


async def test_what_a_dead_process_held_and_waited_for_is_given_back() -> None:
    limiter, permits = new_limiter()
    async with two_children(limiter) as (first, second, _, _):
        holding, waiting = (asyncio.create_task(_hold(first)) for _ in range(2))
        await until(lambda: permits.waiting == 1)
        first._writer.transport.abort()
        async with second.permit(PermitQuery(address="a", seconds=30)):
            assert permits.waiting == 0
        await asyncio.wait([holding, waiting])
        assert isinstance(waiting.exception(), ParentGoneError)
        holding.cancel()


async def _hold(limiter: LimiterClient) -> None:
    async with limiter.permit(PermitQuery(address="a", seconds=60)):
        await limiter.gone.wait()


async def test_a_check_that_is_cancelled_while_it_waits_leaves_the_queue() -> None:
    limiter, permits = new_limiter()
    async with two_children(limiter) as (first, second, _, _), first.permit(PermitQuery(address="a", seconds=30)):
        waiting = asyncio.create_task(_hold(second))
        await until(lambda: permits.waiting == 1)
        waiting.cancel()
        await until(lambda: permits.waiting == 0)


async def test_all_children_know_what_the_parent_found_out() -> None:
    limiter, _ = new_limiter()
    async with two_children(limiter) as (first, second, served, _):
        served.found([Unfitness.PORT25_BLOCKED])
        async with asyncio.timeout(30):
            await asyncio.gather(first.examined.wait(), second.examined.wait())
        assert first.unfit == second.unfit == [Unfitness.PORT25_BLOCKED]


async def test_a_parent_that_does_not_answer_is_not_awaited_for_ever() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        async with connect_to_limiter(theirs) as child:
            with pytest.raises(NoPermitError, match="does not answer"):
                async with child.permit(
                    PermitQuery(address="a", seconds=-4.95)
                ):  # the client waits five seconds longer than that
                    raise AssertionError


async def test_garbage_from_a_child_ends_only_its_own_connection() -> None:
    limiter, _ = new_limiter()
    async with two_children(limiter) as (first, second, _, _):
        first._writer.write(b"{nonsense}\n")
        await asyncio.wait_for(first.gone.wait(), 30)
        async with second.permit(PermitQuery(address="a", seconds=30)):
            pass


async def test_one_process_needs_no_parent(enrolment: Enrolment, ready: Bus, tmp_path: Path) -> None:
    async with program(enrolment, tmp_path, PROCESSES="1") as process, playing(POLITE) as server:
        log = Log(process)
        await send_request(ready, request(target(server)))
        [result] = await results(ready, 1)
        assert (result.agent, result.status) == ("program", ResultStatus.SUCCESS)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()
    assert log.count("process_started") == 0
