"""One attempt to send a delivery, and what came of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import structlog

from controller.decisions.notification.recipients import FOLLOWING
from controller.decisions.notification.retries import is_stale
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import ChannelGroup, Senders
from controller.notify.errors import DeliveryError, Fault, SkippedError
from controller.notify.message import render
from controller.notify.notice import IncidentNotice, Notice
from controller.notify.registry import CHANNELS
from controller.notify.sending import Sending, without_secrets
from controller.pipeline.delivery.mail_warnings import mail_warnings
from controller.store.maintenance.covered import times_around
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultError
from shared.clock import utc_now

log = structlog.get_logger()

_SEND_SECONDS = {
    ChannelGroup.EMAIL: 150.0,
    ChannelGroup.SMS: 40.0,
    ChannelGroup.WEBHOOK: 40.0,
    ChannelGroup.APPRISE: 40.0,
}
_LONGEST_ERROR = 300
_AFTER_MAINTENANCE = timedelta(minutes=1)
_TOO_OLD = "its receiver did not work for two days"


class Skipped(NamedTuple):
    """Nothing was sent, and nothing failed."""

    why: str


class Postponed(NamedTuple):
    """Nothing was sent: the monitor is in maintenance. It is tried again after this time."""

    again_in: timedelta


class FailedAttempt(NamedTuple):
    """`answered` says that the receiver works, and refused this message."""

    error: str
    permanent: bool
    fault: Fault
    answered: bool = False


class Attempts:
    """`public_url` is the base of the links in messages."""

    def __init__(self, db: Database, vault: Vault, senders: Senders, public_url: PublicUrl) -> None:
        self._db = db
        self._vault = vault
        self._senders = senders
        self._public_url = public_url

    async def send(self, delivery: Claimed, *, failing: bool) -> Skipped | Postponed | FailedAttempt | None:
        """Send a delivery; None when it was accepted. `failing` says that its receiver or transport fails: what has
        waited for long behind others is then given up. A failure of any kind concerns this delivery alone.
        """
        if failing and is_stale(utc_now() - delivery.due_from):
            return FailedAttempt(_TOO_OLD, permanent=True, fault=Fault.MESSAGE)
        group = CHANNELS[delivery.type].group
        config: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_SEND_SECONDS[group]):
                if await self._waits_for_maintenance(delivery):
                    return Postponed(_AFTER_MAINTENANCE)
                config = self._vault.reveal(delivery.channel_config or {})
                await self._send(delivery, config)
        except SkippedError as error:
            return Skipped(str(error))
        except VaultError as error:
            return FailedAttempt(str(error)[:_LONGEST_ERROR], permanent=False, fault=Fault.MESSAGE)
        except DeliveryError as error:
            text = without_secrets(str(error), config)[:_LONGEST_ERROR]
            answered = error.fault is Fault.MESSAGE and error.status is not None
            return FailedAttempt(text, error.permanent, error.fault, answered)
        except TimeoutError:
            own = group in (ChannelGroup.EMAIL, ChannelGroup.SMS)
            return FailedAttempt("it took too long", permanent=False, fault=Fault.TRANSPORT if own else Fault.CHANNEL)
        except Exception:  # a fault of ours, which may be mended before the next attempt
            log.exception("delivery_crashed", delivery=str(delivery.key), channel_type=delivery.type)
            return FailedAttempt("sending failed on Mailprobe's side", permanent=False, fault=Fault.MESSAGE)
        return None

    async def _waits_for_maintenance(self, delivery: Claimed) -> bool:
        """Whether a maintenance began before this receiver was to be notified of an outage; after its end, checks have
        a moment to show that the outage is over.
        """
        notice: Notice = msgspec.convert(delivery.notice, Notice)
        if not isinstance(notice, IncidentNotice) or notice.change in FOLLOWING or delivery.previous_keys:
            return False
        if not delivery.delayed or delivery.attempts > 1:
            return False
        now = utc_now()
        async with self._db.connection() as connection:
            times = await times_around(connection, notice.monitor.id, now)
        if notice.maintenance:
            return any(one.holds(now) for one in times)
        return any(one.from_at <= now and (one.to_at is None or one.to_at > now - _AFTER_MAINTENANCE) for one in times)

    async def _send(self, delivery: Claimed, config: dict[str, Any]) -> None:
        """Raises SkippedError, DeliveryError."""
        notice: Notice = msgspec.convert(delivery.notice, Notice)
        if why := _needless(delivery, notice):
            raise SkippedError(why)
        remarks = await mail_warnings(self._db, delivery) if delivery.type == "email" else ()
        await CHANNELS[delivery.type].send(
            self._senders,
            Sending(
                key=delivery.key,
                receiver=delivery.receiver,
                config=config,
                notice=notice,
                message=render(notice, self._public_url, remarks),
                attempt=delivery.attempts,
                at=utc_now(),
                previous_keys=tuple(delivery.previous_keys),
                thread=delivery.thread,
            ),
        )


def _needless(delivery: Claimed, notice: Notice) -> str | None:
    """Why the delivery need not be sent any more; None when it must be sent."""
    if delivery.channel_id is not None and delivery.channel_config is None:
        return "the channel was deleted"
    if not delivery.channel_active:
        return "the channel was switched off"
    if delivery.from_here:
        return "it was done there"
    if not isinstance(notice, IncidentNotice):
        return None
    if notice.change in FOLLOWING and not delivery.previous_keys:
        return "this receiver was not notified of the outage"
    if delivery.over and notice.change not in FOLLOWING and delivery.attempts == 1 and delivery.delayed:
        return "the outage ended before this receiver was to be notified"
    return None
