"""Send notifications: claim the deliveries that are due, send them, and record the outcome of each.

Several are sent at once, a few of them on each channel, and one by one to a receiver that fails, so that a slow or dead
channel delays only itself. A claim lapses, so another controller takes over what a dead one left behind. A notification
is sent twice only when a controller dies between the receiver's acceptance and its own record, and then with the same
key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from controller.decisions.notification.retries import is_outage, own_retries, pause_after, probe_pause
from controller.metrics.counts import Counts, DeliveryOutcome
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import ChannelGroup, Senders
from controller.notify.errors import Fault
from controller.notify.registry import CHANNELS
from controller.pipeline.delivery.attempt import Attempts, FailedAttempt, HeldQuiet, Postponed, Skipped
from controller.pipeline.delivery.transports import TRANSPORTS, TransportState
from controller.pipeline.loops import keep
from controller.store.notifications import claims, outcomes
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault
from shared.clock import utc_now

log = structlog.get_logger()

ON_A_CHANNEL = 4
"""How many deliveries a channel that works gets at once, from all controllers together."""

_POLL_SECONDS = 0.2
_GATHER_SECONDS = 0.02
"""A claim waits so long for more slots, because it costs the same for one delivery as for many."""

_CLAIM = timedelta(seconds=15)
_RENEW_SECONDS = 3.0
_RECORD_PAUSE_SECONDS = 0.2


class Notifier:
    """`public_url` is the base of the links in messages. `drain_seconds` is how long deliveries that are being sent may
    take when the controller stops.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        senders: Senders,
        *,
        drain_seconds: float = 5.0,
        counts: Counts | None = None,
        public_url: PublicUrl | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._counts = counts or Counts()
        self._db = db
        self._attempts = Attempts(db, vault, senders, public_url or PublicUrl(), clock)
        self._drain_seconds = drain_seconds
        self._transports = {group: TransportState(group) for group in ChannelGroup}
        self._under_way: dict[asyncio.Task[None], Claimed] = {}
        self._renewed_at = 0.0

    async def run(self) -> None:
        """Send what is due until cancelled; deliveries that are being sent then may end."""
        try:
            await keep("notifier", self._send_on)
        finally:
            await self._drain()

    async def _send_on(self) -> None:
        """Raises StoreUnavailableError. Deliveries that are being sent go on, because their outcome must be
        recorded.
        """
        while True:
            await self._renew()
            await self.send_some()
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(_GATHER_SECONDS)
            else:
                await asyncio.sleep(_POLL_SECONDS)

    async def send_some(self) -> None:
        """Begin to send what is due, as far as there are free slots. Raises StoreUnavailableError."""
        while await claims.sort_new(self._db, TRANSPORTS):
            pass
        running = list(self._under_way.values())
        slots = [one for transport in self._transports.values() for one in transport.slots(running)]
        for delivery in await claims.claim(self._db, slots, lasts=_CLAIM):
            task = asyncio.create_task(self._deliver(delivery), name=f"delivery-{delivery.id}")
            self._under_way[task] = delivery
            task.add_done_callback(self._under_way.pop)

    async def _renew(self) -> None:
        """Renew the claims of deliveries that are being sent, so that no other controller takes them over."""
        now = asyncio.get_running_loop().time()
        if self._under_way and now - self._renewed_at > _RENEW_SECONDS:
            self._renewed_at = now
            await claims.keep(self._db, [one.id for one in self._under_way.values()], lasts=_CLAIM)

    async def _drain(self) -> None:
        """Give deliveries that are being sent some time to end: a receiver may already have accepted one that is
        cancelled.
        """
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._drain_seconds)
        rest = list(self._under_way)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _deliver(self, delivery: Claimed) -> None:
        """Send one delivery and record its outcome."""
        delivery_log = log.bind(delivery=str(delivery.key), channel_type=delivery.type, attempt=delivery.attempts)
        transport = self._transports[CHANNELS[delivery.type].group]
        outcome = await self._attempts.send(delivery, failing=transport.failing or delivery.failures > 0)
        match outcome:
            case None:
                delivery_log.info("delivery_sent")
                self._counts.deliveries.add((delivery.type, DeliveryOutcome.SENT))
                hasten = is_outage(delivery.failures)
                await self._record(lambda: outcomes.sent(self._db, delivery, at_once=ON_A_CHANNEL, hasten=hasten))
                await self._works(transport)
            case Skipped(why):
                delivery_log.info("delivery_skipped", reason=why)
                self._counts.deliveries.add((delivery.type, DeliveryOutcome.SKIPPED))
                await self._record(lambda: outcomes.skip(self._db, delivery, why))
            case Postponed(again_in):
                delivery_log.info("delivery_postponed", seconds=again_in.total_seconds())
                await self._record(lambda: outcomes.postpone(self._db, delivery, again_in))
            case HeldQuiet(until, words, joining):
                delivery_log.info("delivery_held", until=until.isoformat())
                await self._record(lambda: outcomes.hold(self._db, delivery, until, words, joining=joining))
            case FailedAttempt():
                await self._failed(delivery, outcome, transport, delivery_log)

    async def _failed(
        self,
        delivery: Claimed,
        outcome: FailedAttempt,
        transport: TransportState,
        delivery_log: structlog.stdlib.BoundLogger,
    ) -> None:
        own = own_retries(delivery.type, delivery.channel_config or {})
        again_in = None if outcome.permanent else pause_after(delivery.attempts, own)
        self._counts.deliveries.add((delivery.type, DeliveryOutcome.FAILED if again_in else DeliveryOutcome.GIVEN_UP))
        delivery_log.warning("delivery_failed", error=outcome.error, again_in=again_in and again_in.total_seconds())
        if outcome.fault is Fault.TRANSPORT:
            transport.fails(delivery.id)
        lane_pause = probe_pause(delivery.failures + 1) if outcome.fault is Fault.CHANNEL else None
        at_once = ON_A_CHANNEL if outcome.answered else None
        hasten = is_outage(delivery.failures)
        await self._record(
            lambda: outcomes.failed(
                self._db,
                delivery,
                outcome.error,
                again_in=again_in,
                lane_pause=lane_pause,
                at_once=at_once,
                hasten=hasten,
            )
        )
        if outcome.answered:
            await self._works(transport)

    async def _works(self, transport: TransportState) -> None:
        if numbers := transport.works():
            await self._record(lambda: outcomes.hasten_again(self._db, numbers))

    async def _record(self, write: Callable[[], Awaitable[None]]) -> None:
        """Try until PostgreSQL has it: a notification must not be sent again because its outcome could not be
        written.
        """
        while True:
            try:
                await write()
            except StoreUnavailableError:
                await asyncio.sleep(_RECORD_PAUSE_SECONDS)
            except Exception:
                log.exception("delivery_not_recorded")
                return
            else:
                return
