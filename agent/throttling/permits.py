"""Permits at a target's address limit the checks at once and the starts per second, first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field


class NoPermitError(Exception):
    """No permit can come in time; the message is for people."""


@dataclass(eq=False)
class _AddressState:
    """The state of one address. `free_at` is when the next check may start there, in the loop's time."""

    running: int = 0
    free_at: float = 0.0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None


class Permits:
    """Forgets an address as soon as nothing runs or waits there; at most `most_waiting` checks wait in all."""

    def __init__(self, *, at_once: int, per_second: float, most_waiting: int) -> None:
        self._at_once = at_once
        self._gap = 1 / per_second
        self._most_waiting = most_waiting
        self._states: dict[str, _AddressState] = {}
        self.waiting = 0

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._states)

    async def take(self, address: str, seconds: float) -> None:
        """Return when a check may start at `address`; call `give_back` when it has ended.

        Raises NoPermitError: at once if no permit can come within `seconds` or too many wait already, else after them.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        state = self._states.setdefault(address, _AddressState())
        if not state.waiting and state.running < self._at_once and state.free_at <= now:
            self._start(state, now)
            return
        earliest = max(state.free_at, now) + len(state.waiting) * self._gap
        if earliest > now + seconds or self.waiting >= self._most_waiting:
            self._grant_next(address, state)
            raise NoPermitError(self._describe_limits(address))
        permit = loop.create_future()
        state.waiting.append(permit)
        self.waiting += 1
        self._grant_next(address, state)
        try:
            async with asyncio.timeout(seconds):
                await permit
        except BaseException as error:
            if permit.done() and not permit.cancelled():
                self.give_back(address)  # the permit came together with the end of the wait
            else:
                with suppress(ValueError):
                    state.waiting.remove(permit)
                self._grant_next(address, state)
            if isinstance(error, TimeoutError):
                raise NoPermitError(self._describe_limits(address)) from None
            raise
        finally:
            self.waiting -= 1

    async def start_again(self, address: str, seconds: float) -> None:
        """Return when a check that has a permit at `address` may start there once more; its first connection is closed.

        It does not wait behind checks that have not begun. Raises NoPermitError at once if that would take longer than
        `seconds`.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        state = self._states.setdefault(address, _AddressState())
        start_at = max(state.free_at, now)
        if start_at > now + seconds:
            self._grant_next(address, state)
            raise NoPermitError(self._describe_limits(address))
        state.free_at = start_at + self._gap
        self._grant_next(address, state)  # forgets the address in time, if the permit was given back meanwhile
        await asyncio.sleep(start_at - now)

    def give_back(self, address: str) -> None:
        """The check has ended; the next one may start."""
        state = self._states[address]
        state.running -= 1
        self._grant_next(address, state)

    def _start(self, state: _AddressState, now: float) -> None:
        state.running += 1
        state.free_at = now + self._gap

    def _grant_next(self, address: str, state: _AddressState) -> None:
        """Grant the next permits now, or set a timer for the next one; forget an address that is not in use."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while state.waiting and state.running < self._at_once and state.free_at <= now:
            permit = state.waiting.popleft()
            if not permit.done():  # otherwise its check was cancelled a moment ago
                self._start(state, now)
                permit.set_result(None)
        if state.timer is None and state.running < self._at_once:
            if state.waiting or (not state.running and state.free_at > now):
                state.timer = loop.call_at(state.free_at, self._timer_fired, address, state)
            elif not state.running and self._states.get(address) is state:
                del self._states[address]

    def _timer_fired(self, address: str, state: _AddressState) -> None:
        state.timer = None
        self._grant_next(address, state)

    def _describe_limits(self, address: str) -> str:
        limits = f"{self._at_once} at once and {1 / self._gap:g} per second"
        return f"no permit in time: this agent limits its checks of {address} to {limits}"
