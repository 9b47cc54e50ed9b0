"""A message with requests. The broker takes it back or drops it as a whole, while each of its checks has its own end."""

from __future__ import annotations

from enum import Enum, auto
from uuid import UUID

from shared.nats.deliveries import Delivery


class End(Enum):
    """How a check ended for a message that requested it, and what then becomes of the message."""

    DONE = auto()  # the broker has the result: acknowledge
    DROPPED = auto()  # no agent may begin it: terminate
    UNFINISHED = auto()  # another agent must do it: hand back


class HeldMessage:
    """A delivery with so many checks to do. `done` are those whose results the broker has."""

    def __init__(self, delivery: Delivery, checks: int) -> None:
        self.delivery = delivery
        self.checks = checks
        self.done: list[UUID] = []
        self._open = checks
        self._ends: set[End] = set()

    def end(self, check_id: UUID, how: End) -> End | None:
        """Note how one of its checks ended. Returns what becomes of the message if it was the last one, else None: it is
        handed back if any check is unfinished, and terminated only if none is done.
        """
        self._open -= 1
        self._ends.add(how)
        if how is End.DONE:
            self.done.append(check_id)
        if self._open:
            return None
        return next(each for each in (End.UNFINISHED, End.DONE, End.DROPPED) if each in self._ends)
