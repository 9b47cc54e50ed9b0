"""One attempt to send a delivery, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
import structlog

from controller.decisions.notification.quiet_hours import NotifiedOutage, held_words, quiet_until, waits, zone_of_hours
from controller.decisions.notification.recipients import FOLLOWING
from controller.decisions.notification.retries import is_stale
from controller.model.notification.quiet_hours import quiet_hours_in
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import ChannelGroup, Senders
from controller.notify.errors import DeliveryError, Fault, SkippedError
from controller.notify.handover.services import HANDED_OVER
from controller.notify.message import render
from controller.notify.notice import GroupNotice, IncidentNotice, Notice
from controller.notify.registry import CHANNELS
from controller.notify.sending import Sending, without_secrets
from controller.pipeline.delivery.links import ack_link, unsubscribe_link
from controller.pipeline.delivery.mail_warnings import mail_warnings
from controller.pipeline.delivery.unwished import unwished
from controller.store.maintenance.covered import times_around
from controller.store.notifications import group_receivers, held
from controller.store.notifications.claims import Claimed
from controller.store.platform.link_tokens import new_link_token
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultError
from shared.clock import utc_now
from shared.secret import Secret

log = structlog.get_logger()

_SEND_SECONDS = {
    ChannelGroup.EMAIL: 150.0,
    ChannelGroup.SMS: 40.0,
    ChannelGroup.WEBHOOK: 40.0,
    ChannelGroup.APPRISE: 40.0,
}
_LONGEST_ERROR = 300
_AFTER_MAINTENANCE = timedelta(minutes=1)
_AFTER_DIGEST = timedelta(seconds=5)
_TOO_OLD = "its receiver did not work for two days"


class Skipped(NamedTuple):
    """Nothing was sent, and nothing failed."""

    why: str


class Postponed(NamedTuple):
    """Nothing was sent: the monitor is in maintenance. It is tried again after this time."""

    again_in: timedelta


class HeldQuiet(NamedTuple):
    """Nothing was sent: quiet hours of the channel hold it until then, which `words` say to people. `joining` an
    earlier one of its incident that they hold.
    """

    until: datetime
    words: str
    joining: bool = False


class FailedAttempt(NamedTuple):
    """`answered` says that the receiver works, and refused this message."""

    error: str
    permanent: bool
    fault: Fault
    answered: bool = False


NotSent: TypeAlias = Skipped | Postponed | HeldQuiet | FailedAttempt


class Attempts:
    """`public_url` is the base of the links in messages."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        senders: Senders,
        public_url: PublicUrl,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._senders = senders
        self._public_url = public_url

    async def send(self, delivery: Claimed, *, failing: bool) -> NotSent | None:
        """Send a delivery; None when it was accepted. `failing` says that its receiver or transport fails: what has
        waited for long behind others is then given up. A failure of any kind concerns this delivery alone.
        """
        if failing and is_stale(utc_now() - delivery.due_from):
            return FailedAttempt(_TOO_OLD, permanent=True, fault=Fault.MESSAGE)
        group = CHANNELS[delivery.type].group
        config: dict[str, Any] = {}
        token = new_link_token()
        try:
            async with asyncio.timeout(_SEND_SECONDS[group]):
                if await self._waits_for_maintenance(delivery):
                    return Postponed(_AFTER_MAINTENANCE)
                if quiet := await self._quiet(delivery):
                    return quiet
                config = self._vault.reveal(delivery.channel_config or {})
                await self._send(delivery, config, token)
        except SkippedError as error:
            return Skipped(str(error))
        except VaultError as error:
            return FailedAttempt(str(error)[:_LONGEST_ERROR], permanent=False, fault=Fault.MESSAGE)
        except DeliveryError as error:
            text = without_secrets(str(error), {**config, "token": [config.get("token"), token.reveal()]})
            text = text[:_LONGEST_ERROR]
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

    async def _quiet(self, delivery: Claimed) -> HeldQuiet | Postponed | None:
        """Whether quiet hours of the channel hold it. What follows an outage that they hold is told with it."""
        if delivery.channel_config is None or not delivery.channel_active:
            return None
        notice: Notice = msgspec.convert(delivery.notice, Notice)
        if delivery.group_id is None and not isinstance(notice, IncidentNotice):
            return None
        covered = await held.covered(self._db, delivery.id) if delivery.group_id is not None else []
        if not covered and isinstance(notice, IncidentNotice):  # as of a reminder
            covered = [(notice.severity, notice.monitor.public_id)]
        outages = [NotifiedOutage(*one) for one in covered]
        if await self._needless(delivery, notice) and not (delivery.held_until or delivery.digest_waits):
            return None
        now = self._clock()
        hours = None if delivery.type in HANDED_OVER else quiet_hours_in(delivery.quiet_hours)
        zone = zone_of_hours(hours, delivery.time_zone) if hours else ZoneInfo(delivery.time_zone)
        if hours and outages and waits(hours, outages) and (until := quiet_until(hours, delivery.time_zone, now)):
            return HeldQuiet(until, held_words(until, zone))
        if isinstance(notice, IncidentNotice) and notice.change in FOLLOWING and not delivery.previous_keys:
            if delivery.held_until:
                return HeldQuiet(delivery.held_until, held_words(delivery.held_until, zone), joining=True)
            if delivery.digest_waits:
                return Postponed(_AFTER_DIGEST)
        return None

    async def _send(self, delivery: Claimed, config: dict[str, Any], token: Secret) -> None:
        """Raises SkippedError, DeliveryError."""
        notice: Notice = msgspec.convert(delivery.notice, Notice)
        if why := await self._needless(delivery, notice):
            raise SkippedError(why)
        if why := await unwished(self._db, delivery, notice):
            raise SkippedError(why)
        remarks = await mail_warnings(self._db, delivery) if delivery.type == "email" else ()
        take = await ack_link(self._db, self._public_url, delivery, notice, token)
        leave = await unsubscribe_link(self._db, self._public_url, delivery, notice, token)
        await CHANNELS[delivery.type].send(
            self._senders,
            Sending(
                key=delivery.key,
                receiver=delivery.receiver,
                config=config,
                notice=notice,
                message=render(notice, self._public_url, remarks, ack_link=take, unsubscribe_link=leave),
                attempt=delivery.attempts,
                at=utc_now(),
                previous_keys=tuple(delivery.previous_keys),
                thread=delivery.thread,
            ),
        )

    async def _needless(self, delivery: Claimed, notice: Notice) -> str | None:
        """Why the delivery need not be sent any more; None when it must be sent."""
        if isinstance(notice, GroupNotice) and notice.recovers:
            async with self._db.connection() as connection:
                if not await group_receivers.knows_of_outages(connection, delivery.id):
                    return group_receivers.NOT_NOTIFIED
        return _needless(delivery, notice)


def _needless(delivery: Claimed, notice: Notice) -> str | None:
    """Why the delivery need not be sent any more, by what was claimed."""
    if delivery.channel_id is not None and delivery.channel_config is None:
        return "the channel was deleted"
    if not delivery.channel_active:
        return "the channel was switched off"
    if delivery.from_here:
        return "it was done there"
    if not isinstance(notice, IncidentNotice):
        return None
    if (notice.change in FOLLOWING or notice.acknowledgement) and not delivery.previous_keys:
        return group_receivers.NOT_NOTIFIED
    if delivery.over and notice.change not in FOLLOWING and delivery.attempts == 1 and delivery.delayed:
        return "the outage ended before this receiver was to be notified"
    return None
