"""What a row of the overview shows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.kinds import label_of, words_of
from controller.operations.overview.overview import BAR_SLICES, BarTime, LatestAtLocation, OverviewMonitor
from controller.pages.drawing.bar import GAP, Held, Run, runs, sliced
from controller.pages.overview.words import short_failure
from controller.pages.shell.texts import milliseconds, percent

_FAILED = "failure"
_PASSED = "success"
_UP = "up"
_MAINTENANCE = "maintenance"
_DAY = timedelta(days=1)
_LONGEST_REASON = 80
"""A hundred rows with several reasons each must stay small; the monitor's own page has the rest."""


class CellView(msgspec.Struct, frozen=True):
    """What one country finds. `state` is up, down (as seen from there), unknown (blind) or empty (not checked)."""

    state: str
    text: str


class RowView(msgspec.Struct, frozen=True, kw_only=True):
    """`why` has a line for each slice in which another reason begins (read by bar.js). A bar that is `worth` a
    visit of the keyboard has more than one state. `until` is when the maintenance ends, on another day where `dated`.
    """

    id: UUID
    state: str
    until: datetime | None
    dated: bool
    name: str
    address: str
    kind: str
    customer: str
    customer_id: UUID
    cells: tuple[CellView, ...]
    uptime: str
    runs: list[Run]
    label: str
    why: str
    worth: bool


_NOTHING = CellView("", "–")


def with_shared_reasons(rows: Sequence[RowView]) -> tuple[list[RowView], list[str]]:
    """The rows with each reason that several of them give as `#` and its place in a list, and that list: in a large
    outage a hundred rows give the same one.
    """
    counted = Counter(text for row in rows for _, text in _reasons(row.why))
    shared = [text for text, times in counted.items() if times > 1 and text]
    places = {text: f"#{number}" for number, text in enumerate(shared)}
    return [
        msgspec.structs.replace(
            row, why="\n".join(f"{number} {places.get(text, text)}".rstrip() for number, text in _reasons(row.why))
        )
        for row in rows
    ], shared


def _reasons(why: str) -> list[tuple[str, str]]:
    return [(number, text) for number, _, text in (line.partition(" ") for line in why.splitlines())]


def columns_of(monitors: Iterable[OverviewMonitor]) -> tuple[str, ...]:
    """The countries that check any of these monitors."""
    return tuple(sorted({one.country for monitor in monitors for one in monitor.latest}))


def row_view(monitor: OverviewMonitor, columns: Sequence[str], time: BarTime) -> RowView:
    by_country: dict[str, list[LatestAtLocation]] = {}
    for one in monitor.latest:
        by_country.setdefault(one.country, []).append(one)
    held = [Held(one.from_at, one.to_at, one.state, one.reason) for one in monitor.states]
    ends = monitor.maintenance_until if monitor.state == _MAINTENANCE else None
    slices = sliced(held, time.since, time.until, BAR_SLICES)
    drawn = runs(slices)
    return RowView(
        id=monitor.public_id,
        state=monitor.state,
        until=ends,
        dated=ends is not None and ends - time.until > _DAY,
        name=monitor.name,
        address=monitor.address,
        kind=label_of(monitor.kind),
        customer=monitor.customer_name,
        customer_id=monitor.customer_id,
        cells=tuple(
            _cell(monitor, by_country[country], monitor.medians.get(country)) if country in by_country else _NOTHING
            for country in columns
        ),
        uptime=percent(monitor.uptime),
        runs=drawn,
        label=_label(slices),
        why=_why(slices),
        worth=len(drawn) > 1,
    )


def _cell(monitor: OverviewMonitor, latest: Sequence[LatestAtLocation], median: float | None) -> CellView:
    """A country fails when any of its locations does, and is blind when all of them are."""
    failed = [one for one in latest if one.status == _FAILED]
    passed = [one.duration_ms for one in latest if one.status == _PASSED]
    if failed:
        return CellView("down", short_failure(failed[0].failure_kind, words_of(monitor.kind)))
    if not passed:
        return CellView("unknown", "blind")
    return CellView("up", milliseconds(sorted(passed)[len(passed) // 2] if median is None else median))


def _label(slices: Sequence[Held]) -> str:
    """The bar in words: how many of its slices show which state."""
    counted = Counter(_word(one) for one in slices)
    if len(counted) == 1:
        return f"24 h: {next(iter(counted))}"
    return "24 h: " + ", ".join(f"{number} {word}" for word, number in counted.items()) + f" of {len(slices)}"


def _word(one: Held) -> str:
    return "no data" if one.state == GAP else one.state


def _why(slices: Sequence[Held]) -> str:
    """Lines of a slice's number and the reason from there on; a line without one ends the one before. Why all is well
    needs no words.
    """
    lines: list[str] = []
    last = ""
    for number, one in enumerate(slices):
        reason = "" if one.state == _UP else _cut(" ".join(one.reason.split()))
        if reason != last:
            lines.append(f"{number} {reason}".rstrip())
            last = reason
    return "\n".join(lines)


def _cut(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
