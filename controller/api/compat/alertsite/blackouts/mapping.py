"""Blackouts as maintenance windows, and the other way round: once, or every week; on one monitor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import UNSET

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.blackouts.bodies import LONGEST_NOTE, BlackoutObject
from controller.decisions.maintenance.rules import EARLIEST, LATEST
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.http.timestamps import timestamp
from controller.model.maintenance import (
    Day,
    Effect,
    Frequency,
    MaintenanceWindow,
    Recurrence,
    Weekday,
)
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange

ONE_TIME = ("from_date", "thru_date")
WEEKLY = ("start_day", "end_day", "start_time", "end_time")
NAMES = {"start": "from_date", "end": "thru_date", "description": "note", "targets.monitors": "assoc_id"}
"""AlertSite's names of fields that an operation refuses by another name."""

NOT_WEEKLY = "must be true: a one-time blackout cannot be changed; delete it, and create another"

_EFFECTS = {"Monitor": Effect.SUSPEND, "Alert": Effect.SILENCE}
_TYPES = {effect: name for name, effect in _EFFECTS.items()}
_WEEK = timedelta(days=7)
_DATE, _TIME = "%Y-%m-%d %H:%M:%S", "%H:%M"
_SUNDAY = list(Weekday).index(Weekday.SUNDAY)


class Blackout(NamedTuple):
    """What is sent of a blackout, read: its effect, its times on the wall clock, and whether it is weekly."""

    effect: Effect
    start: datetime
    end: datetime
    weekly: bool
    note: str | None

    def change(self, monitor: int, zone: str) -> WindowChange:
        return WindowChange(
            name="Blackout",
            description=self.note,
            time_zone=zone,
            start=self.start,
            end=self.end,
            recurrence=Recurrence(Frequency.WEEKLY) if self.weekly else None,
            effect=self.effect,
            targets=WindowTargetsChange(monitors=[monitor]),
        )


def blackout_of(sent: Mapping[str, Any], zone: str, now: datetime) -> Blackout:
    """A whole blackout. `now` is an instant. Raises InvalidError."""
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    weekly = _is_weekly(sent)
    start, end = _week_times(sent, local) if weekly else _single_times(sent, local)
    note = None if sent.get("note") is None else values.text(sent["note"], "note", longest=LONGEST_NOTE)
    return Blackout(_effect(sent.get("type", UNSET)), start, end, weekly, note or None)


def shown_blackout(window: MaintenanceWindow, zone: str) -> BlackoutObject | None:
    """A window as a blackout; None for one that no blackout can say: of several monitors or of something else, without
    an end, disabled, that recurs in another way, or weekly in another zone.
    """
    targets = window.targets
    others = targets.labels or targets.customers or targets.locations or targets.organization
    if window.of_status is not None or window.end is None or not window.enabled or others or len(targets.monitors) != 1:
        return None
    if window.recurrence is not None and not (_is_plain_week(window) and window.time_zone == zone):
        return None
    weekly = window.recurrence is not None
    start, end = (window.start, window.end) if weekly else _local_times(window, window.end, zone)
    return BlackoutObject(
        id=window.id,
        assoc_id=targets.monitors[0].id,
        type=_TYPES[window.effect],
        **shown_times(start, end, weekly=weekly),
        note=window.description or "",
        date_added=timestamp(window.created_at),
        login=window.made_by,
    )


def shown_times(start: datetime, end: datetime, *, weekly: bool) -> dict[str, Any]:
    """When a blackout is, as it is answered; what is not of its sort is null."""
    return {
        "persistent": weekly,
        "from_date": None if weekly else start.strftime(_DATE),
        "thru_date": None if weekly else end.strftime(_DATE),
        "start_day": _day_number(start) if weekly else None,
        "end_day": _day_number(end) if weekly else None,
        "start_time": start.strftime(_TIME) if weekly else None,
        "end_time": end.strftime(_TIME) if weekly else None,
    }


def _effect(value: Any) -> Effect:
    if value == "Notifier":
        raise InvalidError("type", "must be Monitor or Alert for monitors: Notifier silences a recipient")
    if not isinstance(value, str) or value not in _EFFECTS:
        raise InvalidError("type", "must be Monitor, Alert or Notifier")
    return _EFFECTS[value]


def _is_weekly(sent: Mapping[str, Any]) -> bool:
    once = any(sent.get(name) is not None for name in ONE_TIME)
    weekly = any(sent.get(name) is not None for name in WEEKLY)
    if once and weekly:
        raise InvalidError("persistent", "must be clear: send from_date and thru_date, or days and times of a week")
    said = sent.get("persistent")
    if said is not None and values.flag(said, "persistent") is not (weekly if once or weekly else said):
        raise InvalidError("persistent", "must agree with the other fields: true with days and times of a week")
    return weekly or (not once and bool(said))


def _single_times(sent: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    start, end = (_parsed(sent.get(name), name, _DATE, "YYYY-MM-DD HH:MM:SS") for name in ONE_TIME)
    if start <= now:
        raise InvalidError("from_date", "must be in the future")
    if end <= start:
        raise InvalidError("thru_date", "must be after from_date")
    if end >= LATEST:
        raise InvalidError("thru_date", f"must be between {EARLIEST.year} and {LATEST.year}")
    return start, end


def _week_times(sent: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """The occurrence that is under way, or else the next one."""
    days = [values.number(sent.get(name), name, 1, 7) for name in ("start_day", "end_day")]
    times = [_parsed(sent.get(name), name, _TIME, "hh:mm") for name in ("start_time", "end_time")]
    offsets = [
        timedelta(days=day - 1, hours=time.hour, minutes=time.minute) for day, time in zip(days, times, strict=True)
    ]
    lasts = (offsets[1] - offsets[0]) % _WEEK
    if not lasts:
        raise InvalidError("end_time", "must not be the time at which it starts")
    sunday = datetime.combine(now.date(), datetime.min.time()) - timedelta(days=_day_number(now) - 1)
    start = sunday + offsets[0]
    start -= _WEEK if start > now else timedelta()
    start += _WEEK if start + lasts <= now else timedelta()
    return start, start + lasts


def _parsed(value: Any, field: str, form: str, words: str) -> datetime:
    try:
        return datetime.strptime(value if isinstance(value, str) else "", form)
    except ValueError:
        raise InvalidError(field, f"must be a time as {words}") from None


def _is_plain_week(window: MaintenanceWindow) -> bool:
    """Whether it recurs every week on the day of its start, at full minutes, for less than a week."""
    rule = window.recurrence
    own = (Day(list(Weekday)[window.start.weekday()]),)
    plain = rule == Recurrence(Frequency.WEEKLY) or rule == Recurrence(Frequency.WEEKLY, by_day=own)
    short = window.end is not None and window.end - window.start < _WEEK
    return plain and short and not window.start.second and not (window.end and window.end.second)


def _local_times(window: MaintenanceWindow, end: datetime, zone: str) -> tuple[datetime, datetime]:
    """The times of the only occurrence, as it was started, prolonged or ended, on the clock of this zone."""
    own, other = ZoneInfo(window.time_zone), ZoneInfo(zone)
    from_at, to_at = start_instant(window.start, own), end_instant(end, own)
    moved = [one for one in window.stored if one.moved and one.to_at is not None]
    if moved:
        from_at, to_at = moved[-1].from_at, moved[-1].to_at or to_at
    return from_at.astimezone(other).replace(tzinfo=None), to_at.astimezone(other).replace(tzinfo=None)


def _day_number(at: datetime) -> int:
    """1 is Sunday."""
    return (at.weekday() - _SUNDAY) % 7 + 1
