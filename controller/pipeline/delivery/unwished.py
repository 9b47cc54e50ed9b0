"""Why a recipient does not get a message: by its settings and blackouts (docs/compatibility.md, A17 and A19), or by its
own will.
"""

from __future__ import annotations

import msgspec

from controller.decisions.notification.recipient_rules import why_not
from controller.model.notification.recipients import RecipientSettings
from controller.notify.notice import Notice
from controller.notify.report_notice import ReportNotice
from controller.store.digests import unsubscribing
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Database
from controller.store.recipients import blackouts as recipient_blackouts
from shared.clock import utc_now


async def unwished(database: Database, delivery: Claimed, notice: Notice) -> str | None:
    """The reason in words; None when the message is sent. Only messages about incidents and digests can be
    unwished.
    """
    if delivery.channel_id is None:
        return None
    if isinstance(notice, ReportNotice):
        return await _left(database, delivery.channel_id, delivery.receiver)
    if delivery.incident_id is None:
        return None
    stored = await recipient_blackouts.settings_of(database, delivery.channel_id)
    blackouts = await recipient_blackouts.blackouts_of(database, delivery.organization_id, [delivery.channel_id])
    if stored is None and not blackouts:
        return None
    settings = msgspec.convert(stored or {}, RecipientSettings)
    return why_not(settings, blackouts, len(delivery.previous_keys), utc_now(), over=notice.over)


async def _left(database: Database, channel_id: int, receiver: str) -> str | None:
    """The digest may have been made before its receiver left."""
    async with database.connection() as connection:
        subscribed = await unsubscribing.still_subscribed(connection, channel_id, [receiver])
    return None if subscribed else "its receiver unsubscribed from digests"
