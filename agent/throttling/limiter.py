"""Where a check asks before it begins, and tells how it ended. One desk serves the whole agent, however many processes.

`Desk` is the desk itself; a child process reaches it by `agent.courtesy.far_desk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import msgspec

from agent.throttling.permits import Turns
from agent.throttling.refused_logins import Outcome, RefusedLogins
from shared.wire.failures import Failure
from shared.wire.messages import Unfitness


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """`address` waits for its turn, at most `seconds`; `login` is a digest. None of either: nothing to ask about it."""

    address: str | None = None
    login: bytes | None = None
    seconds: float


class Permit(msgspec.Struct):
    """A check may begin: with its login, or, when that is `withheld`, repeating this failure.

    Say how a login fared; of a check that was cut off nobody knows.
    """

    withheld: Failure | None = None
    outcome: Outcome = Outcome.UNCLEAR
    failure: Failure | None = None

    def fared(self, outcome: Outcome, failure: Failure | None) -> None:
        self.outcome, self.failure = outcome, failure


class Counter(Protocol):
    """A desk, near or far. `unfit` is what this machine cannot do; `looked` is set once that is known."""

    unfit: list[Unfitness]
    looked: asyncio.Event

    def turn(self, ask: Ask) -> AbstractAsyncContextManager[Permit]:
        """The time in which a check may run. Entering raises NoTurnError."""
        ...


class Desk:
    """The turns and the refused logins of one agent. `clock` gives seconds."""

    def __init__(self, turns: Turns, logins: RefusedLogins, clock: Callable[[], float]) -> None:
        self.unfit: list[Unfitness] = []
        self.looked = asyncio.Event()
        self._turns = turns
        self._logins = logins
        self._clock = clock

    @asynccontextmanager
    async def turn(self, ask: Ask) -> AsyncIterator[Permit]:
        """See Counter. Whatever ends the check, its turn is given back."""
        if ask.address is not None:
            await self._turns.take(ask.address, ask.seconds)
        try:
            withheld = self._logins.withheld(ask.login, self._clock()) if ask.login else None
            permit = Permit(withheld)
            try:
                yield permit
            finally:
                if ask.login and withheld is None:
                    self._logins.tell(ask.login, permit.outcome, permit.failure, self._clock())
        finally:
            if ask.address is not None:
                self._turns.give_back(ask.address)

    def found(self, unfit: list[Unfitness]) -> None:
        """What a look at this machine has found."""
        self.unfit = unfit
        self.looked.set()
