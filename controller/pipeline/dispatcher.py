"""Give planned checks to the broker, as signed requests with sealed logins. Those of one location that are due together
travel in one message, which expires when none of its checks may begin any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import structlog

from controller.broker.streams import ACK_WAIT_SECONDS
from controller.decisions.evaluation.late import late_ms
from controller.decisions.schedule.rounds import PlannedCheck
from controller.metrics.counts import Counts, Stage
from controller.model import GapReason, Location, ScheduledMonitor
from controller.model.trials import Trying
from controller.pipeline.requests.request_messages import (
    CheckMessage,
    RequestWriter,
    WrittenRequest,
    start_by,
    together,
)
from controller.pipeline.requests.trials import publish_trial
from controller.store.checks.dispatch import Expected, expect
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.bus import Bus
from shared.nats.errors import BrokerRefusedError, BusError
from shared.wire.rounds import Purpose, check_id
from shared.wire.signing import Signer

log = structlog.get_logger()

_REDELIVERED_MS = int(ACK_WAIT_SECONDS * 1000)
_RETRY_SECONDS = 0.25
_RETRY_MS = 1_000


class Dispatcher:
    """`clock` gives epoch milliseconds."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        vault: Vault,
        signer: Signer,
        counts: Counts | None = None,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._db = db
        self._bus = bus
        self._signer = signer
        self._writer = RequestWriter(vault, signer, clock)
        self._counts = counts or Counts()
        self._clock = clock
        self._refused_from = self._refused_until = 0

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> datetime:
        """Check from these locations now. Returns the moment at which these checks are due, when the broker has every
        request.

        Raises BusError, StoreUnavailableError.
        """
        if not self._bus.connected:
            raise BusError("not connected to NATS")
        due_ms = self._clock()
        checks = [PlannedCheck(monitor, due_ms, location, Purpose.TRIGGERED, True) for location in locations]
        requests = [self._writer.message([self._writer.write(check)]) for check in checks]
        await expect(self._db, [expected(check) for check in checks])
        outcomes = await self._bus.publish_all([request.message for request in requests])
        refused = self._count(requests, outcomes, self._clock())
        await self._give_up(refused, _unclear(requests, outcomes))
        for refusal in outcomes:
            if refusal is not None:
                raise refusal
        return to_datetime(due_ms)

    async def dispatch_trial(self, trying: Trying, locations: Sequence[Location]) -> None:
        """Check what no monitor has from these locations now. Returns when the broker has every request.

        Raises BusError.
        """
        await publish_trial(self._bus, self._signer, trying, locations)

    async def dispatch(self, checks: Sequence[PlannedCheck]) -> None:
        """Publish until the broker has every check that may still begin; the others become gaps. A check that cannot be
        made into a request is logged and becomes a gap.
        """
        pending = [self._writer.message(group) for group in together(self._written(checks))]
        logged = False
        unclear: set[str] = set()
        began = min(self._clock(), max((check.due_ms for check in checks), default=0))  # later rounds wait for this
        while pending:
            outcomes = await self._bus.publish_all([request.message for request in pending])
            refusals = [outcome for outcome in outcomes if outcome is not None]
            now = self._clock()
            refused = self._count(pending, outcomes, now)
            unclear |= _unclear(pending, outcomes)
            if refusals and not logged:
                logged = True
                log.warning("dispatch_waits", checks=_checks_in(refused), error=str(refusals[0]))
            lost, pending = self._parted(refused, unclear, now)
            self._counts.dispatch_lost.add(by=_checks_in(lost))
            await self._give_up(lost, unclear)
            if refusals:
                self._note_refusal(began, self._clock())
            if pending:
                await asyncio.sleep(_RETRY_SECONDS)

    def _parted(
        self, refused: Sequence[CheckMessage], unclear: AbstractSet[str], now: int
    ) -> tuple[list[CheckMessage], list[CheckMessage]]:
        """What is too late of the refused messages, and what is published again: the same message if the broker may
        have it, so that it recognizes it, and otherwise one without the checks that are too late.
        """
        lost: list[CheckMessage] = []
        again: list[CheckMessage] = []
        for request in refused:
            late = tuple(check for check in request.checks if now >= start_by(check))
            if len(late) == len(request.checks):
                lost.append(request)
            elif late and request.message.message_id not in unclear:
                lost.append(request._replace(checks=late))
                again.append(
                    self._writer.message([self._writer.write(one) for one in request.checks if one not in late])
                )
            else:
                again.append(self._writer.with_time_left(request))
        return lost, again

    def _written(self, checks: Sequence[PlannedCheck]) -> Iterator[WrittenRequest]:
        for check in checks:
            try:
                yield self._writer.write(check)
            except Exception:
                log.exception("check_not_dispatched", **_names(check))

    def was_refused(self, moment_ms: int) -> bool:
        """Whether checks that became due at that moment had to wait, because the broker took no requests."""
        return self._refused_from <= moment_ms <= self._refused_until

    def _note_refusal(self, began: int, ended: int) -> None:
        if began > self._refused_until + _RETRY_MS:
            self._refused_from = began
        self._refused_until = ended

    def _count(
        self, requests: Sequence[CheckMessage], outcomes: Sequence[BusError | None], now: int
    ) -> list[CheckMessage]:
        """Count the outcomes and return the requests that the broker has not accepted."""
        refused = []
        for request, outcome in zip(requests, outcomes, strict=True):
            if outcome is None:
                for check in request.checks:
                    self._counts.lateness.observe((Stage.DISPATCHED, check.location.code), (now - check.due_ms) / 1000)
            else:
                refused.append(request)
        self._counts.dispatch_waits.add(by=_checks_in(refused))
        return refused

    async def _give_up(self, lost: Sequence[CheckMessage], unclear: AbstractSet[str]) -> None:
        """Record a gap for each of these checks that the broker certainly has not. One that it may have is settled
        later, like any check that was dispatched.
        """
        unsure = [request.message for request in lost if request.message.message_id in unclear]
        answers = await self._bus.taken(unsure) if unsure else []
        maybe = {one.message_id for one, taken in zip(unsure, answers, strict=True) if taken is not False}
        refused = [check for checks, message in lost if message.message_id not in maybe for check in checks]
        if not refused:
            return
        now = self._clock()
        try:
            await expect(self._db, [missed(check, GapReason.BROKER_REFUSED, now) for check in refused])
        except StoreUnavailableError as error:
            log.warning("refusals_not_recorded", checks=len(refused), error=str(error))


