"""A repeat starts when its permit allows, holds no second one, and leaves the outcome of the login as it was."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from agent.checks.runner import ProbeContext
from agent.throttling.limiter import Limiter, Permit, PermitQuery
from agent.throttling.limiter_client import connect_to_limiter
from agent.throttling.limiter_server import LimiterServer
from agent.throttling.permits import NoPermitError, Permits
from agent.throttling.refused_logins import Outcome, RefusedLogins
from agent.throttling.throttled_check import Checker
from shared.wire.failures import FailureSource
from shared.wire.messages import Unfitness
from shared.wire.targets import TlsMode
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import request
from tests.fakes.scripted_server import playing
from tests.probes.pipelining.last_commands import POP3
from tests.probes.scripted.case import LOGIN


class Source:
    """Grants every permit but that of a repeat if `refuses`; keeps what was asked for and reported."""

    def __init__(self, *, refuses: bool) -> None:
        self.unfit: list[Unfitness] = []
        self.examined = asyncio.Event()
        self.asked: list[PermitQuery] = []
        self.outcomes: list[Outcome] = []
        self._refuses = refuses

    @asynccontextmanager
    async def permit(self, query: PermitQuery) -> AsyncIterator[Permit]:
        self.asked.append(query)
        if query.again and self._refuses:
            raise NoPermitError("too many starts")
        permit = Permit()
        yield permit
        if not query.again:
            self.outcomes.append(permit.outcome)


@pytest.mark.parametrize("refuses", [False, True])
async def test_a_repeat_asks_for_another_start_and_its_failure_says_nothing_about_the_login(
    refuses: bool, punctual: ProbeContext
) -> None:
    source = Source(refuses=refuses)
    checker = Checker(punctual, source, exempt=())
    async with playing(POP3.one_at_a_time) as server:
        made = request(POP3.target(host=ADDRESS, port=server.port, tls=TlsMode.NONE), login=LOGIN, timeout_seconds=2)
        await checker.check(made)
        server.upcoming = [POP3.hanging, ("S: -ERR too many connections", "C: QUIT")]
        result = await checker.check(made)
        assert server.connections == (2 if refuses else 3)
    assert result.failure is not None
    assert result.failure.source is FailureSource.AGENT
    assert [(query.address, query.again) for query in source.asked] == [
        (ADDRESS, again) for again in (False, False, True)
    ]
    assert 0 < source.asked[-1].seconds < 2
    assert source.outcomes == [Outcome.ACCEPTED] * 2


async def test_one_more_start_needs_no_second_permit_and_delays_the_starts_of_others() -> None:
    permits, loop = Permits(at_once=1, per_second=10, most_waiting=10), asyncio.get_running_loop()
    began = loop.time()
    await permits.take("a", 1)
    other = asyncio.create_task(permits.take("a", 30))
    await asyncio.sleep(0)
    await permits.start_again("a", 30)
    assert loop.time() - began >= 0.09
    permits.give_back("a")
    await asyncio.wait_for(other, 10)
    assert loop.time() - began >= 0.19
    permits.give_back("a")
    async with asyncio.timeout(10):
        while len(permits):
            await asyncio.sleep(0.01)


async def test_one_more_start_that_cannot_come_in_time_is_refused_at_once() -> None:
    permits = Permits(at_once=1, per_second=0.01, most_waiting=10)
    await permits.take("a", 0)
    with pytest.raises(NoPermitError):
        permits.start_again("a", 60).send(None)


async def test_a_process_without_the_limiter_asks_for_one_more_start_too() -> None:
    permits = Permits(at_once=1, per_second=1000, most_waiting=10)
    server = LimiterServer(Limiter(permits, RefusedLogins(), monotonic))
    parents_end, childs_end = socket.socketpair()
    serving = asyncio.create_task(server.serve(parents_end))
    async with (
        connect_to_limiter(childs_end) as limiter,
        limiter.permit(PermitQuery(address="a", seconds=1)),
        limiter.permit(PermitQuery(address="a", seconds=10, again=True)) as again,  # a second one could never be
    ):
        assert again.withheld is None
    await serving
