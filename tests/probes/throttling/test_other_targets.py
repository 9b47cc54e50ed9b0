"""Throttled checks of targets that are not one server with one login: two servers with a login each, and none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec
import pytest

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.login import Way
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from agent.probes import PROBES
from shared.secret import Secret
from shared.wire.failures import FailureKind, FailureSource, Phase
from shared.wire.messages import CheckRequest, ResultStatus, SealedLogin, Unfitness
from shared.wire.sealing import seal_login
from shared.wire.targets import BaseTarget, Login, Server
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import LOCATION, PUBLIC_KEY, request
from tests.fakes.listening import Listener
from tests.probes.throttling.checking import Clock, checking

GIVER, TAKER = "giver", "taker"
_PROBES: dict[Any, Any] = PROBES  # with types that mypy can replace


class PairTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="pair"):
    LOGINS: ClassVar[tuple[str, ...]] = (GIVER, TAKER)

    giver: Server
    taker: Server

    @property
    def endpoints(self) -> tuple[Server, ...]:
        return (self.giver, self.taker)

    @property
    def logins(self) -> dict[str, Login]:
        both = {GIVER: self.giver.login, TAKER: self.taker.login}
        return {name: login for name, login in both.items() if login is not None}

    def with_logins(self, logins: Mapping[str, Login]) -> Self:
        return msgspec.structs.replace(
            self,
            giver=msgspec.structs.replace(self.giver, login=logins.get(GIVER)),
            taker=msgspec.structs.replace(self.taker, login=logins.get(TAKER)),
        )


class NameTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="name"):
    domain: str


class Pair:
    """The probe of a pair; it counts the logins at each server, and refuses those named in `refused`."""

    def __init__(self) -> None:
        self.tries = {GIVER: 0, TAKER: 0}
        self.refused = {TAKER}

    async def __call__(self, target: PairTarget, connect: Connect, phases: Phases) -> Findings:
        for name, server in ((GIVER, target.giver), (TAKER, target.taker)):
            reach = connect.to(server)
            await reach()
            with phases(Phase.AUTH):
                await reach.log_in([Way("LOGIN", False, lambda name=name: self._log_in(name))])  # type: ignore[misc]
        return Findings()

    async def _log_in(self, name: str) -> CheckError | None:
        self.tries[name] += 1
        return CheckError(FailureKind.LOGIN_REFUSED, f"not {name}") if name in self.refused else None


async def _silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def with_both_logins(made: CheckRequest) -> CheckRequest:
    sealed = [
        SealedLogin(
            name=name,
            sealed=[
                seal_login(Login(name, Secret("open sesame")), PUBLIC_KEY, monitor=made.monitor_id, location=LOCATION)
            ],
        )
        for name in (GIVER, TAKER)
    ]
    return msgspec.structs.replace(made, logins=sealed)


async def test_a_refused_login_is_withheld_until_it_is_due_again_and_the_other_is_not_blamed(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, clock = Pair(), Clock()
    monkeypatch.setitem(_PROBES, PairTarget, pair)
    async with Listener(_silent) as listener, checking(certificates, clock=clock) as checker:
        server = Server(host=ADDRESS, port=listener.port)
        made = with_both_logins(request(PairTarget(giver=server, taker=server)))
        results = [await checker.check(made) for _ in range(8)]
        tried = dict(pair.tries)
        assert tried[TAKER] < len(results)
        assert tried[GIVER] == tried[TAKER], "a check that would not log in at the second server does nothing"
        assert {(one.failure and one.failure.kind) for one in results} == {FailureKind.LOGIN_REFUSED}
        assert [one.login_withheld for one in results] == [False] * tried[TAKER] + [True] * (8 - tried[TAKER])
        pair.refused.clear()
        clock.now += 86_400
        assert (await checker.check(made)).status is ResultStatus.SUCCESS
        assert (await checker.check(made)).login_withheld is False


@pytest.mark.parametrize(
    ("unfit", "source"), [((), FailureSource.TARGET), ((Unfitness.RESOLVER_BROKEN,), FailureSource.RESOLVER)]
)
async def test_a_broken_resolver_is_not_the_fault_of_a_target_without_servers(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, unfit: tuple[Unfitness, ...], source: FailureSource
) -> None:
    async def probe(target: NameTarget, _connect: Connect, phases: Phases) -> Findings:
        with phases(Phase.RESOLVE):
            raise CheckError(FailureKind.DNS_NOT_FOUND, target.domain)

    monkeypatch.setitem(_PROBES, NameTarget, probe)
    async with checking(certificates, unfit=unfit) as checker:
        result = await checker.check(request(NameTarget(domain="example.test")))
    assert result.failure
    assert result.failure.source is source
