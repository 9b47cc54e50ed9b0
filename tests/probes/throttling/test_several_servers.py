"""Checks with several servers and a login at each: permits of every address, and each login withheld by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import ClassVar, Self
from uuid import uuid4

import msgspec
import pytest

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings, Probe
from agent.dialogue.login import Way
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes import PROBES
from agent.throttling.refused_logins import FIRST_PAUSE_SECONDS
from agent.throttling.throttled_check import Checker
from shared.secret import Secret
from shared.wire.failures import FailureKind, FailureSource, Phase
from shared.wire.messages import CheckRequest, CheckResult, ResultStatus, SealedLogin
from shared.wire.sealing import seal_login
from shared.wire.targets import BaseTarget, Login, Server
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import PUBLIC_KEY, request
from tests.fakes.listening import Listener
from tests.probes.throttling.checking import Clock, checking

MONITOR = uuid4()


class BothTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="both"):
    LOGINS: ClassVar[tuple[str, ...]] = ("first", "second")

    one: Server
    other: Server

    @property
    def endpoints(self) -> tuple[Server, ...]:
        return (self.one, self.other)

    @property
    def logins(self) -> dict[str, Login]:
        both = {"first": self.one.login, "second": self.other.login}
        return {name: login for name, login in both.items() if login is not None}

    def with_logins(self, logins: Mapping[str, Login]) -> Self:
        return msgspec.structs.replace(
            self,
            one=msgspec.structs.replace(self.one, login=logins.get("first")),
            other=msgspec.structs.replace(self.other, login=logins.get("second")),
        )


async def probe(target: BothTarget, connect: Connect, phases: Phases) -> Findings:
    """Log in at both servers: a line with the password, answered by `yes` or `no`."""
    for server in target.endpoints:
        here = connect.to(server)
        stream = await here()
        with phases(Phase.AUTH):
            await here.log_in([Way("PLAIN", False, partial(attempt, stream, server.login))])
    return Findings()


async def attempt(stream: LineStream, login: Login | None) -> CheckError | None:
    assert login is not None
    stream.write(login.password.reveal().encode() + b"\r\n")
    answer = await stream.read_line()
    return None if answer == b"yes" else CheckError(FailureKind.LOGIN_REFUSED, answer.decode())


class LineServer:
    """Accepts a login when `accepts` is set, and counts them."""

    def __init__(self) -> None:
        self.port = 0
        self.accepts = True
        self.tries = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            self.tries += 1
            writer.write(b"yes\r\n" if self.accepts else b"no\r\n")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    kind: type[BaseTarget] = BothTarget
    found: Probe = probe
    monkeypatch.setitem(PROBES, kind, found)


@pytest.fixture
async def servers() -> AsyncIterator[tuple[LineServer, LineServer]]:
    one, other = LineServer(), LineServer()
    async with Listener(one.serve) as first, Listener(other.serve) as second:
        one.port, other.port = first.port, second.port
        yield one, other


def both(servers: tuple[LineServer, LineServer]) -> CheckRequest:
    one, other = (Server(host=ADDRESS, port=each.port) for each in servers)
    asked = request(BothTarget(one=one, other=other), monitor_id=MONITOR)
    logins = [
        SealedLogin(
            name=name,
            sealed=[seal_login(Login(name, Secret(name * 2)), PUBLIC_KEY, monitor=MONITOR, location=asked.location)],
        )
        for name in BothTarget.LOGINS
    ]
    return msgspec.structs.replace(asked, logins=logins)


async def checked(checker: Checker, servers: tuple[LineServer, LineServer]) -> CheckResult:
    async with asyncio.timeout(20):
        return await checker.check(both(servers))


async def test_two_servers_at_one_address_need_one_permit_of_it(
    certificates: Certificates, servers: tuple[LineServer, LineServer]
) -> None:
    async with checking(certificates, at_once=1) as checker:
        results = await asyncio.gather(*(checked(checker, servers) for _ in range(3)))
    assert [result.status for result in results] == [ResultStatus.SUCCESS] * 3
    assert [each.tries for each in servers] == [3, 3]


async def test_a_refused_login_is_withheld_and_the_other_one_is_spared(
    certificates: Certificates, servers: tuple[LineServer, LineServer]
) -> None:
    clock = Clock()
    one, other = servers
    other.accepts = False
    async with checking(certificates, clock=clock) as checker:
        for withheld in (False, False, False, True, True):
            result = await checked(checker, servers)
            assert result.failure
            assert (result.failure.kind, result.failure.source) == (FailureKind.LOGIN_REFUSED, FailureSource.TARGET)
            assert result.login_withheld is withheld
        assert (one.tries, other.tries) == (3, 3)
        other.accepts = True
        clock.now += FIRST_PAUSE_SECONDS + 1
        for tries in (4, 5):
            result = await checked(checker, servers)
            assert (result.status, one.tries, other.tries) == (ResultStatus.SUCCESS, tries, tries)


async def test_no_password_of_either_login_is_in_the_result(
    certificates: Certificates, servers: tuple[LineServer, LineServer]
) -> None:
    async with checking(certificates) as checker:
        result = await checker.check(msgspec.structs.replace(both(servers), want_transcript=True))
    text = msgspec.json.encode(result).decode()
    assert "********" in text
    assert "firstfirst" not in text
    assert "secondsecond" not in text
