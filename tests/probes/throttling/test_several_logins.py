"""Checks with several servers: no login is tried too often at any of them, and none keeps itself from being tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self
from uuid import UUID, uuid4

import msgspec
import pytest

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.login import Way
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from agent.probes import PROBES
from agent.throttling.throttled_check import Checker
from shared.secret import Secret
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, SealedLogin
from shared.wire.sealing import seal_login
from shared.wire.targets import BaseTarget, Login, Server
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import LOCATION, PUBLIC_KEY, request
from tests.probes.throttling.checking import checking

_MOST_REFUSALS = 3


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
                await connect.to(server).log_in([Way("PLAIN", False, lambda port=server.port: self._attempt(port))])
        return Findings()

    async def _attempt(self, port: int) -> CheckError | None:
        self.tries[port] = self.tries.get(port, 0) + 1
        if port not in self.refusing:
            return None
        return CheckError(FailureKind.LOGIN_REFUSED, "no")


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    made = Pair()
    monkeypatch.setitem(PROBES, PairTarget, made.probe)
    return made


async def _check(checker: Checker, monitor: UUID, ports: Sequence[int], names: tuple[str, str]) -> CheckResult:
    first, second = (Server(host=ADDRESS, port=port) for port in ports)
    login = Login("ada", Secret("hunter2"))
    logins = [
        SealedLogin(name=name, sealed=[seal_login(login, PUBLIC_KEY, monitor=monitor, location=LOCATION)])
        for name in dict.fromkeys(names)
    ]
    asked = request(PairTarget(servers=(first, second), names=names), monitor_id=monitor)
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
