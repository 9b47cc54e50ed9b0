"""Which instant a wall clock's time is. Pure.

A time that a zone skips (the hour in spring) is the instant with the offset from before the gap: 02:15 in Berlin on
that night is 03:15. A time that comes twice (the hour in autumn) is the first one as a start and the second one as an
end, so that a window covers both. RFC 5545 would drop an occurrence at a time that does not exist: people would be
woken.
"""

from __future__ import annotations

from datetime import MINYEAR, UTC, datetime
from zoneinfo import ZoneInfo

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""What UTC's calendar can say. A zone's clock is before or beyond it for some hours of the first and the last day."""


def start_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which something begins that starts at this time (naive) of the zone's clock."""
    return _instant(wall.replace(tzinfo=zone, fold=0))


def end_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which something is over that ends at this time (naive) of the zone's clock."""
    return _instant(wall.replace(tzinfo=zone, fold=int(_comes_twice(wall, zone))))


def _instant(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == MINYEAR else _LAST


def _comes_twice(wall: datetime, zone: ZoneInfo) -> bool:
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
