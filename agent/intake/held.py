"""What an agent has taken and not finished: checks, and the messages that request them. The broker takes a message back
or drops it as a whole, while each of its checks has its own end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import cached_property
from uuid import UUID

from agent.intake.outbox import Outbox
from shared.nats.bus import Bus
from shared.nats.deliveries import Delivery
from shared.wire.batches import requests_in
from shared.wire.messages import CheckRequest


class End(Enum):
    """How a check ended for a message that requested it, and what then becomes of the message."""

    DONE = auto()  # the broker has the result: acknowledge
    DROPPED = auto()  # no agent may begin it: terminate
    UNFINISHED = auto()  # another agent must do it: hand back


class HeldMessage:
    """A delivery of which so many checks are to be done; it may request more. `done` are those whose results the broker
    has.
    """

    def __init__(self, delivery: Delivery, checks: int) -> None:
        self.delivery = delivery
        self.done: list[UUID] = []
        self._open = checks
        self._ends: set[End] = set()

    @cached_property
    def requests_several(self) -> bool:
        """Whether it requests several checks, of which all but one may be late or refused here."""
        return len(requests_in(self.delivery.body)) > 1

    def end(self, check_id: UUID, how: End) -> End | None:
        """Note how one of its checks ended. Returns what becomes of the message if it was the last one, else None. It
        is handed back if any check is unfinished, and terminated only if none is done.
        """
        self._open -= 1
        self._ends.add(how)
        if how is End.DONE:
            self.done.append(check_id)
        if self._open:
            return None
        return next(each for each in (End.UNFINISHED, End.DONE, End.DROPPED) if each in self._ends)


class HeldChecks:
    """The checks that are waiting or running, each with the messages that its end counts for.

    `answered` is called with each check of which the broker has the result of another agent.
    """

    def __init__(self, bus: Bus, outbox: Outbox, answered: Callable[[UUID], None]) -> None:
        self._bus = bus
        self._outbox = outbox
        self._answered = answered
        self._messages: dict[UUID, list[HeldMessage]] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def messages(self) -> set[HeldMessage]:
        """Every message with a check that has not ended."""
        return {message for held in self._messages.values() for message in held}

    def add(self, check_id: UUID, message: HeldMessage) -> bool:
        """Hold a check; False if it is held already, and its end counts for this message, too."""
        held = self._messages.setdefault(check_id, [])
        held.append(message)
        return len(held) == 1

    async def end(self, check_id: UUID, how: End) -> None:
        """A check that was held has ended."""
        for message in self._messages.pop(check_id):
            await self.end_for(message, check_id, how)

    async def end_for(self, message: HeldMessage, check_id: UUID, how: End) -> None:
        """A check of this message has ended. After the last one the broker learns what becomes of the message.

        What is done of a message that goes to another agent is sent once more, result by result, so that the other one
        can ask the broker for it (`not_done_elsewhere`).
        """
        match message.end(check_id, how):
            case End.DONE:
                await message.delivery.ack()
            case End.DROPPED:
                await message.delivery.term()
            case End.UNFINISHED:
                await self._bus.publish_all(self._outbox.alone(message.done))
                await message.delivery.nak()

    async def not_done_elsewhere(
        self, accepted: Sequence[tuple[HeldMessage, CheckRequest]]
    ) -> list[tuple[HeldMessage, CheckRequest]]:
        """Leave out what another agent has done of a message before it handed back the rest."""
        doubtful = [
            (message, request.check_id)
            for message, request in accepted
            if message.delivery.redelivered and message.requests_several and not self._is_known(request.check_id)
        ]
        if not doubtful:
            return list(accepted)
        answers = await self._bus.taken(self._outbox.questions([check_id for _, check_id in doubtful]))
        done = [each for each, taken in zip(doubtful, answers, strict=True) if taken]
        for message, check_id in done:
            self._answered(check_id)
            await self.end_for(message, check_id, End.DONE)
        return [(message, request) for message, request in accepted if (message, request.check_id) not in done]

    def _is_known(self, check_id: UUID) -> bool:
        return check_id in self._messages or check_id in self._outbox
