"""Turns at a target's address: so many checks at once, so many starts a second, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field


class NoTurnError(Exception):
    """No turn can come in time; the message is for people."""


@dataclass(eq=False)
class _Place:
    """What is known of one address. `free_at` is the next moment a check may start there, in the loop's time."""

    running: int = 0
    free_at: float = 0.0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None


class Turns:
    """Forgets an address as soon as nothing runs or waits there, and bounds all that waits by `most_waiting`."""

    def __init__(self, *, at_once: int, per_second: float, most_waiting: int) -> None:
        self._at_once = at_once
        self._gap = 1 / per_second
        self._most_waiting = most_waiting
        self._places: dict[str, _Place] = {}
        self.waiting = 0

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._places)

    async def take(self, address: str, seconds: float) -> None:
        """Return when a check may start at `address`; `give_back` when it has ended.

        Raises NoTurnError: at once when no turn can come within `seconds`, or too many wait already; else after them.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        place = self._places.setdefault(address, _Place())
        if not place.waiting and place.running < self._at_once and place.free_at <= now:
            self._start(place, now)
            return
        earliest = max(place.free_at, now) + len(place.waiting) * self._gap
        if earliest > now + seconds or self.waiting >= self._most_waiting:
            self._go_on(address, place)
            raise NoTurnError(self._words(address))
        turn = loop.create_future()
        place.waiting.append(turn)
        self.waiting += 1
        self._go_on(address, place)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back(address)  # it came together with the end of the wait
            else:
                with suppress(ValueError):
                    place.waiting.remove(turn)
                self._go_on(address, place)
            if isinstance(error, TimeoutError):
                raise NoTurnError(self._words(address)) from None
            raise
        finally:
            self.waiting -= 1

    def give_back(self, address: str) -> None:
        """The check has ended; the next one may have its turn."""
        place = self._places[address]
        place.running -= 1
        self._go_on(address, place)

    def _start(self, place: _Place, now: float) -> None:
        place.running += 1
        place.free_at = now + self._gap

    def _go_on(self, address: str, place: _Place) -> None:
        """Give the next turn now, or set a timer for when there may be one; forget what nobody needs."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while place.waiting and place.running < self._at_once and place.free_at <= now:
            turn = place.waiting.popleft()
            if not turn.done():  # else its check was cancelled a moment ago
                self._start(place, now)
                turn.set_result(None)
        if place.timer is None and place.running < self._at_once:
            if place.waiting or (not place.running and place.free_at > now):
                place.timer = loop.call_at(place.free_at, self._timed, address, place)
            elif not place.running and self._places.get(address) is place:
                del self._places[address]

    def _timed(self, address: str, place: _Place) -> None:
        place.timer = None
        self._go_on(address, place)

    def _words(self, address: str) -> str:
        rate = f"{1 / self._gap:g} start{'s' * (self._gap != 1)} a second"
        return f"no turn in time: this agent checks {address} with {self._at_once} at once and {rate} at most"
