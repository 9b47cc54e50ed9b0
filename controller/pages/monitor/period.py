"""Which time the page shows and which part of the log, as its address says; and the addresses of other times. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from controller.decisions.history.views import LENGTHS, Range, View, chart_view
from controller.errors import InvalidError
from controller.operations.monitors.report import LogFilter, LogPlace, LogQuestion
from controller.pages.monitor.words import PURPOSES
from shared.epoch import to_datetime, to_ms
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose

E = TypeVar("E", bound=StrEnum)

RANGES = {"hour": timedelta(hours=1), **{range_.value: length for range_, length in LENGTHS.items()}}
DEFAULT = "day"
LONGEST = timedelta(days=366)
SHORTEST = timedelta(minutes=5)

_STATUSES = {"passed": ResultStatus.SUCCESS, "failed": ResultStatus.FAILURE, "blind": ResultStatus.UNKNOWN}
STATUS_WORDS = {status: word for word, status in _STATUSES.items()}
_LATEST_MS = 32_503_680_000_000  # the year 3000
_LAST_ID = 2**31 - 1


class Address(msgspec.Struct, frozen=True):
    """The query of the page, as far as links keep it."""

    query: dict[str, str]

    def to(self, **changes: str | None) -> str:
        """The same page with other values; None removes one, and a trailing `_` is not part of a name."""
        query = self.query | {name.rstrip("_"): value for name, value in changes.items()}
        return "?" + urlencode({name: value for name, value in query.items() if value})


class ShownTime(msgspec.Struct, frozen=True, kw_only=True):
    """`range` is None for a free time. The view covers whole slices, so it may be a little longer than requested."""

    range: str | None
    since: datetime
    until: datetime
    view: View


def period_of(query: Mapping[str, str], now: datetime) -> ShownTime:
    """Raises InvalidError naming the parameter."""
    name = query.get("range") or DEFAULT
    if name not in RANGES:
        raise InvalidError("range", f"must be one of {', '.join(RANGES)}")
    start, end = _moment(query, "from"), _moment(query, "to")
    until = min(end or now, now)
    since = start or max(until - RANGES[name], to_datetime(0))
    if since >= until:
        raise InvalidError("from", "must be before to, and before now")
    if until - since > LONGEST:
        raise InvalidError("from", f"must be at most {LONGEST.days} days before to")
    view = chart_view(Range.DAY, reference=now, start=since, end=until, raw=False, now=now)
    return ShownTime(range=None if start or end else name, since=since, until=until, view=view)


def question_of(query: Mapping[str, str], view: View) -> LogQuestion:
    """Raises InvalidError naming the parameter."""
    choice = LogFilter(
        since=view.since,
        until=view.until + timedelta(milliseconds=1),
        location=query.get("location") or None,
        status=_one_of(query, "status", _STATUSES),
        purpose=_one_of(query, "purpose", {one.value: one for one in PURPOSES}),
    )
    return LogQuestion(choice=choice, before=_place(query, "before"), after=_place(query, "after"))


def triggered_at(query: Mapping[str, str]) -> datetime | None:
    """The due moment of the check that was triggered. Raises InvalidError."""
    text = query.get("checked")
    if not text:
        return None
    if not text.isdecimal() or not text.isascii() or int(text[:20]) > _LATEST_MS:
        raise InvalidError("checked", "must be milliseconds since 1970")
    return to_datetime(int(text))


def place_text(place: LogPlace) -> str:
    return f"{to_ms(place.due_at)}.{place.location_id}.{place.purpose.value}"


class RangeLink(msgspec.Struct, frozen=True):
    """A link to another time; `current` when it is the one shown."""

    name: str
    href: str
    current: bool = False


class RangeView(msgspec.Struct, frozen=True, kw_only=True):
    """The links to other times. None where there is none: nothing is later than now."""

    since: datetime
    until: datetime
    presets: list[RangeLink]
    earlier: str
    later: str | None
    closer: str | None
    wider: str | None
    kept: dict[str, str]
    """What the form for a free time sends besides its times."""


def range_view(period: ShownTime, address: Address, now: datetime) -> RangeView:
    since, until = period.since, period.until
    length = until - since

    def free(from_at: datetime, to_at: datetime) -> str:
        return address.to(range=None, from_=_text(from_at), to=_text(to_at), before=None, after=None, checked=None)

    wider = since - length / 2, min(now, until + length / 2)
    return RangeView(
        since=since,
        until=until,
        presets=[
            RangeLink(
                name,
                address.to(range=name, from_=None, to=None, before=None, after=None, checked=None),
                period.range == name,
            )
            for name in RANGES
        ],
        earlier=free(since - length, since),
        later=free(until, min(until + length, now)) if now - until > SHORTEST else None,
        closer=free(since + length / 4, until - length / 4) if length / 2 >= SHORTEST else None,
        wider=free(*wider) if wider[1] - wider[0] <= LONGEST else None,
        kept={name: value for name, value in address.query.items() if name in ("location", "status", "purpose")},
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if at.year < 1971:
            raise ValueError
    except (ValueError, OverflowError):
        raise InvalidError(name, "must be a moment, as 2026-01-31T12:00Z") from None
    return at


def _one_of(query: Mapping[str, str], name: str, known: Mapping[str, E]) -> E | None:
    text = query.get(name)
    if not text:
        return None
    if text not in known:
        raise InvalidError(name, f"must be one of {', '.join(known)}")
    return known[text]


def _place(query: Mapping[str, str], name: str) -> LogPlace | None:
    text = query.get(name)
    if not text:
        return None
    try:
        due_ms, location, purpose = text.split(".")
        if not (due_ms + location).isdecimal() or int(due_ms) > _LATEST_MS or int(location) > _LAST_ID:
            raise ValueError
        return LogPlace(to_datetime(int(due_ms)), int(location), Purpose(purpose))
    except ValueError:
        raise InvalidError(name, "must come from a link of this page") from None
