"""At the end of a channel's quiet hours: one digest of what they held, to each of its receivers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from controller.decisions.notification.quiet_hours import held_words, quiet_until, zone_of_hours
from controller.model.notification.quiet_hours import quiet_hours_in
from controller.notify.digest_notice import DigestNotice, DigestOutage
from controller.store.notifications import held
from controller.store.notifications.held import HeldDelivery, HeldOutage, HoldingChannel
from controller.store.platform.pool import Connection, Database, is_away
from shared.clock import utc_now

log = structlog.get_logger()

DIGEST_SECONDS = 1.0
_AT_A_TIME = 100


async def send_quiet_digests(database: Database, now: datetime | None = None) -> int:
    """Make the digests of all channels whose quiet hours are over, and return how many. The digest and the marks of
    what it tells are one transaction. A channel that fails delays no other one. Raises StoreUnavailableError.
    """
    now = now or utc_now()
    made = after = 0
    while found := await held.channels_due(database, now, after=after, at_most=_AT_A_TIME):
        for channel_id in found:
            after = channel_id
            try:
                async with database.transaction() as connection:
                    made += await _digest(connection, channel_id, now)
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("quiet_digest_failed", channel=channel_id)
                break  # asking for the next ones shows whether PostgreSQL answers
    return made


async def _digest(connection: Connection, channel_id: int, now: datetime) -> int:
    channel = await held.locked_channel(connection, channel_id)
    if channel is None:
        return 0
    hours = quiet_hours_in(channel.quiet_hours)
    until = quiet_until(hours, channel.time_zone, now) if hours else None
    if hours and until:
        await held.extend(connection, channel.id, until, held_words(until, zone_of_hours(hours, channel.time_zone)))
        return 0
    receivers: dict[str, list[HeldDelivery]] = {}
    for one in await held.held_by(connection, channel.id):
        receivers.setdefault(one.receiver, []).append(one)
    zone = (hours and hours.time_zone) or channel.time_zone
    for deliveries in receivers.values():
        outages = await held.outages_of(connection, [one.id for one in deliveries])
        notice = digest_of(channel, zone, deliveries, outages, now)
        made = await held.digest(connection, channel, msgspec.to_builtins(notice), deliveries)
        log.info("quiet_digest_made", channel=channel.id, delivery=made, notifications=len(deliveries))
    return len(receivers)


def digest_of(
    channel: HoldingChannel,
    time_zone: str,
    deliveries: Sequence[HeldDelivery],
    outages: Sequence[HeldOutage],
    now: datetime,
) -> DigestNotice:
    """What the held deliveries tell now: each incident once, those that last first."""
    found = {
        one.public_id: DigestOutage(
            incident_public_id=one.public_id,
            monitor=one.monitor,
            customer=one.customer,
            severity=one.severity,
            reason=one.reason,
            began=one.began,
            ended=one.ended,
        )
        for one in outages
    }
    wrong = [one for one in found.values() if one.ended is None]
    return DigestNotice(
        title=digest_title(len(wrong), len(found) - len(wrong)),
        at=now,
        since=min(one.due_from for one in deliveries),
        time_zone=time_zone,
        organization=channel.organization,
        wrong=wrong,
        ended=[one for one in found.values() if one.ended is not None],
    )


def digest_title(wrong: int, ended: int) -> str:
    """For example "Quiet hours: 2 outages last, 3 are over"."""
    over = f"{ended} {'is' if ended == 1 else 'are'} over"
    if not wrong:
        return f"Quiet hours: {ended} outage{'s' * (ended != 1)}, {'over' if ended == 1 else 'all over'}"
    lasting = f"{wrong} outage{'s' * (wrong != 1)} last{'s' * (wrong == 1)}"
    return f"Quiet hours: {lasting}" + (f", {over}" if ended else "")
