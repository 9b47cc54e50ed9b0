"""What a recipient's settings mean for messages about an incident (docs/compatibility.md, A17). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.occurrences import Timetable, occurrences
from controller.model.maintenance import Frequency, Recurrence
from controller.model.notification.recipients import RecipientBlackout, RecipientSettings

IN_BLACKOUT = "a blackout silences this recipient"
NO_CLEAR = "this recipient is not notified when an error ends (notify_on_clear)"
ENOUGH = "this recipient was notified of this outage as often as it wishes (stop_threshold)"
NO_ALERTS = "this recipient wishes no availability alerts (availability_alert)"
_A_MOMENT = timedelta(seconds=1)


def least_seconds(settings: RecipientSettings, interval_seconds: int) -> int:
    """How long an incident must last before the recipient hears of it: the time from its first failing round to the one
    that is the recipient's `start_threshold`.
    """
    return (settings.start_threshold - 1) * interval_seconds


def why_not(
    settings: RecipientSettings,
    blackouts: Iterable[RecipientBlackout],
    messages: int,
    now: datetime,
    *,
    over: bool,
) -> str | None:
    """Why the recipient does not get a message about an incident, or about its end (`over`), after so many about the
    same one; None when it does.
    """
    if not settings.availability_alert:
        return NO_ALERTS
    if any(silences(one, now) for one in blackouts):
        return IN_BLACKOUT
    if over:
        return None if settings.notify_on_clear else NO_CLEAR
    return ENOUGH if settings.stop_threshold and messages >= settings.stop_threshold else None


def silences(blackout: RecipientBlackout, now: datetime) -> bool:
    recurrence = Recurrence(Frequency.WEEKLY) if blackout.weekly else None
    table = Timetable(ZoneInfo(blackout.time_zone), blackout.start, blackout.end, recurrence)
    return any(one.holds(now) for one in occurrences(table, now - _A_MOMENT, now + _A_MOMENT))
