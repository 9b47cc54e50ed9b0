"""Which requests an agent accepts: those that a controller signed for its location, in time, and each only once.

A refused request brings no result, so it says nothing about a mail server. If the key is unknown here, or if the
request is late by this machine's clock, another agent of the location may still accept it. What the other processes of
the agent accepted is known to their parent (agent.throttling.taken).
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

from agent.metrics.counts import Counts, RefusalReason
from agent.throttling.taken import TakenRequest
from shared.epoch import to_text
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.batches import requests_in
from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import CheckRequest
from shared.wire.signing import SIGNATURE, UnknownKeyError, Verifier, WrongSignatureError

log = structlog.get_logger()

REMEMBERED = 100_000
"""How many accepted requests are remembered. A process begins fewer in the minute in which a request may begin."""

_FARTHEST = timedelta(seconds=300)
"""The farthest credible `startBy`: a minute ahead (shared.wire.rounds), and the rest for clocks that are off."""

_KEPT = timedelta(seconds=60)
"""How long after its `startBy` a request is remembered. By then the broker has dropped it."""

_LOG_SECONDS = 60.0

_decoder = msgspec.json.Decoder(CheckRequest)


class Refused(Enum):
    """What happens to a refused request: no agent may run it, or another agent of the location may."""

    FOR_GOOD = auto()
    HERE = auto()


class _RefusedError(Exception):
    def __init__(self, why: RefusalReason) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(slots=True)
class _Taken:
    """An accepted request. A redelivery has a stream number that is in `numbers`, a replay has a new one."""

    start_by: datetime
    numbers: set[int]
    answered: bool = False


class Requests:
    """`kinds` are the kinds of monitor that the agent can check; `verifier` knows the keys of the controllers."""

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
        self._logged_at: dict[str, float] = {}

    def take(self, delivery: Delivery) -> list[CheckRequest] | Refused:
        """The requests in the message but for those that are late or refused, unless all are. The cheap tests come
        first, the signature last.
        """
        fresh: list[CheckRequest] = []
        try:
            signature = delivery.header(SIGNATURE)
            if signature is None:
                raise _RefusedError(RefusalReason.UNSIGNED)
            if delivery.subject not in self._subjects:
                raise _RefusedError(RefusalReason.FOREIGN)
            now = self._clock.now()
            fresh, late, refused = self._sorted(delivery, now)
            if fresh:
                self._verify(delivery, signature)
        except _RefusedError as refusal:
            self._refuse(refusal.why, delivery, fresh[0] if fresh else None)
            return Refused.HERE if refusal.why is RefusalReason.UNKNOWN_KEY else Refused.FOR_GOOD
        except Exception:  # a client that can write to the broker may send anything
            log.exception("request_failed")
            return Refused.FOR_GOOD
        for each in late:
            self.late(each)
        for request, why in refused:
            self._refuse(why, delivery, request)
        for each in fresh:
            self._remember(each, delivery.number, now)
        if fresh:
            return fresh
        return Refused.HERE if late else Refused.FOR_GOOD

    def _sorted(
        self, delivery: Delivery, now: datetime
    ) -> tuple[list[CheckRequest], list[CheckRequest], list[tuple[CheckRequest | None, RefusalReason]]]:
        """The requests that may run, those that are too late, and those that are refused. A late one among others is
        left out here: if the message went to another agent, that one would run the others again.
        """
        fresh: list[CheckRequest] = []
        late: list[CheckRequest] = []
        refused: list[tuple[CheckRequest | None, RefusalReason]] = []
        for body in _bodies(delivery.body):
            request: CheckRequest | None = None
            try:
                request = _read(body)
                if self._is_late(request, now):
                    late.append(request)
                    continue
                self._check_request(request, delivery, now)
                fresh.append(request)
            except _RefusedError as refusal:
                refused.append((request, refusal.why))
        return fresh, late, refused

    def taking(self, request: CheckRequest, delivery: Delivery) -> TakenRequest:
        """What the other processes of the agent are to know of an accepted request."""
        left = request.start_by + _KEPT - self._clock.now()
        return TakenRequest(request.check_id, delivery.number, max(0.0, left.total_seconds()))

    def replayed(self, request: CheckRequest, delivery: Delivery) -> None:
        """Another process of the agent took the request from another message."""
        self._refuse(RefusalReason.REPLAYED, delivery, request)

    def answered(self, check_id: UUID) -> None:
        """The broker has the result. From now on only a redelivery of the same message is answered again."""
        taken = self._taken.get(check_id)
        if taken is not None:
            taken.answered = True

    def late(self, request: CheckRequest) -> None:
        """The request may not begin any more; the controller records a gap."""
        self._counts.too_late.add()
        if self._should_log("late"):
            log.warning("request_too_late", check_id=str(request.check_id), start_by=to_text(request.start_by))

    def _is_late(self, request: CheckRequest, now: datetime) -> bool:
        """Whether the request is too late. If it was accepted before, the worker decides: it may run or be answered."""
        return now > request.start_by and request.check_id not in self._taken

    def _check_request(self, request: CheckRequest, delivery: Delivery, now: datetime) -> None:
        if request.location != self._location:
            raise _RefusedError(RefusalReason.FOREIGN)
        if request.start_by - now > _FARTHEST:
            raise _RefusedError(RefusalReason.TOO_FAR_AHEAD)
        taken = self._taken.get(request.check_id)
        if taken is not None and taken.answered and delivery.number not in taken.numbers:
            raise _RefusedError(RefusalReason.REPLAYED)

    def _verify(self, delivery: Delivery, signature: str) -> None:
        try:
            self._verifier.verify(delivery.subject, delivery.body, signature)
        except UnknownKeyError:
            raise _RefusedError(RefusalReason.UNKNOWN_KEY) from None
        except WrongSignatureError:
            raise _RefusedError(RefusalReason.WRONG_SIGNATURE) from None

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

    def _refuse(self, why: RefusalReason, delivery: Delivery, request: CheckRequest | None) -> None:
        """Only an id from the body is logged, because the body may hold anything."""
        self._counts.refused.add((why,))
        if self._should_log(why):
            known = {"check_id": str(request.check_id)} if request else {}
            log.warning("request_refused", reason=why.value, subject=delivery.subject, **known)

    def _should_log(self, what: str) -> bool:
        """Whether to log now: once a minute for each reason."""
        now = monotonic()
        last = self._logged_at.get(what)
        if last is not None and now - last < _LOG_SECONDS:
            return False
        self._logged_at[what] = now
        return True


def _bodies(body: bytes) -> list[bytes]:
    try:
        return requests_in(body)
    except (ValueError, RecursionError):
        raise _RefusedError(RefusalReason.UNREADABLE) from None


def _read(body: bytes) -> CheckRequest:
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _RefusedError(RefusalReason.UNREADABLE) from None
