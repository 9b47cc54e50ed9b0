"""Throttled checks: each waits for a permit, no login is refused too often, and our own faults are no server's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from time import monotonic
from uuid import UUID, uuid4

import pytest

from agent.throttling.limiter import Limiter, PermitQuery
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import FIRST_PAUSE_SECONDS, Outcome, RefusedLogins
from agent.throttling.throttled_check import Checker
from shared.addresses import Network
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, ResultStatus, Unfitness
from shared.wire.targets import IpFamily, SmtpTarget, TlsMode
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import context, request
from tests.fakes.listening import Listener
from tests.fakes.scripted_server import Gate, Script, playing

DIALOGUE: Script = ("S: 220 x", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 x")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def checking(
    certificates: Certificates,
    *,
    at_once: int = 2,
    per_second: float = 1000,
    exempt: Sequence[Network] = (),
    unfit: Sequence[Unfitness] = (),
    clock: Clock | None = None,
) -> AsyncIterator[Checker]:
    limiter = Limiter(
        Permits(at_once=at_once, per_second=per_second, most_waiting=50), RefusedLogins(), clock or monotonic
    )
    limiter.found(list(unfit))
    async with context(certificates) as probe_context:
        yield Checker(probe_context, limiter, exempt=exempt)


async def test_two_names_of_one_server_share_its_permits(certificates: Certificates) -> None:
    opened = asyncio.Event()
    async with checking(certificates) as checker, playing((Gate(opened), *DIALOGUE)) as server:
        hosts = (ADDRESS, "localhost", ADDRESS, "localhost")
        targets = [SmtpTarget(host=host, port=server.port, ip_family=IpFamily.IPV4) for host in hosts]
        checks = [asyncio.create_task(checker.check(request(target, timeout_seconds=60))) for target in targets]
        async with asyncio.timeout(10):
            while server.connections < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert (server.connections, checker.running) == (2, 2)
        opened.set()
        results = await asyncio.gather(*checks)
    assert [result.failure for result in results] == [None] * 4


async def test_the_wait_for_a_permit_is_no_part_of_the_check(certificates: Certificates) -> None:
    async with checking(certificates, per_second=0.5) as checker, playing(DIALOGUE) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        results = await asyncio.gather(*(checker.check(request(target)) for _ in range(3)))
    assert all(result.status is ResultStatus.SUCCESS for result in results)
    assert all(result.duration_ms < 1900 for result in results)
    starts = sorted(result.started_at for result in results)
    assert (starts[1] - starts[0]).total_seconds() > 1.6
    assert (starts[2] - starts[0]).total_seconds() > 3.6


async def test_a_check_that_gets_no_permit_is_our_own_fault(certificates: Certificates) -> None:
    async with checking(certificates, per_second=0.01) as checker, playing(DIALOGUE) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        await checker.check(request(target))
        result = await checker.check(request(target, start_in_seconds=5))
        assert server.connections == 1
    assert result.failure
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert "no permit in time" in result.failure.detail
    assert result.status is ResultStatus.UNKNOWN


async def test_networks_of_our_own_are_exempt(certificates: Certificates) -> None:
    loopback = (ip_network("127.0.0.0/8"),)
    async with (
        checking(certificates, at_once=1, per_second=0.01, exempt=loopback) as checker,
        playing(DIALOGUE) as server,
    ):
        target = SmtpTarget(host=ADDRESS, port=server.port)
        results = await asyncio.gather(*(checker.check(request(target)) for _ in range(5)))
    assert {result.status for result in results} == {ResultStatus.SUCCESS}


async def test_a_server_that_changes_its_address_is_known_by_the_new_one(certificates: Certificates) -> None:
    """The address that a check connected to counts for the next check of the host, not the one resolved before."""
    async with checking(certificates) as checker, playing(DIALOGUE) as server:
        target = SmtpTarget(host="localhost", port=server.port)
        await checker.check(request(target))
        checker._addresses.learn(target, "127.0.0.2")
        assert await checker._addresses.address_to_wait_for(target, 1) == "127.0.0.2"
        await checker.check(request(target))
        assert await checker._addresses.address_to_wait_for(target, 1) == ADDRESS


async def test_names_with_a_given_address_share_its_permits(certificates: Certificates) -> None:
    """Such a name need not exist, or may belong to another server: the server at the address is the one to spare."""
    opened = asyncio.Event()
    async with checking(certificates) as checker, playing((Gate(opened), *DIALOGUE)) as server:
        hosts = ("a.invalid", "b.invalid", "localhost", "localhost")
        targets = [SmtpTarget(host=host, port=server.port, address=ADDRESS) for host in hosts]
        checks = [asyncio.create_task(checker.check(request(target, timeout_seconds=60))) for target in targets]
        async with asyncio.timeout(10):
            while server.connections < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert (server.connections, checker.running) == (2, 2)
        opened.set()
        await asyncio.gather(*checks)


class LoginServer:
    """An SMTP server that answers all logins alike, and counts them."""

    def __init__(self) -> None:
        self.port = 0
        self.tries = 0
        self.connections = 0
        self.greeting = b"220 x\r\n"
        self.answer = b"535 5.7.8 no\r\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self.greeting)
        while line := await reader.readline():
            verb = line.split()[0].upper()
            if verb == b"AUTH":
                self.tries += 1
            writer.write({b"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n", b"AUTH": self.answer}.get(verb, b"221 x\r\n"))


@pytest.fixture
async def login_server() -> AsyncIterator[LoginServer]:
    login_server = LoginServer()
    async with Listener(login_server.serve) as listener:
        login_server.port = listener.port
        yield login_server


async def log_in(checker: Checker, login_server: LoginServer, monitor: UUID, password: str = "hunter2") -> CheckResult:
    target = SmtpTarget(host=ADDRESS, port=login_server.port, tls=TlsMode.NONE)
    return await checker.check(request(target, login=("anna", password), monitor_id=monitor))


async def test_a_login_refused_three_times_is_not_tried_and_its_failure_repeated(
    certificates: Certificates, login_server: LoginServer
) -> None:
    clock, monitor = Clock(), uuid4()
    async with checking(certificates, clock=clock) as checker:
        results = [await log_in(checker, login_server, monitor) for _ in range(5)]
        assert login_server.tries == 3
        assert login_server.connections == 5
        assert [result.login_withheld for result in results] == [False, False, False, True, True]
        assert len({result.failure for result in results}) == 1
        assert all(result.transcript for result in results)
        assert results[-1].failure
        assert results[-1].failure.kind is FailureKind.LOGIN_REFUSED
        clock.now += FIRST_PAUSE_SECONDS
        tried = await log_in(checker, login_server, monitor)
        again = await log_in(checker, login_server, monitor)
    assert (tried.login_withheld, again.login_withheld, login_server.tries) == (False, True, 4)


async def test_a_changed_password_and_another_monitor_are_tried_at_once(
    certificates: Certificates, login_server: LoginServer
) -> None:
    monitor = uuid4()
    async with checking(certificates) as checker:
        for _ in range(4):
            await log_in(checker, login_server, monitor)
        assert login_server.tries == 3
        await log_in(checker, login_server, monitor, "changed")
        await log_in(checker, login_server, uuid4())
    assert login_server.tries == 5


async def test_a_withheld_login_ends_with_an_accepted_one(
    certificates: Certificates, login_server: LoginServer
) -> None:
    clock, monitor = Clock(), uuid4()
    async with checking(certificates, clock=clock) as checker:
        for _ in range(3):
            await log_in(checker, login_server, monitor)
        login_server.answer = b"235 2.7.0 yes\r\n"
        clock.now += FIRST_PAUSE_SECONDS
        results = [await log_in(checker, login_server, monitor) for _ in range(3)]
    assert {result.status for result in results} == {ResultStatus.SUCCESS}
    assert login_server.tries == 6


async def test_while_a_login_is_withheld_other_failures_are_still_seen(
    certificates: Certificates, login_server: LoginServer
) -> None:
    monitor = uuid4()
    async with checking(certificates) as checker:
        for _ in range(3):
            await log_in(checker, login_server, monitor)
        login_server.greeting = b"421 4.3.2 closing down\r\n"
        result = await log_in(checker, login_server, monitor)
    assert result.failure
    assert result.failure.phase is Phase.GREETING
    assert not result.login_withheld


async def test_while_a_login_is_withheld_its_server_must_offer_tls_all_the_same(certificates: Certificates) -> None:
    refused = Failure(kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH)
    async with checking(certificates) as checker, playing(DIALOGUE) as server:
        check_request = request(SmtpTarget(host=ADDRESS, port=server.port), login=("anna", "hunter2"))
        for _ in range(3):
            async with checker._limiter.permit(PermitQuery(login=checker._digest(check_request), seconds=1)) as permit:
                permit.record_outcome(Outcome.REFUSED, refused)
        result = await checker.check(check_request)
    assert result.failure
    assert result.failure.kind is FailureKind.STARTTLS_MISSING


async def test_port_25_that_our_network_blocks_is_not_the_servers_fault(certificates: Certificates) -> None:
    silent = SmtpTarget(host="127.25.25.25", port=25)
    async with checking(certificates, unfit=[Unfitness.PORT25_BLOCKED]) as checker:
        result = await checker.check(request(silent))
    assert result.failure
    assert (result.failure.source, result.failure.phase) == (FailureSource.AGENT, Phase.CONNECT)
    assert "port 25" in result.failure.detail
    async with checking(certificates) as checker:
        result = await checker.check(request(silent))
    assert result.failure
    assert result.failure.source is FailureSource.TARGET


async def test_what_this_machine_can_do_is_awaited_before_a_server_is_blamed_for_port_25(
    certificates: Certificates,
) -> None:
    async with checking(certificates) as checker:
        limiter = checker._limiter
        limiter.examined.clear()
        check = asyncio.create_task(checker.check(request(SmtpTarget(host="127.25.25.25", port=25))))
        await asyncio.sleep(0.05)
        assert not check.done()
        limiter.unfit = [Unfitness.PORT25_BLOCKED]
        limiter.examined.set()
        result = await check
    assert result.failure
    assert result.failure.source is FailureSource.AGENT
