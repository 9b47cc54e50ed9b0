"""Checks with several servers: no login is tried too often at any of them, and none keeps itself from being tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Self
from uuid import UUID, uuid4

import msgspec
import pytest

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings, Probe
from agent.dialogue.login import Way
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from agent.probes import PROBES
from agent.throttling.limiter import PermitQuery
from agent.throttling.refused_logins import FIRST_PAUSE_SECONDS
from agent.throttling.throttled_check import Checker
from shared.secret import Secret
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, SealedLogin
from shared.wire.sealing import seal_login
from shared.wire.targets import BaseTarget, Login, Server
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import LOCATION, PUBLIC_KEY, request
from tests.probes.throttling.checking import Clock, checking

_MOST_REFUSALS = 3
_ELSEWHERE = "127.0.0.2"


class PairTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="pair"):
    """Two servers; `names` are those of the login at each."""

    LOGINS: ClassVar[tuple[str, ...]] = ("first", "second")

    servers: tuple[Server, Server]
    names: tuple[str, str]

    @property
    def endpoints(self) -> tuple[Server, ...]:
        return self.servers

    @property
    def logins(self) -> dict[str, Login]:
        return {
            name: server.login
            for name, server in zip(self.names, self.servers, strict=True)
            if server.login is not None
        }

    def with_logins(self, logins: Mapping[str, Login]) -> Self:
        first, second = (
            msgspec.structs.replace(server, login=logins.get(name))
            for name, server in zip(self.names, self.servers, strict=True)
        )
        return msgspec.structs.replace(self, servers=(first, second))


class Pair:
    """Two servers without a network: counts the tries at each port, and refuses those at `refusing`."""

    def __init__(self) -> None:
        self.tries: dict[int, int] = {}
        self.refusing: set[int] = set()

    async def probe(self, target: PairTarget, connect: Connect, phases: Phases) -> Findings:
        for server in target.servers:
            with phases(Phase.AUTH):
                await connect.to(server).log_in([Way("PLAIN", False, partial(self._attempt, server.port))])
        return Findings()

    async def _attempt(self, port: int) -> CheckError | None:
        self.tries[port] = self.tries.get(port, 0) + 1
        if port not in self.refusing:
            return None
        return CheckError(FailureKind.LOGIN_REFUSED, "no")


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    made = Pair()
    kind: type[BaseTarget] = PairTarget
    probe: Probe = made.probe
    monkeypatch.setitem(PROBES, kind, probe)
    return made


async def _check(
    checker: Checker,
    monitor: UUID,
    ports: Sequence[int],
    names: tuple[str, str],
    *,
    second_address: str | None = None,
    start_in_seconds: float = 30.0,
) -> CheckResult:
    first, second = (Server(host=ADDRESS, port=port) for port in ports)
    second = msgspec.structs.replace(second, address=second_address)
    login = Login("ada", Secret("hunter2"))
    logins = [
        SealedLogin(name=name, sealed=[seal_login(login, PUBLIC_KEY, monitor=monitor, location=LOCATION)])
        for name in dict.fromkeys(names)
    ]
    asked = request(
        PairTarget(servers=(first, second), names=names), monitor_id=monitor, start_in_seconds=start_in_seconds
    )
    return await checker.check(msgspec.structs.replace(asked, logins=logins))


@pytest.mark.parametrize("refusing", [1001, 1002])
@pytest.mark.parametrize("names", [("first", "second"), ("first", "first")], ids=["two logins", "one login at both"])
async def test_no_server_sees_more_than_three_refused_tries(
    certificates: Certificates, pair: Pair, names: tuple[str, str], refusing: int
) -> None:
    pair.refusing = {refusing}
    monitor = uuid4()
    async with checking(certificates) as checker:
        results = [await _check(checker, monitor, (1001, 1002), names) for _ in range(6)]
    assert pair.tries[refusing] == _MOST_REFUSALS
    assert [result.login_withheld for result in results] == [False] * 3 + [True] * 3


async def test_the_same_login_at_the_same_server_under_two_names_is_tried_again_after_a_refusal(
    certificates: Certificates, pair: Pair
) -> None:
    monitor, ports, names = uuid4(), (1001, 1001), ("first", "second")
    async with checking(certificates) as checker:
        pair.refusing = {1001}
        refused = await _check(checker, monitor, ports, names)
        pair.refusing = set()
        passed = await _check(checker, monitor, ports, names)
    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.LOGIN_REFUSED
    assert passed.failure is None
    assert not passed.login_withheld


async def test_the_one_try_after_a_pause_is_not_lost_when_the_other_server_has_no_permit_left(
    certificates: Certificates, pair: Pair
) -> None:
    monitor, ports, names, clock = uuid4(), (1001, 1002), ("first", "second"), Clock()
    pair.refusing = {1001}
    async with checking(certificates, at_once=1, clock=clock) as checker:
        for _ in range(_MOST_REFUSALS):
            await _check(checker, monitor, ports, names, second_address=_ELSEWHERE)
        clock.now += FIRST_PAUSE_SECONDS + 1
        pair.refusing = set()
        async with checker._limiter.permit(PermitQuery(address=_ELSEWHERE, seconds=5)):
            waited = await _check(checker, monitor, ports, names, second_address=_ELSEWHERE, start_in_seconds=0.2)
        passed = await _check(checker, monitor, ports, names, second_address=_ELSEWHERE)
    assert waited.failure is not None
    assert waited.failure.kind is FailureKind.AGENT_ERROR
    assert passed.failure is None
    assert pair.tries == {1001: _MOST_REFUSALS + 1, 1002: 1}
