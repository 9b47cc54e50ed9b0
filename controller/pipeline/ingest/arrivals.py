"""What a message on RESULTS holds: one result or several, each with its own end. The message ends with the last one."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.decisions.received_results import RefusedError, RejectionReason, read_result
from controller.store.checks.dead_letters import LONGEST_REASON
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.batches import results_in
from shared.wire.messages import CheckResult


class Received:
    """A message with so many results that have no end yet. One without an end comes again with the whole message."""

    def __init__(self, delivery: Delivery, results: int) -> None:
        self.delivery = delivery
        self._open = results
        self._any_done = False

    async def done(self) -> None:
        """One of its results is stored and published, or was before."""
        self._any_done = True
        await self._end()

    async def dropped(self) -> None:
        """One of its results is a dead letter."""
        await self._end()

    async def _end(self) -> None:
        self._open -= 1
        if self._open:
            return
        if self._any_done:
            await self.delivery.ack()
        else:
            await self.delivery.term()


class Arrival(NamedTuple):
    """A result, its own part of the message, and the subject that it would have alone."""

    message: Received
    subject: str
    body: bytes
    result: CheckResult


class Rejected(NamedTuple):
    """What becomes a dead letter, with the reason as one word (`why`) and as a sentence (`reason`)."""

    message: Received
    subject: str
    body: bytes
    why: RejectionReason
    reason: str
    result: CheckResult | None = None


def opened(delivery: Delivery, now: datetime) -> tuple[list[Arrival], list[Rejected]]:
    """The results in this message, and what cannot be one."""
    subject = subjects.of_each_result(delivery.subject)
    try:
        bodies = results_in(delivery.body) if subjects.is_result_batch(delivery.subject) else [delivery.body]
    except (ValueError, RecursionError) as error:
        reason = f"not a message with results: {error}"[:LONGEST_REASON]
        whole = Rejected(Received(delivery, 1), subject, delivery.body, RejectionReason.NOT_A_RESULT, reason)
        return [], [whole]
    message = Received(delivery, len(bodies))
    arrivals: list[Arrival] = []
    rejected: list[Rejected] = []
    for body in bodies:
        try:
            arrivals.append(Arrival(message, subject, body, read_result(subject, body, now)))
        except RefusedError as error:
            rejected.append(Rejected(message, subject, body, error.why, str(error)[:LONGEST_REASON]))
    return arrivals, rejected


def refused(arrival: Arrival, why: RejectionReason, reason: str) -> Rejected:
    """The arrival as a dead letter."""
    return Rejected(*arrival[:3], why, reason, arrival.result)
