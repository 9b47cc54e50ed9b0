"""Runs one request with a permit, with its login or without, and never blames a server for a fault of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic
from typing import Any

import msgspec
import structlog

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.login import Tries
from agent.fitness import our_fault
from agent.metrics.counts import Counts
from agent.throttling.limiter import Permit, PermitQuery, PermitSource
from agent.throttling.permits import NoPermitError
from agent.throttling.predicted_addresses import PredictedAddresses
from agent.throttling.refused_logins import Outcome, digest, outcome_in, outcome_of_tries, refusals_in
from shared.addresses import Network
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckRequest, CheckResult, Unfitness
from shared.wire.rounds import Purpose
from shared.wire.sealing import SealError
from shared.wire.targets import Server, kind_of

log = structlog.get_logger()

_EXAMINE_SECONDS = 20.0


class Checker:
    """Runs and counts the checks of one process; those in `exempt` networks need no permit. `running` is how many are
    in their dialogue.
    """

    def __init__(
        self, context: ProbeContext, limiter: PermitSource, *, exempt: Sequence[Network], counts: Counts | None = None
    ) -> None:
        self.counts = counts or Counts()
        self._context = context
        self._limiter = limiter
        self._exempt = exempt
        self._addresses = PredictedAddresses(context.reach, exempt)
        self._waiting: set[asyncio.Task[Any]] = set()
        self.running = 0

    @property
    def unfit(self) -> list[Unfitness]:
        """What this machine cannot do, as far as it is known."""
        return self._limiter.unfit

    async def check(self, request: CheckRequest) -> CheckResult:
        """The result, also if the check got no permit. Raises only CancelledError, if its task is cancelled, and
        ParentGoneError.
        """
        if not request.dialogue:
            return self._result_of_nothing(request)
        result = await self._check(request)
        if request.purpose is not Purpose.CANARY:
            self.counts.check_finished(kind_of(request.target), result)
        return result

    async def _check(self, request: CheckRequest) -> CheckResult:
        needed: list[tuple[str, bytes | None]] = []
        known: set[str | bytes] = set()
        logins: list[tuple[str, bytes]] = []
        for server, name, login in self._digests(request):
            address = await self._addresses.address_to_wait_for(server, self._seconds_left(request))
            # One permit each is enough: a second one might never come, and would count the tries of a login twice.
            missing = {each for each in (address, login) if each is not None} - known
            known |= missing
            if missing:
                needed.append((address if address in missing else "", login if login in missing else None))
            if login is not None:
                logins.append((name, login))
        addresses = [address for address, _ in needed if address]
        if not needed:
            return await self._run(request, addresses)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._waiting.add(task)
        requested_at = monotonic()
        try:
            async with AsyncExitStack() as stack:
                permits: dict[bytes, Permit] = {}
                # In one order for all checks, so that no two wait for each other's permits.
                for address, login in sorted(needed, key=lambda each: each[0]):
                    query = PermitQuery(address=address or None, login=login, seconds=self._seconds_left(request))
                    permit = await stack.enter_async_context(self._limiter.permit(query))
                    if login is not None:
                        permit.record_outcome(Outcome.UNTRIED, None)  # unless all other permits come
                        permits[login] = permit
                for permit in permits.values():
                    permit.record_outcome(Outcome.UNCLEAR, None)
                self._waiting.discard(task)
                self.counts.permits.observe((), monotonic() - requested_at)
                return await self._run_permitted(request, addresses, [(name, permits[login]) for name, login in logins])
        except NoPermitError as error:
            log.warning("permit_not_granted", reason=str(error))
            self.counts.permits_missed.add()
            failure = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail=str(error))
            return self._result_of_nothing(request, failure)
        finally:
            self._waiting.discard(task)

    def give_up_waiting(self) -> None:
        """Cancel the checks that wait for a permit: this process is about to stop."""
        for task in self._waiting:
            task.cancel()

    async def _run_permitted(
        self, request: CheckRequest, addresses: Sequence[str], permits: Sequence[tuple[str, Permit]]
    ) -> CheckResult:
        """`permits` are those for logins, with their names: a login may be for several servers, and two names may mean
        the same login. If one is withheld, check what needs none, if there is anything; if that passes, repeat the last
        refusal.
        """
        withheld = next((permit.withheld for _, permit in permits if permit.withheld is not None), None)
        if withheld is None:
            tries = _tries(permits)
            result = await self._run(request, addresses, tries)
            for name, permit in permits:
                if len(request.target.endpoints) == 1:
                    permit.record_outcome(outcome_in(result, tries[name]), result.failure, refusals_in(result))
                else:
                    outcome = outcome_of_tries(result, tries[name])
                    permit.record_outcome(outcome, result.failure, max(1, tries[name].refused))
            return result
        for _, permit in permits:
            permit.record_outcome(Outcome.UNTRIED, None)
        target = request.target.without_logins()
        if target is None:
            return msgspec.structs.replace(self._result_of_nothing(request, withheld), login_withheld=True)
        # The result becomes a failure, so it needs its transcript.
        without = msgspec.structs.replace(request.without_logins(), target=target, want_transcript=True)
        result = await self._run(without, addresses)
        if result.failure is not None:
            return result
        log.debug("login_withheld")
        return msgspec.structs.replace(result, failure=withheld, warnings=[], login_withheld=True)

    async def _run(
        self, request: CheckRequest, addresses: Sequence[str], tries: Mapping[str, Tries] | None = None
    ) -> CheckResult:
        """Run a check that has its permits at these addresses."""
        self.running += 1
        if request.purpose is not Purpose.CANARY:
            self.counts.started.add((kind_of(request.target),))
        try:
            wait = partial(self._wait_to_repeat, addresses)
            result = await run_check(request, self._context, tries=tries, wait_to_repeat=wait)
        finally:
            self.running -= 1
        endpoints = request.target.endpoints
        if len(endpoints) == 1:  # else the result does not say which one the address is of
            self._addresses.learn(endpoints[0], result.address)
        failure = result.failure
        if failure is not None and failure.source is FailureSource.TARGET and failure.phase in _REACHING:
            result = await self._unless_ours(endpoints, result, failure)
        return result

    async def _wait_to_repeat(self, addresses: Sequence[str], seconds: float) -> str | None:
        """Wait at most `seconds` until a check may start once more; see agent.checks.repeats.WaitToRepeat."""
        try:
            async with asyncio.timeout(seconds):
                for address in addresses:
                    query = PermitQuery(address=address, seconds=seconds, again=True)
                    async with self._limiter.permit(query):
                        pass
        except NoPermitError as error:
            return str(error)
        except TimeoutError:
            return "no permit in time"
        return None

    async def _unless_ours(self, servers: Sequence[Server], result: CheckResult, failure: Failure) -> CheckResult:
        """Replace a failure that this machine's own shortcoming explains; right after the start, wait for its first
        examination.
        """
        if any(server.port == 25 for server in servers) and not self._limiter.examined.is_set():
            try:
                async with asyncio.timeout(_EXAMINE_SECONDS):
                    await self._limiter.examined.wait()
            except TimeoutError:
                log.warning("fitness_examination_not_finished")
        either: Sequence[Server | None] = servers or (None,)
        for server in either:
            ours = our_fault(failure, server, result.address, self._limiter.unfit, self._exempt)
            if ours is not None:
                return msgspec.structs.replace(result, failure=ours)
        return result

    def _digests(self, request: CheckRequest) -> list[tuple[Server, str, bytes | None]]:
        """Each server, the name of the login that it gets, and the digest by which the limiter identifies that."""
        here = self._context
        try:
            target = request.target.with_logins(here.logins.of(request, here.sealing_key, here.location).logins)
        except SealError:  # the runner reports it in the result
            return [(server, "", None) for server in request.target.endpoints]
        found: list[tuple[Server, str, bytes | None]] = []
        for server in target.endpoints:
            name = next((name for name, login in target.logins.items() if login is server.login), "")
            key = here.sealing_key
            about = digest(request.monitor_id, server, server.login, key) if server.login else None
            found.append((server, name, about))
        return found

    def _result_of_nothing(self, request: CheckRequest, failure: Failure | None = None) -> CheckResult:
        """The result of a request for which no connection was made."""
        return CheckResult(
            check_id=request.check_id,
            monitor_id=request.monitor_id,
            location=self._context.location,
            country=self._context.country,
            agent=self._context.agent,
            purpose=request.purpose,
            due_at=request.due_at,
            started_at=self._context.reach.clock.now(),
            duration_ms=0.0,
            failure=failure,
        )

    def _seconds_left(self, request: CheckRequest) -> float:
        """How long a check may still wait before it begins."""
        return max(0.0, (request.start_by - self._context.reach.clock.now()).total_seconds())


def _tries(permits: Sequence[tuple[str, Permit]]) -> dict[str, Tries]:
    """How often each login may be tried, by its name. Names of the same login share the tries."""
    tries: dict[str, Tries] = {}
    shared: dict[int, Tries] = {}
    for name, permit in permits:
        found = tries.get(name) or shared.get(id(permit)) or Tries(permit.tries)
        found.most = min(found.most, permit.tries)
        tries[name] = shared[id(permit)] = found
    return tries


_REACHING = frozenset({Phase.RESOLVE, Phase.CONNECT})
