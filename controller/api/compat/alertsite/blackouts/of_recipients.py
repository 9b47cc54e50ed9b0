"""Blackouts of the type Notifier, which silence a recipient (docs/compatibility.md, A19)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.blackouts.bodies import BlackoutObject
from controller.api.compat.alertsite.blackouts.mapping import NOT_WEEKLY, Blackout, blackout_of, shown_times
from controller.errors import InvalidError
from controller.http.timestamps import timestamp
from controller.model.notification.recipients import RecipientBlackout
from controller.store.recipients.blackouts import NewBlackout

NOTIFIER = "Notifier"


def changed_blackout(one: RecipientBlackout, body: Mapping[str, Any], now: datetime) -> NewBlackout:
    """Raises InvalidError."""
    if not one.weekly:
        raise InvalidError("persistent", NOT_WEEKLY)
    if body.get("type", NOTIFIER) != NOTIFIER:
        raise InvalidError("type", "cannot be changed from Notifier")
    shown = msgspec.structs.asdict(shown_of_recipient(one))
    merged = {name: value for name, value in shown.items() if value is not None} | dict(body)
    blackout = times_of(merged, one.time_zone, now)
    if not blackout.weekly:
        raise InvalidError("persistent", NOT_WEEKLY)
    return new_blackout(blackout, values.number(merged["assoc_id"], "assoc_id", 1, 2**63 - 1), one.time_zone)


def times_of(body: Mapping[str, Any], zone: str, now: datetime) -> Blackout:
    """When it is, by the rules of all blackouts. Raises InvalidError."""
    return blackout_of({**body, "type": "Alert"}, zone, now)


def is_of_recipient(body: Mapping[str, Any]) -> bool:
    return body.get("type") == NOTIFIER


def new_blackout(blackout: Blackout, channel_id: int, zone: str) -> NewBlackout:
    return NewBlackout(
        channel_id=channel_id,
        time_zone=zone,
        start=blackout.start,
        end=blackout.end,
        weekly=blackout.weekly,
        note=blackout.note or "",
    )


def shown_of_recipient(one: RecipientBlackout) -> BlackoutObject:
    return BlackoutObject(
        id=one.id,
        assoc_id=one.channel_id,
        type=NOTIFIER,
        **shown_times(one.start, one.end, weekly=one.weekly),
        note=one.note,
        date_added=timestamp(one.created_at),
        login=one.made_by,
    )
