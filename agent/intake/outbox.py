"""Keeps results until the broker has them, and a while longer for requests that are redelivered.

Its size is bounded: each waiting result holds a slot of the worker, and accepted ones are dropped, oldest first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from uuid import UUID

import structlog

from agent.intake.batch_answers import BatchAnswers
from agent.intake.gathering import Gathered, Gathering
from shared.nats.bus import Message
from shared.nats.errors import BrokerRefusedError, BusError
from shared.nats.location_signing import LocationSigner
from shared.wire import batches, subjects

log = structlog.get_logger()

RECENT_RESULTS = 5000

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3.0
_CANCEL_SECONDS = 0.1


class Outbox:
    """Signs results and sends them to one subject by `publish`, which raises BusError if the broker did not store one.

    `batched` says whether the controllers read several results in a message now. A message is signed once and kept with
    its signature.
    """

    def __init__(
        self,
        subject: str,
        publish: Callable[[Message], Awaitable[None]],
        signer: LocationSigner,
        *,
        batched: Callable[[], bool] = lambda: False,
        recent: int = RECENT_RESULTS,
    ) -> None:
        self._subject = subject
        self._publish = publish
        self._signer = signer
        self._batched = batched
        self._most_recent = recent
        self._gathering: Gathering | None = None
        self._waiting: dict[UUID, Gathered] = {}
        self._since: dict[UUID, float] = {}
        self._recent: OrderedDict[UUID, tuple[Message, int]] = OrderedDict()
        self._sending: set[asyncio.Task[None]] = set()
        self._held_back = False
        self._answers = BatchAnswers()

    @property
    def waiting(self) -> int:
        """How many results the broker does not have yet."""
        return len(self._waiting)

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest of them has waited; 0 if there is none."""
        return monotonic() - next(iter(self._since.values())) if self._since else 0.0

    def __contains__(self, check_id: UUID) -> bool:
        """Whether the result of a check is still here."""
        return check_id in self._waiting or check_id in self._recent

    async def send(self, check_id: UUID, body: bytes, *, at_once: bool = True) -> None:
        """Return when the broker has the result; retries for ever, with growing pauses. Unless it goes `at_once`, it
        may wait a moment for others to go with it.
        """
        loop = asyncio.get_running_loop()
        self._gathering = self._gathering or Gathering(self._begin, loop)
        result = self._waiting[check_id] = Gathered(check_id, body, loop.create_future())
        self._since[check_id] = monotonic()
        self._gathering.add(result, at_once=at_once)
        try:
            await asyncio.shield(result.sent)
        finally:
            self._since.pop(check_id, None)

    async def send_again(self, check_id: UUID) -> None:
        """Send a result that is still here again; the broker drops a duplicate. Raises KeyError. If the broker does not
        confirm the message that it is in, or controllers read no such message any more, it is sent alone.
        """
        waiting = self._waiting.get(check_id)
        if waiting is not None:
            await asyncio.shield(waiting.sent)
            return
        (message, _), alone = self._recent[check_id], self._alone(check_id)
        if not self._batched():
            message = alone
        pause = _FIRST_PAUSE_SECONDS
        while error := await self._refusal(message):
            message = alone
            pause = await self._pause(pause, error)
        self._note_acceptance()

    def alone(self, check_ids: Iterable[UUID]) -> list[Message]:
        """The results of these checks that are still here and that the broker has, each in a message of its own."""
        return [self._alone(one) for one in check_ids if one in self._recent]

    def questions(self, check_ids: Iterable[UUID]) -> list[Message]:
        """For each check a message with the id that its result has when it is sent alone (see Bus.taken)."""
        return [Message(self._subject, b"", self._signer.message_id(one)) for one in check_ids]

    async def close(self) -> None:
        """End what is being sent and give up what the broker does not have. Call this when nobody sends any more."""
        if self._gathering is not None:
            self._gathering.close()
        while self._sending:  # the client may lose a cancellation
            for task in self._sending:
                task.cancel()
            await asyncio.wait(self._sending, timeout=_CANCEL_SECONDS)
        for result in self._waiting.values():
            result.sent.cancel()
        self._waiting.clear()

    def _begin(self, group: Sequence[Gathered]) -> None:
        task = asyncio.get_running_loop().create_task(self._send_group(group), name="send-results")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_group(self, group: Sequence[Gathered]) -> None:
        try:
            if len(group) > 1 and self._may_send_together():
                await self._send_together(group)
            else:
                await self._send_alone(group)
        except Exception as error:
            log.exception("results_not_sent")
            for result in group:
                if not result.sent.done():
                    result.sent.set_exception(error)
        finally:
            for result in group:
                self._waiting.pop(result.check_id, None)
                result.sent.cancel()

    def _may_send_together(self) -> bool:
        return self._batched() and self._answers.may_send()

    async def _send_together(self, group: Sequence[Gathered]) -> None:
        """Send until the broker has the results, one by one from when it does not say whether it has a message with all
        of them: it may never take one. Also from when controllers read no such message any more: it would lie unread.
        Controllers store a result once.
        """
        message = self._message([one.body for one in group], [one.check_id for one in group])
        pause, sent_at = _FIRST_PAUSE_SECONDS, monotonic()
        while error := await self._refusal(message):
            if not isinstance(error, BrokerRefusedError):
                if await self._send_alone(group) and (seconds := self._answers.not_answered(sent_at)):
                    log.warning("results_not_sent_together", error=str(error), seconds=seconds)
                return
            pause = await self._pause(pause, error)
            if not self._may_send_together():
                await self._send_alone(group)
                return
            sent_at = monotonic()
        self._answers.answered(sent_at)
        for place, result in enumerate(group):
            self._accepted(result, message, place)

    async def _send_alone(self, group: Sequence[Gathered]) -> bool:
        """Send each result in a message of its own until the broker has all; returns whether it took all at once."""
        left = [(one, self._message([one.body], [one.check_id])) for one in group]
        pause = _FIRST_PAUSE_SECONDS
        while True:
            refusals = await asyncio.gather(*(self._refusal(message) for _, message in left))
            for (result, message), refusal in zip(left, refusals, strict=True):
                if refusal is None:
                    self._accepted(result, message, 0)
            left = [each for each, refusal in zip(left, refusals, strict=True) if refusal is not None]
            if not left:
                return pause == _FIRST_PAUSE_SECONDS
            pause = await self._pause(pause, next(filter(None, refusals)))

    def _message(self, bodies: Sequence[bytes], check_ids: Sequence[UUID]) -> Message:
        subject, body = self._subject, bodies[0]
        if len(bodies) > 1:
            subject, body = subjects.batch_of(subject), batches.of_results(bodies)
        return Message(subject, body, self._signer.message_id(*check_ids), headers=self._signer.result(subject, body))

    def _accepted(self, result: Gathered, message: Message, place: int) -> None:
        """The broker has the result, at this place in the message."""
        self._note_acceptance()
        self._waiting.pop(result.check_id, None)
        self._recent[result.check_id] = message, place
        self._recent.move_to_end(result.check_id)
        while len(self._recent) > self._most_recent:
            self._recent.popitem(last=False)
        if not result.sent.done():
            result.sent.set_result(None)

    def _alone(self, check_id: UUID) -> Message:
        """A result that the broker has, in a message of its own. Raises KeyError."""
        message, place = self._recent[check_id]
        if not subjects.is_result_batch(message.subject):
            return message
        return self._message([batches.results_in(message.body)[place]], [check_id])

    async def _refusal(self, message: Message) -> BusError | None:
        try:
            await self._publish(message)
        except BusError as error:
            return error
        return None

    async def _pause(self, seconds: float, error: BusError) -> float:
        """Wait so long after this error; returns for how long to wait after the next one."""
        if not self._held_back:
            self._held_back = True
            log.warning("results_held_back", error=str(error), waiting=len(self._waiting))
        await asyncio.sleep(seconds)
        return min(seconds * 2, _LONGEST_PAUSE_SECONDS)

    def _note_acceptance(self) -> None:
        if self._held_back:
            self._held_back = False
            log.info("results_accepted_again", waiting=len(self._waiting))
