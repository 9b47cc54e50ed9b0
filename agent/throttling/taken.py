"""Which requests the processes of an agent have taken, so that a request is not run again because it was replayed.

A process remembers its own (agent.intake.acceptance). The parent remembers those of all: a request that another process
took comes again with the same stream number when the broker redelivers it, because that process died or hangs, and
then it may run; with another number it is a replay. Agents on other machines know nothing of each other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec

REMEMBERED = 500_000
"""How many taken requests the parent remembers, some 400 bytes each. Agents begin fewer in the minutes for which a
request is remembered.
"""


class TakenRequest(msgspec.Struct, frozen=True, array_like=True):
    """A request that a process is about to run: its check, the number of its message in the stream, and for how many
    seconds it could still be replayed.
    """

    check_id: UUID
    number: int
    seconds: float


class OtherProcesses(Protocol):
    """What the other processes of the agent have taken."""

    async def replayed(self, requests: Sequence[TakenRequest]) -> frozenset[int]:
        """The places of those whose checks another process took from another message; this process takes the rest."""
        ...

    def answered(self, check_id: UUID) -> None:
        """The broker has the result of a check that this process took."""
        ...


class NoOtherProcesses:
    """The only process of an agent."""

    async def replayed(self, requests: Sequence[TakenRequest]) -> frozenset[int]:  # noqa: ARG002 - as in OtherProcesses
        return frozenset()

    def answered(self, check_id: UUID) -> None:
        """Nobody needs to know."""


@dataclass(slots=True)
class _TakenOnce:
    """`process` has it and has not answered; None: it is answered."""

    process: Hashable | None
    numbers: set[int]
    until: float


class TakenRequests:
    """The memory of the parent. At most `most` requests are remembered; the oldest are forgotten first."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._entries: OrderedDict[UUID, _TakenOnce] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, process: Hashable, requests: Sequence[TakenRequest], now: float) -> list[int]:
        """The places of the replayed ones among these; `process` takes the rest. `now` is in seconds."""
        replayed: list[int] = []
        for place, one in enumerate(requests):
            entry = self._entries.get(one.check_id)
            if entry is None:
                self._entries[one.check_id] = _TakenOnce(process, {one.number}, now + one.seconds)
            elif one.number in entry.numbers:
                if entry.process is not None:
                    entry.process = process
            elif entry.process == process:
                entry.numbers.add(one.number)  # the process runs the check already, and its result answers this one too
            else:
                replayed.append(place)
        self._forget(now)
        return replayed

    def answered(self, process: Hashable, check_id: UUID) -> None:
        entry = self._entries.get(check_id)
        if entry is not None and entry.process == process:
            entry.process = None

    def left(self, process: Hashable) -> None:
        """The process is gone. Another one may run what it did not answer, from whichever message."""
        for check_id in [check_id for check_id, entry in self._entries.items() if entry.process == process]:
            del self._entries[check_id]

    def _forget(self, now: float) -> None:
        while self._entries:
            oldest = next(iter(self._entries.values()))
            if len(self._entries) <= self._most and oldest.until >= now:
                return
            self._entries.popitem(last=False)
