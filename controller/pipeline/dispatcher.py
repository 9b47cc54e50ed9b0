"""Give planned checks to the broker, as signed requests with sealed logins. A request expires when it may no longer
begin.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

import msgspec
import structlog

from controller.broker.streams import ACK_WAIT_SECONDS
from controller.decisions.evaluation.late import late_ms
from controller.decisions.schedule.rounds import PlannedCheck
from controller.kinds import configured_logins, kind_named, target_of
from controller.metrics.counts import Counts, Stage
from controller.model import GapReason, Location, ScheduledMonitor
from controller.model.trials import Trying
from controller.pipeline.requests.logins import with_logins
from controller.pipeline.requests.trials import publish_trial
from controller.store.checks.dispatch import Expected, expect
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault, logins_of
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.bus import Bus, Message
from shared.nats.errors import BrokerRefusedError, BusError
from shared.wire import subjects
from shared.wire.messages import CheckRequest, SealedLogin
from shared.wire.rounds import Purpose, check_id, start_by_ms
from shared.wire.sealing import seal_login
from shared.wire.signing import Signer
from shared.wire.targets import Target

log = structlog.get_logger()

_REDELIVERED_MS = int(ACK_WAIT_SECONDS * 1000)
_RETRY_SECONDS = 0.25
_RETRY_MS = 1_000
_SEALED_AT_MOST = 500_000


class CheckMessage(NamedTuple):
    """A check and its request, as it is published."""

    check: PlannedCheck
    message: Message


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
        self._vault = vault
        self._signer = signer
        self._counts = counts or Counts()
        self._clock = clock
        self._latest_target: tuple[ScheduledMonitor, Target] | None = None
        self._refused_from = self._refused_until = 0
        self._sealed: OrderedDict[tuple[int, int], tuple[datetime, dict[tuple[str, str], bytes]]] = OrderedDict()

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> datetime:
        """Check from these locations now. Returns the moment at which these checks are due, when the broker has every
        request.

        Raises BusError, StoreUnavailableError.
        """
        if not self._bus.connected:
            raise BusError("not connected to NATS")
        due_ms = self._clock()
        checks = [PlannedCheck(monitor, due_ms, location, Purpose.TRIGGERED, True) for location in locations]
        requests = [CheckMessage(check, self._message(check)) for check in checks]
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
        pending: list[CheckMessage] = []
        for check in checks:
            try:
                pending.append(CheckMessage(check, self._message(check)))
            except Exception:
                log.exception("check_not_dispatched", **_names(check))
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
                log.warning("dispatch_waits", checks=len(refusals), error=str(refusals[0]))
            lost = [request for request in refused if now >= _start_by(request.check)]
            self._counts.dispatch_lost.add(by=len(lost))
            await self._give_up(lost, unclear)
            if refusals:
                self._note_refusal(began, self._clock())
            pending = [CheckMessage(check, self._message(check)) for check, _ in refused if now < _start_by(check)]
            if pending:
                await asyncio.sleep(_RETRY_SECONDS)

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
                check = request.check
                self._counts.lateness.observe((Stage.DISPATCHED, check.location.code), (now - check.due_ms) / 1000)
            else:
                refused.append(request)
        self._counts.dispatch_waits.add(by=len(refused))
        return refused

    async def _give_up(self, lost: Sequence[CheckMessage], unclear: AbstractSet[str]) -> None:
        """Record a gap for each of these checks that the broker certainly has not. One that it may have is settled
        later, like any check that was dispatched.
        """
        unsure = [request.message for request in lost if request.message.message_id in unclear]
        answers = await self._bus.taken(unsure) if unsure else []
        maybe = {one.message_id for one, taken in zip(unsure, answers, strict=True) if taken is not False}
        refused = [check for check, message in lost if message.message_id not in maybe]
        if not refused:
            return
        now = self._clock()
        try:
            await expect(self._db, [missed(check, GapReason.BROKER_REFUSED, now) for check in refused])
        except StoreUnavailableError as error:
            log.warning("refusals_not_recorded", checks=len(refused), error=str(error))

    def _message(self, check: PlannedCheck) -> Message:
        monitor, due_ms, location, purpose, want_transcript = check
        identity = check_id(monitor.public_id, due_ms, location.code, purpose)
        start_by = _start_by(check)
        target = self._target(monitor)
        request = CheckRequest(
            check_id=identity,
            monitor_id=monitor.public_id,
            location=location.code,
            country=location.country_code,
            purpose=purpose,
            due_at=to_datetime(due_ms),
            start_by=to_datetime(start_by),
            timeout_seconds=monitor.timeout_seconds,
            target=target,
            want_transcript=want_transcript,
        )
        request = with_logins(request, self._seal(monitor, location), location)
        subject = subjects.check(location.country_code, location.code, monitor.kind)
        body = msgspec.json.encode(request)
        return Message(
            subject,
            body,
            message_id=str(identity),
            ttl_seconds=max(1, (start_by - self._clock()) // 1000),
            headers=self._signer.headers(subject, body),
        )

    def _target(self, monitor: ScheduledMonitor) -> Target:
        """The monitor's target. The checks of a round follow each other, so the latest target is most often the right
        one.
        """
        if self._latest_target is None or self._latest_target[0] is not monitor:
            self._latest_target = (monitor, target_of(monitor))
        return self._latest_target[1]

    def _seal(self, monitor: ScheduledMonitor, location: Location) -> list[SealedLogin]:
        """The monitor's logins that checks from this location use, each sealed to each key of the location.

        Sealing costs 20 times the rest of a request, so a sealed login is kept until the monitor or the keys change.
        """
        uses = kind_named(monitor.kind).uses_login
        names = [name for name in configured_logins(monitor) if uses(name, monitor.config, location)]
        if not names:
            return []
        here = (monitor.id, location.id)
        updated_at, kept = self._sealed.get(here, (None, {}))
        known = kept if updated_at == monitor.updated_at else {}
        keys = (location.public_key, *location.older_keys)
        if known.keys() != {(name, key) for name in names for key in keys}:
            logins = logins_of(monitor, self._vault)
            known = {
                (name, key): known.get((name, key))
                or seal_login(logins[name], key, monitor=monitor.public_id, location=location.code)
                for name in names
                if name in logins
                for key in keys
            }
            self._sealed[here] = (monitor.updated_at, known)
            self._sealed.move_to_end(here)
            while len(self._sealed) > _SEALED_AT_MOST:
                self._sealed.popitem(last=False)
        return [
            SealedLogin(name=name, sealed=[known[name, key] for key in keys])
            for name in names
            if (name, keys[0]) in known
        ]


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


def _names(check: PlannedCheck) -> dict[str, str]:
    """The fields that name a check in log lines."""
    monitor, due_ms, location, purpose, _ = check
    identity = check_id(monitor.public_id, due_ms, location.code, purpose)
    return {"check_id": str(identity), "monitor_id": str(monitor.public_id), "location": location.code}


def _start_by(check: PlannedCheck) -> int:
    return start_by_ms(check.due_ms, check.monitor.interval_seconds * 1000)
