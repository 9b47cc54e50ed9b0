"""Refused logins of checks: none is tried so often that the server locks the account, also over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.throttling.limiter import PermitQuery
from agent.throttling.refused_logins import FIRST_PAUSE_SECONDS, Outcome
from agent.throttling.throttled_check import Checker
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import TlsMode
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.listening import Listener
from tests.fakes.scripted_server import playing
from tests.probes.throttling.checking import DIALOGUE, Clock, checking


class LoginServer:
    """An SMTP server that answers all logins alike, and counts them."""

    def __init__(self) -> None:
        self.port = 0
        self.tries = 0
        self.connections = 0
        self.greeting = b"220 x\r\n"
        self.mechanisms = b"PLAIN"
        self.answer = b"535 5.7.8 no\r\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self.greeting)
        while line := await reader.readline():
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                writer.write(b"250-x\r\n250 AUTH %b\r\n" % self.mechanisms)
            elif verb == b"AUTH":
                self.tries += 1
                if line.split()[1] == b"CRAM-MD5":
                    writer.write(b"334 PDE4OTYuNjk3MTcwOTUyQG1haWwudGVzdD4=\r\n")
                    await reader.readline()
                writer.write(self.answer)
            else:
                writer.write(b"221 x\r\n")


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
        [(_, _, login)] = checker._digests(check_request)
        for _ in range(3):
            async with checker._limiter.permit(PermitQuery(login=login, seconds=1)) as permit:
                permit.record_outcome(Outcome.REFUSED, refused)
        result = await checker.check(check_request)
    assert result.failure
    assert result.failure.kind is FailureKind.STARTTLS_MISSING


async def test_a_login_is_withheld_after_a_restart_too(
    certificates: Certificates, login_server: LoginServer, tmp_path: Path
) -> None:
    monitor, clock = uuid4(), Clock()
    found = []
    for _ in range(5):
        async with checking(certificates, clock=clock, refused_logins=tmp_path / "refused.json") as checker:
            found.append(await log_in(checker, login_server, monitor))
    assert login_server.tries == 3
    assert [result.login_withheld for result in found] == [False, False, False, True, True]
    assert len({result.failure for result in found}) == 1


@pytest.mark.parametrize("mechanisms", [b"CRAM-MD5 PLAIN", b"PLAIN"])
@pytest.mark.parametrize("restarting", [pytest.param(True, id="over restarts"), pytest.param(False, id="at once")])
async def test_a_server_sees_three_tries_whatever_it_offers(
    mechanisms: bytes, restarting: bool, certificates: Certificates, login_server: LoginServer, tmp_path: Path
) -> None:
    """A check may try a proof of the password and then the password: each is a refused login for the server."""
    login_server.mechanisms = mechanisms
    monitor, file = uuid4(), tmp_path / "refused.json"
    for _ in range(5 if restarting else 1):
        async with checking(certificates, refused_logins=file) as checker:
            for _ in range(1 if restarting else 5):
                await log_in(checker, login_server, monitor)
    assert login_server.tries == 3


async def test_a_server_with_apop_sees_three_tries(certificates: Certificates) -> None:
    tries = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        writer.write(b"+OK ready <1896.697170952@mail.test>\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper()
            tries += verb in (b"APOP", b"PASS")
            writer.write({b"APOP": b"-ERR no\r\n", b"PASS": b"-ERR no\r\n", b"CAPA": b"-ERR\r\n"}.get(verb, b"+OK\r\n"))

    monitor = uuid4()
    async with checking(certificates) as checker, Listener(serve) as listener:
        target = Pop3Target(host=ADDRESS, port=listener.port, tls=TlsMode.NONE)
        found = [await checker.check(request(target, login=("anna", "hunter2"), monitor_id=monitor)) for _ in range(5)]
    assert tries == 3
    assert found[-1].login_withheld


async def test_a_pause_ends_with_one_try_and_not_with_two(
    certificates: Certificates, login_server: LoginServer, tmp_path: Path
) -> None:
    login_server.mechanisms = b"CRAM-MD5 PLAIN"
    clock, monitor, file = Clock(), uuid4(), tmp_path / "refused.json"
    async with checking(certificates, clock=clock, refused_logins=file) as checker:
        for _ in range(5):
            await log_in(checker, login_server, monitor)
    clock.now += FIRST_PAUSE_SECONDS
    async with checking(certificates, clock=clock, refused_logins=file) as checker:
        for _ in range(3):
            await log_in(checker, login_server, monitor)
    assert login_server.tries == 4


async def test_a_mailbox_in_use_is_never_a_refused_login(certificates: Certificates) -> None:
    script = (
        "S: +OK",
        "C: CAPA",
        "S: -ERR",
        "C: USER",
        "S: +OK",
        "C: PASS",
        "S: -ERR maildrop already locked",
        "C: QUIT",
    )
    monitor = uuid4()
    async with checking(certificates) as checker, playing(script) as server:
        target = Pop3Target(host=ADDRESS, port=server.port, tls=TlsMode.NONE)
        for _ in range(5):
            result = await checker.check(request(target, login=("anna", "hunter2"), monitor_id=monitor))
            assert result.status is ResultStatus.SUCCESS
            assert WarningKind.MAILBOX_BUSY in {warning.kind for warning in result.warnings}
            assert not result.login_withheld