def expected(check: PlannedCheck) -> Expected:
    """The check as it is stored, with the moment by which its result must have come, even if the broker delivers it
    twice.
    """
    return missed(check, GapReason.NO_RESULT, late_ms(check.monitor, check.due_ms) + _REDELIVERED_MS)


def missed(check: PlannedCheck, reason: GapReason, settle_ms: int) -> Expected:
    """The check as it is stored when it becomes a gap with this reason unless a result comes before that moment."""
    return Expected(check.monitor.id, check.due_ms, check.location.id, check.purpose, reason, settle_ms)


def _unclear(requests: Sequence[CheckMessage], outcomes: Sequence[BusError | None]) -> set[str]:
    """The message ids of those requests that the broker may have taken, although it did not confirm them."""
    return {
        request.message.message_id
        for request, outcome in zip(requests, outcomes, strict=True)
        if outcome is not None and not isinstance(outcome, BrokerRefusedError)
    }


def _checks_in(requests: Sequence[CheckMessage]) -> int:
    return sum(len(request.checks) for request in requests)


def _names(check: PlannedCheck) -> dict[str, str]:
    """The fields that name a check in log lines."""
    monitor, due_ms, location, purpose, _ = check
    identity = check_id(monitor.public_id, due_ms, location.code, purpose)
    return {"check_id": str(identity), "monitor_id": str(monitor.public_id), "location": location.code}
