"""Send each location a canary every half minute. The controller that schedules sends them; which canaries are on their
way is in the database, so another one continues where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from controller.decisions.canaries import INTERVAL_MS, canary_kind, canary_monitor
from controller.model import Location
from controller.pipeline.location_registry import LocationRegistry
from controller.store.locations import canaries as store
from controller.store.locations.canaries import SentCanary, StoredCanary
from controller.store.platform.pool import Database
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.messages import CheckRequest, CheckResult
from shared.wire.rounds import Purpose, check_id, start_by_ms
from shared.wire.signing import Signer
from shared.wire.targets import TARGETS, Server, Target

log = structlog.get_logger()

ATTEMPT_SECONDS = 1.0
_TIMEOUT_SECONDS = 10.0
_PUBLISH_SECONDS = 10.0
_LONGEST_FAILURE = 300
_NOWHERE = next(target for target in TARGETS if issubclass(target, Server))(host="canary.invalid", port=25)
"""A request must have a target, and agents make no connection to this one (RFC 2606 section 2). Its kind is the oldest,
which every agent can read.
"""


def came_back(result: CheckResult) -> StoredCanary:
    """A result of a canary as it is stored. What an agent says about a failure is shortened, and made printable."""
    failure = result.failure
    text = None
    if failure is not None:
        detail = "".join(letter if letter.isprintable() else " " for letter in failure.detail)
        where = f" in {failure.phase.value}" if failure.phase else ""
        text = f"{failure.kind.value}{where}: {detail}"[:_LONGEST_FAILURE]
    return StoredCanary(result.location, result.due_at, text)


class Canaries:
    """`send_due` is called at least once in a sixth of the interval. `target` is what canaries also hold a dialogue
    with; `clock` gives epoch milliseconds.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        registry: LocationRegistry,
        signer: Signer,
        leading: Callable[[], bool],
        target: Target | None = None,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._db = db
        self._bus = bus
        self._registry = registry
        self._signer = signer
        self._leading = leading
        self._target = target
        self._clock = clock
        self._sent_until = 0

    async def send_due(self) -> None:
        """Send the canaries that became due, if this controller schedules and is connected to the broker.

        Raises StoreUnavailableError.
        """
        now = self._clock()
        due_ms = now // INTERVAL_MS * INTERVAL_MS
        if due_ms == self._sent_until or not (self._leading() and self._bus.connected and self._registry.complete()):
            return
        self._sent_until = due_ms
        if now - due_ms > INTERVAL_MS // 6:
            return  # too late to begin: the next one comes soon
        kinds = self._registry.canary_kinds
        every = {SentCanary(number, kind) for number, own in kinds.items() for kind in own}
        await store.keep_only(self._db, every)
        due = [SentCanary(number, canary_kind(own, due_ms)) for number, own in kinds.items() if own]
        if due:
            await self._send(due, due_ms)

    async def _send(self, due: list[SentCanary], due_ms: int) -> None:
        locations = {here.id: here for here in self._registry.locations}
        claimed = await store.claim(self._db, due, to_datetime(due_ms), INTERVAL_MS / 2000)
        sent = [one for one in due if one in claimed and one.location_id in locations]
        messages = [self._message(locations[one.location_id], one.kind, due_ms) for one in sent]
        refused: set[SentCanary] = set(sent)
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                outcomes = await self._bus.publish_all(messages)
            refused = {one for one, outcome in zip(sent, outcomes, strict=True) if outcome is not None}
        except (BusError, TimeoutError) as error:
            log.warning("canaries_not_sent", error=str(error) or "the broker did not answer in time")
        if refused:
            await store.withdraw(self._db, refused)

    def _message(self, location: Location, kind: str, due_ms: int) -> Message:
        monitor = canary_monitor(location.code)
        identity = check_id(monitor, due_ms, location.code, Purpose.CANARY)
        start_by = start_by_ms(due_ms, INTERVAL_MS)
        request = CheckRequest(
            check_id=identity,
            monitor_id=monitor,
            location=location.code,
            country=location.country_code,
            purpose=Purpose.CANARY,
            due_at=to_datetime(due_ms),
            start_by=to_datetime(start_by),
            timeout_seconds=_TIMEOUT_SECONDS,
            target=self._target or _NOWHERE,
            dialogue=self._target is not None,
        )
        subject = subjects.check(location.country_code, location.code, kind)
        body = msgspec.json.encode(request)
        ttl = max(1, (start_by - self._clock()) // 1000)
        return Message(subject, body, str(identity), ttl_seconds=ttl, headers=self._signer.headers(subject, body))
