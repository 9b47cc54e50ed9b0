"""One request as a good citizen runs it: in its turn, with its login or without, and never blaming a server for us."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from time import monotonic
from typing import Any

import msgspec
import structlog

from agent.checks.runner import Station, run_check
from agent.dialogue.connection import Reach
from agent.errors import CheckError
from agent.fitness import our_fault, within
from agent.metrics.counts import Counts
from agent.net.addresses import permitted
from agent.throttling.limiter import Ask, Counter, Permit
from agent.throttling.permits import NoTurnError
from agent.throttling.refused_logins import digest, outcome_of
from shared.addresses import Network
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckRequest, CheckResult, Unfitness
from shared.wire.sealing import SealError
from shared.wire.targets import IpFamily, Target, TlsMode, kind_of

log = structlog.get_logger()

_RESOLVE_SECONDS = 3.0
_MOST_ADDRESSES = 10_000
_LOOK_SECONDS = 20.0


class Checker:
    """Runs the checks of one process, and counts them; those in `exempt` networks wait for no turn. `running` are in
    their dialogue.
    """

    def __init__(
        self, station: Station, desk: Counter, *, exempt: Sequence[Network], counts: Counts | None = None
    ) -> None:
        self.counts = counts or Counts()
        self._station = station
        self._desk = desk
        self._exempt = exempt
        self._addresses = Addresses(station.reach, exempt)
        self._waiting: set[asyncio.Task[Any]] = set()
        self.running = 0

    @property
    def unfit(self) -> list[Unfitness]:
        """What this machine cannot do, as far as it knows."""
        return self._desk.unfit

    async def check(self, request: CheckRequest) -> CheckResult:
        """The result, also when its turn did not come. Raises only the CancelledError of its owner, and what tells that
        this process has no desk any more.
        """
        result = await self._check(request)
        self.counts.check_finished(kind_of(request.target), result)
        return result

    async def _check(self, request: CheckRequest) -> CheckResult:
        login = self._digest(request)
        address = await self._addresses.to_wait_at(request.target, self._seconds_left(request))
        if address is None and login is None:
            return await self._run(request)
        seconds = self._seconds_left(request)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._waiting.add(task)
        asked_at = monotonic()
        try:
            async with self._desk.turn(Ask(address=address, login=login, seconds=seconds)) as permit:
                self._waiting.discard(task)
                self.counts.turns.see((), monotonic() - asked_at)
                return await self._run_permitted(request, login, permit)
        except NoTurnError as error:
            log.warning("check_not_begun", reason=str(error))
            self.counts.turns_missed.add()
            return self._not_begun(request, str(error))
        finally:
            self._waiting.discard(task)

    def give_up_waiting(self) -> None:
        """Cancel the checks that wait for their turn: this process is about to stop."""
        for task in self._waiting:
            task.cancel()

    async def _run_permitted(self, request: CheckRequest, login: bytes | None, permit: Permit) -> CheckResult:
        """With a withheld login all else is still checked; when that passes, the last refusal is repeated."""
        if login is None:
            return await self._run(request)
        if permit.withheld is None:
            result = await self._run(request)
            permit.fared(outcome_of(result.failure), result.failure)
            return result
        told = msgspec.structs.replace(self._station, every_transcript=True)  # for it becomes a failed one
        target = request.target
        if target.tls is TlsMode.OPPORTUNISTIC:  # where a password is to be sent that is no choice
            target = msgspec.structs.replace(target, tls=TlsMode.REQUIRED)
        result = await self._run(msgspec.structs.replace(request, target=target, sealed_login=None), told)
        if result.failure is not None:
            return result
        log.debug("login_withheld")
        return msgspec.structs.replace(result, failure=permit.withheld, warnings=[], login_withheld=True)

    async def _run(self, request: CheckRequest, station: Station | None = None) -> CheckResult:
        self.running += 1
        self.counts.started.add((kind_of(request.target),))
        try:
            result = await run_check(request, station or self._station)
        finally:
            self.running -= 1
        self._addresses.learn(request.target, result.address)
        failure = result.failure
        if failure is not None and failure.source is FailureSource.TARGET and failure.phase in _REACHING:
            result = await self._unless_ours(request.target, result, failure)
        return result

    async def _unless_ours(self, target: Target, result: CheckResult, failure: Failure) -> CheckResult:
        """An agent that knows it cannot do a check does not blame the server; right after its start it looks first."""
        if target.port == 25 and not self._desk.looked.is_set():
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._desk.looked.wait()
            except TimeoutError:
                log.warning("look_not_finished")
        ours = our_fault(failure, target, result.address, self._desk.unfit, self._exempt)
        return msgspec.structs.replace(result, failure=ours) if ours else result

    def _digest(self, request: CheckRequest) -> bytes | None:
        """What the desk knows the request's login by."""
        if request.sealed_login is None:
            return None
        here = self._station
        try:
            login, _ = here.logins.open(
                request.sealed_logins, here.sealing_key, monitor=request.monitor_id, location=here.location
            )
        except SealError:
            return None  # the runner says so in the result
        return digest(request.monitor_id, request.target, login, here.sealing_key)

    def _not_begun(self, request: CheckRequest, detail: str) -> CheckResult:
        return CheckResult(
            check_id=request.check_id,
            monitor_id=request.monitor_id,
            location=self._station.location,
            country=self._station.country,
            agent=self._station.agent,
            purpose=request.purpose,
            due_at=request.due_at,
            started_at=self._station.reach.clock.now(),
            duration_ms=0.0,
            failure=Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail=detail),
        )

    def _seconds_left(self, request: CheckRequest) -> float:
        """How long a check may still wait before it begins."""
        return max(0.0, (request.start_by - self._station.reach.clock.now()).total_seconds())


_REACHING = frozenset({Phase.RESOLVE, Phase.CONNECT})


class Addresses:
    """Which address a check will connect to, before it begins: that of the last check of the same host, else asked now.

    The wait for a turn is thus over before the check and its clock start, and many names of one server share its turns.
    """

    def __init__(self, reach: Reach, exempt: Sequence[Network]) -> None:
        self._reach = reach
        self._exempt = exempt
        self._known: OrderedDict[tuple[str, IpFamily], tuple[str, bool]] = OrderedDict()

    async def to_wait_at(self, target: Target, seconds: float) -> str | None:
        """An address, or the host itself where none is known within `seconds`; None for an exempt one."""
        key = _name(target), target.ip_family
        if key in self._known:
            self._known.move_to_end(key)
        else:
            self.learn(target, await self._ask(target, min(seconds, _RESOLVE_SECONDS)))
        address, exempt = self._known.get(key, (_name(target), False))
        return None if exempt else address

    def learn(self, target: Target, address: str | None) -> None:
        """Remember where a check of `target` connected to."""
        key = _name(target), target.ip_family
        if address is None or self._known.get(key, ("",))[0] == address:
            return
        self._known[key] = (address, within(address, self._exempt))
        while len(self._known) > _MOST_ADDRESSES:
            self._known.popitem(last=False)

    async def _ask(self, target: Target, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                found = await self._reach.resolver.addresses(_name(target), target.ip_family)
                return permitted(found, self._reach.allowed)[0]
        except (CheckError, TimeoutError):
            return None  # the check itself will say why


def _name(target: Target) -> str:
    """What a check looks up."""
    return target.address or target.host
