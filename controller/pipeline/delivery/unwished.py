"""Why a recipient does not get a message, by its settings and blackouts (docs/compatibility.md, A17 and A19)."""

from __future__ import annotations

import msgspec

from controller.decisions.notification.recipient_rules import why_not
from controller.model.notification.recipients import RecipientSettings
from controller.notify.notice import Notice
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Database
from controller.store.recipients import blackouts as recipient_blackouts
from shared.clock import utc_now


async def unwished(database: Database, delivery: Claimed, notice: Notice) -> str | None:
    """The reason in words; None when the message is sent. Only messages about incidents can be unwished."""
    if delivery.channel_id is None or delivery.incident_id is None:
        return None
    stored = await recipient_blackouts.settings_of(database, delivery.channel_id)
    blackouts = await recipient_blackouts.blackouts_of(database, delivery.organization_id, [delivery.channel_id])
    if stored is None and not blackouts:
        return None
    settings = msgspec.convert(stored or {}, RecipientSettings)
    return why_not(settings, blackouts, len(delivery.previous_keys), utc_now(), over=notice.over)
