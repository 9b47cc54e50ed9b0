"""Send notifications: claim the deliveries that are due, send them, and record the outcome of each.

Several are sent at once, but one after the other on each channel, so that a slow or dead channel delays only itself. A
claim lapses, so another controller takes over what a dead one left behind. A notification is sent twice only when a
controller dies between the receiver's acceptance and its own record, and then with the same key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import structlog

from controller.decisions.notification.recipients import FOLLOWING
from controller.decisions.notification.retries import pause_after
from controller.metrics.counts import Counts, DeliveryOutcome
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import ChannelGroup, Senders
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.message import render
from controller.notify.notice import IncidentNotice, Notice
from controller.notify.registry import CHANNELS
from controller.notify.sending import Sending, without_secrets
from controller.pipeline.loops import keep
from controller.store.notifications import deliveries
from controller.store.notifications.deliveries import Claimed, lane
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault, VaultError
from shared.clock import utc_now

log = structlog.get_logger()

AT_ONCE = {ChannelGroup.EMAIL: 16, ChannelGroup.WEBHOOK: 64, ChannelGroup.APPRISE: 16}

_POLL_SECONDS = 0.2
_SEND_SECONDS = {ChannelGroup.EMAIL: 150.0, ChannelGroup.WEBHOOK: 40.0, ChannelGroup.APPRISE: 40.0}
_CLAIM = timedelta(seconds=15)
_RENEW_SECONDS = 3.0
_RECORD_PAUSE_SECONDS = 0.2
_LONGEST_ERROR = 300


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
    ) -> None:
        self._counts = counts or Counts()
        self._public_url = public_url or PublicUrl()
        self._db = db
        self._vault = vault
        self._senders = senders
        self._drain_seconds = drain_seconds
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
            if await self.send_some():
                continue
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(_POLL_SECONDS)

    async def send_some(self) -> bool:
        """Begin to send what is due, as far as there are free slots. Returns whether more may be due.

        Raises StoreUnavailableError.
        """
        running = list(self._under_way.values())
        groups = [CHANNELS[one.type].group for one in running]
        free_slots = {group: most - groups.count(group) for group, most in AT_ONCE.items()}
        at_most = min((free for free in free_slots.values() if free > 0), default=0)
        if not at_most:
            return False
        claimed = await deliveries.claim(
            self._db,
            at_most,
            types=[name for name, kind in CHANNELS.items() if free_slots[kind.group] > 0],
            busy=[lane(one) for one in running],
            lasts=_CLAIM,
        )
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery), name=f"delivery-{delivery.id}")
            self._under_way[task] = delivery
            task.add_done_callback(self._under_way.pop)
        return len(claimed) == at_most

    async def _renew(self) -> None:
        """Renew the claims of deliveries that are being sent, so that no other controller takes them over."""
        now = asyncio.get_running_loop().time()
        if self._under_way and now - self._renewed_at > _RENEW_SECONDS:
            self._renewed_at = now
            await deliveries.keep(self._db, [one.id for one in self._under_way.values()], lasts=_CLAIM)

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
        """Send one delivery and record its outcome. Never raises, so that a failure concerns this delivery alone."""
        delivery_log = log.bind(delivery=str(delivery.key), channel_type=delivery.type, attempt=delivery.attempts)
        config: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_SEND_SECONDS[CHANNELS[delivery.type].group]):
                config = self._vault.reveal(delivery.channel_config or {})
                await self._send(delivery, config)
        except SkippedError as error:
            why = str(error)
            delivery_log.info("delivery_skipped", reason=why)
            self._counts.deliveries.add((delivery.type, DeliveryOutcome.SKIPPED))
            await self._record(lambda: deliveries.skip(self._db, delivery, why))
            return
        except (DeliveryError, VaultError, TimeoutError) as error:
            permanent = isinstance(error, DeliveryError) and error.permanent
            text = without_secrets(str(error) or "it took too long", config)[:_LONGEST_ERROR]
        except Exception:  # a fault of ours, which may be mended before the next attempt
            log.exception("delivery_crashed", delivery=str(delivery.key), channel_type=delivery.type)
            permanent, text = False, "sending failed on Mailprobe's side"
        else:
            delivery_log.info("delivery_sent")
            self._counts.deliveries.add((delivery.type, DeliveryOutcome.SENT))
            await self._record(lambda: deliveries.sent(self._db, delivery))
            return
        again_in = None if permanent else pause_after(delivery.attempts)
        self._counts.deliveries.add((delivery.type, DeliveryOutcome.FAILED if again_in else DeliveryOutcome.GIVEN_UP))
        delivery_log.warning("delivery_failed", error=text, again_in=again_in and again_in.total_seconds())
        await self._record(lambda: deliveries.failed(self._db, delivery, text, again_in=again_in))

    async def _send(self, delivery: Claimed, config: dict[str, Any]) -> None:
        """Raises SkippedError, DeliveryError."""
        notice: Notice = msgspec.convert(delivery.notice, Notice)
        if why := _needless(delivery, notice):
            raise SkippedError(why)
        await CHANNELS[delivery.type].send(
            self._senders,
            Sending(
                key=delivery.key,
                receiver=delivery.receiver,
                config=config,
                notice=notice,
                message=render(notice, self._public_url),
                attempt=delivery.attempts,
                at=utc_now(),
                previous_keys=tuple(delivery.previous_keys),
            ),
        )

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


def _needless(delivery: Claimed, notice: Notice) -> str | None:
    """Why the delivery need not be sent any more; None when it must be sent."""
    if delivery.channel_id is not None and delivery.channel_config is None:
        return "the channel was deleted"
    if not delivery.channel_active:
        return "the channel was switched off"
    if not isinstance(notice, IncidentNotice):
        return None
    if notice.change in FOLLOWING and not delivery.previous_keys:
        return "this receiver was not notified of the outage"
    if delivery.over and notice.change not in FOLLOWING and delivery.attempts == 1 and delivery.delayed:
        return "the outage ended before this receiver was to be notified"
    return None
