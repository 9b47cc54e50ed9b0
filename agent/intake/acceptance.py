"""Which requests an agent takes: those that a controller signed for its location, in time, and each once.

What is refused brings no result, so it says nothing about anybody's mail server. Of a key that is not known here, and
of what is too late by the clock here, a neighbour may know better.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from time import monotonic
from uuid import UUID

import msgspec
import structlog

from agent.metrics.counts import Counts, Refusal
from shared.clock import BrokerClock
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.signing import SIGNATURE, UnknownKeyError, Verifier, WrongSignatureError

log = structlog.get_logger()

REMEMBERED = 100_000
"""Taken requests remembered at most. An agent process begins fewer in the minute in which they may begin."""

_FARTHEST = timedelta(seconds=300)
"""How far ahead an honest `startBy` is at most: a minute (shared.rounds), and the rest for clocks that are off."""

_KEPT = timedelta(seconds=60)
"""How long after its `startBy` a request is remembered. The broker has let it go by then."""

_TELL_SECONDS = 60.0

_decoder = msgspec.json.Decoder(CheckRequest)


class Refused(Enum):
    """What is to become of a request that is not taken: nobody is to run it, or another agent of the location might."""

    FOR_GOOD = auto()
    HERE = auto()


class _RefusedError(Exception):
    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(slots=True)
class _Taken:
    """A redelivery comes under a number that the request had on the stream before, a replay under a new one."""

    start_by: datetime
    numbers: set[int]
    answered: bool = False


class Requests:
    """`kinds` are those the agent can check; `verifier` knows whose requests it believes."""

    def __init__(
        self,
        verifier: Verifier,
        *,
        country: str,
        location: str,
        kinds: Iterable[str],
        clock: BrokerClock,
        counts: Counts,
        remembered: int = REMEMBERED,
    ) -> None:
        self._verifier = verifier
        self._location = location
        self._subjects = frozenset(subjects.check(country, location, kind) for kind in kinds)
        self._clock = clock
        self._counts = counts
        self._most = remembered
        self._taken: OrderedDict[UUID, _Taken] = OrderedDict()
        self._told_at: dict[str, float] = {}

    def take(self, delivery: Delivery) -> CheckRequest | Refused:
        """The request, when it is not refused. What is cheap to see is looked at first, the signature last."""
        request: CheckRequest | None = None
        try:
            signature = delivery.header(SIGNATURE)
            if signature is None:
                raise _RefusedError(Refusal.UNSIGNED)
            if delivery.subject not in self._subjects:
                raise _RefusedError(Refusal.FOREIGN)
            request = _read(delivery.body)
            now = self._clock.now()
            if self._is_late(request, now):
                self.late(request)
                return Refused.HERE
            self._look_at(request, delivery, now)
            self._verify(delivery, signature)
        except _RefusedError as refusal:
            self._refuse(refusal.why, delivery, request)
            return Refused.HERE if refusal.why is Refusal.UNKNOWN_KEY else Refused.FOR_GOOD
        except Exception:  # whoever can write to the broker may send anything
            log.exception("request_broke")
            return Refused.FOR_GOOD
        self._remember(request, delivery.number, now)
        return request

    def answered(self, check_id: UUID) -> None:
        """The broker has the result: only a redelivery of the same message is answered once more."""
        taken = self._taken.get(check_id)
        if taken is not None:
            taken.answered = True

    def late(self, request: CheckRequest) -> None:
        """It may not begin any more, which is nobody's fault here: the controller records a gap."""
        self._counts.too_late.add()
        if self._to_tell("late"):
            log.warning("request_too_late", check_id=str(request.check_id), start_by=request.start_by.isoformat())

    def _is_late(self, request: CheckRequest, now: datetime) -> bool:
        """One taken before may be in hand, or answered for; what is to become of it the worker knows."""
        return now > request.start_by and request.check_id not in self._taken

    def _look_at(self, request: CheckRequest, delivery: Delivery, now: datetime) -> None:
        if request.location != self._location:
            raise _RefusedError(Refusal.FOREIGN)
        if request.start_by - now > _FARTHEST:
            raise _RefusedError(Refusal.TOO_FAR_AHEAD)
        taken = self._taken.get(request.check_id)
        if taken is not None and taken.answered and delivery.number not in taken.numbers:
            raise _RefusedError(Refusal.REPLAYED)

    def _verify(self, delivery: Delivery, signature: str) -> None:
        try:
            self._verifier.verify(delivery.subject, delivery.body, signature)
        except UnknownKeyError:
            raise _RefusedError(Refusal.UNKNOWN_KEY) from None
        except WrongSignatureError:
            raise _RefusedError(Refusal.WRONG_SIGNATURE) from None

    def _remember(self, request: CheckRequest, number: int, now: datetime) -> None:
        taken = self._taken.get(request.check_id)
        if taken is not None:
            taken.numbers.add(number)
            return
        self._taken[request.check_id] = _Taken(request.start_by, {number})
        oldest = next(iter(self._taken.values()))
        while len(self._taken) > self._most or oldest.start_by + _KEPT < now:
            self._taken.popitem(last=False)
            oldest = next(iter(self._taken.values()))

    def _refuse(self, why: Refusal, delivery: Delivery, request: CheckRequest | None) -> None:
        """Nothing of the body is logged but an id: it may hold anything."""
        self._counts.refused.add((why,))
        if self._to_tell(why):
            known = {"check_id": str(request.check_id)} if request else {}
            log.warning("request_refused", reason=why.value, subject=delivery.subject, **known)

    def _to_tell(self, what: str) -> bool:
        """Once a minute for each reason."""
        now = monotonic()
        last = self._told_at.get(what)
        if last is not None and now - last < _TELL_SECONDS:
            return False
        self._told_at[what] = now
        return True


def _read(body: bytes) -> CheckRequest:
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _RefusedError(Refusal.UNREADABLE) from None
