"""Which times a monitor was in maintenance, and whether it is now, from the occurrences of its windows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from controller.decisions.maintenance.covering import covering
from controller.model.maintenance import InMaintenance, WindowTime


class Settled(NamedTuple):
    """What is to be written: times that begin, times with another end, and whether the monitor is in maintenance."""

    begun: list[WindowTime]
    changed: list[WindowTime]
    current: InMaintenance | None


def settle(
    occurring: Iterable[WindowTime],
    written: Iterable[WindowTime],
    current: InMaintenance | None,
    since: datetime,
    now: datetime,
) -> Settled:
    """`occurring` are the occurrences of the windows that are for the monitor now, as far as they end after `since`,
    the moment until which all was settled before; `written` are its times that end after `since`; `current` is whether
    it was in maintenance. A monitor that a window is for only since a moment ago begins now.
    """
    occurring = sorted(occurring, key=lambda one: one.from_at)
    left = list(written)
    begun, changed = [], []
    for one in occurring:
        if one.from_at > now:
            continue
        known = next((time for time in left if _is_of(time, one, now)), None)
        if known is not None:
            left.remove(known)
            if (known.to_at, known.effect) != (one.to_at, one.effect):
                changed.append(known._replace(to_at=one.to_at, effect=one.effect))
        else:
            begins = one.from_at if one.from_at > since else now
            if one.to_at is None or begins < one.to_at:
                begun.append(one._replace(from_at=begins))
    changed += [time._replace(to_at=now) for time in left if time.holds(now)]
    return Settled(begun, changed, _current(occurring, current, now))


def changed_spans(written: Iterable[WindowTime], settled: Settled, now: datetime) -> list[tuple[datetime, datetime]]:
    """The past times, from one moment to another, of which it was not known yet that the monitor was in maintenance, or
    that it was not.
    """
    ends = {(time.window_id, time.from_at): time.to_at for time in written}
    found = [(time.from_at, min(time.to_at or now, now)) for time in settled.begun]
    for time in settled.changed:
        first, last = sorted(min(end or now, now) for end in (ends[time.window_id, time.from_at], time.to_at))
        found.append((first, last))
    return [(first, last) for first, last in found if first < last]


def _is_of(time: WindowTime, occurrence: WindowTime, now: datetime) -> bool:
    """Whether a time is that of an occurrence. It may have begun later, and one that ended early is over for good."""
    if time.window_id != occurrence.window_id or time.from_at < occurrence.from_at:
        return False
    return time.holds(now) or (not occurrence.holds(now) and time.from_at < (occurrence.to_at or now))


def _current(occurring: Sequence[WindowTime], before: InMaintenance | None, now: datetime) -> InMaintenance | None:
    found = covering(occurring, now)
    return found._replace(since=before.since) if found and before else found
