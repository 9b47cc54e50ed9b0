"""Which occurrences of a window are stored: those of the next 40 days and those under way. Pure.

What has been stays as it was: one that is under way when its window is made or moved begins at that moment, and one
that its window has no longer ends at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.occurrences import Occurrence, Timetable, occurrences, upcoming
from controller.model.maintenance import MaintenanceWindow, NewWindow, StoredOccurrence

AHEAD = timedelta(days=40)


def timetable(window: MaintenanceWindow | NewWindow) -> Timetable:
    return Timetable(ZoneInfo(window.time_zone), window.start, window.end, window.recurrence)


def expanded(
    stored: Iterable[StoredOccurrence], table: Timetable | None, now: datetime, *, anew: bool = False
) -> list[StoredOccurrence]:
    """What is to be stored in place of everything stored that is not over. `stored` are also those that are over and
    were moved. `table` None: the window is disabled. With `anew` its times were changed: what was moved is forgotten.
    """
    planned = {} if table is None else {one.from_at: one for one in occurrences(table, now, now + AHEAD)}
    before = {one.planned_at: one for one in stored}
    found = {}
    for at, one in before.items():
        if one.moved and table is not None and not anew:
            found[at] = one
        elif one.holds(now) and at not in planned and one.from_at < now:
            found[at] = one._replace(to_at=now)
    return sorted(
        [*found.values(), *(_stored(one, before.get(at), now) for at, one in planned.items() if at not in found)]
    )


def _stored(planned: Occurrence, before: StoredOccurrence | None, now: datetime) -> StoredOccurrence:
    begins = planned.from_at
    if begins <= now:
        begins = before.from_at if before is not None and before.holds(now) else now
    return StoredOccurrence(planned.from_at, begins, planned.to_at)


def coming(stored: Iterable[StoredOccurrence], table: Timetable, now: datetime, at_most: int) -> list[Occurrence]:
    """The next occurrences, one under way as the first; also such as a change of the clock leaves nothing of."""
    kept = {one.planned_at: one for one in stored if one.moved or one.holds(now)}
    found = [Occurrence(one.from_at, one.to_at) for one in kept.values() if one.to_at is None or one.to_at > now]
    planned = islice(upcoming(table, now), at_most + len(kept))
    found += [one for one in planned if one.from_at not in kept]
    return sorted(found, key=lambda one: one.from_at)[:at_most]
