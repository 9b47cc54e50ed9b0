"""The limiter: a check gets a permit from it before it begins, and reports its outcome. An agent has one limiter.

If the agent has several processes, the parent has the `Limiter` and each child uses a
`agent.throttling.limiter_client.LimiterClient`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import msgspec

from agent.dialogue.login import MOST_TRIES
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import Outcome, RefusedLogins
from shared.wire.failures import Failure
from shared.wire.messages import Unfitness


class PermitQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Requests a permit at `address` and for `login` (a digest); either may be None. Waits at most `seconds`.

    `again`: the check has its permits, and would start once more at `address`; it is given no second permit to hold.
    """

    address: str | None = None
    login: bytes | None = None
    seconds: float
    again: bool = False


class Permit(msgspec.Struct):
    """A check may begin, and try its login `tries` times. If `withheld` is set, it must not try it but repeat this
    failure.

    The check reports the outcome of its login by `record_outcome`; if it is cancelled before, the outcome
    stays unclear.
    """

    withheld: Failure | None = None
    tries: int = MOST_TRIES
    outcome: Outcome = Outcome.UNCLEAR
    failure: Failure | None = None
    refusals: int = 1

    def record_outcome(self, outcome: Outcome, failure: Failure | None, refusals: int = 1) -> None:
        """`refusals`: how many times the server refused the login, if that is the outcome."""
        self.outcome, self.failure, self.refusals = outcome, failure, refusals


class PermitSource(Protocol):
    """A limiter or a client of one. `unfit` is what this machine cannot do; `examined` is set once that is known."""

    unfit: list[Unfitness]
    examined: asyncio.Event

    def permit(self, query: PermitQuery) -> AbstractAsyncContextManager[Permit]:
        """The context in which a check may run. Entering it raises NoPermitError."""
        ...


class Limiter:
    """The permits and the refused logins of one agent. `clock` returns seconds."""

    def __init__(self, permits: Permits, logins: RefusedLogins, clock: Callable[[], float]) -> None:
        self.unfit: list[Unfitness] = []
        self.examined = asyncio.Event()
        self._permits = permits
        self._logins = logins
        self._clock = clock

    @asynccontextmanager
    async def permit(self, query: PermitQuery) -> AsyncIterator[Permit]:
        """See PermitSource. However the check ends, its permit is given back."""
        if query.again and query.address is not None:
            await self._permits.start_again(query.address, query.seconds)
            yield Permit()
            return
        if query.address is not None:
            await self._permits.take(query.address, query.seconds)
        try:
            withheld = self._logins.withheld(query.login, self._clock()) if query.login else None
            if query.login is None or withheld is not None:
                yield Permit(withheld)
                return
            permit = Permit(None, tries := self._logins.begin(query.login))
            try:
                yield permit
            finally:
                self._logins.record(
                    query.login, permit.outcome, permit.failure, self._clock(), tries=tries, refusals=permit.refusals
                )
        finally:
            if query.address is not None:
                self._permits.give_back(query.address)

    def found(self, unfit: list[Unfitness]) -> None:
        """Store what an examination of this machine found."""
        self.unfit = unfit
        self.examined.set()
