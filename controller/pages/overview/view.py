"""What the overview shows as a whole. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.kinds import BY_NAME
from controller.model.overview import OverviewFilter, OverviewSort
from controller.model.values.countries import country_name
from controller.operations.overview.overview import PER_PAGE, BarTime, FoundMonitors, OverviewMonitor, Troubles
from controller.operations.overview.query import OverviewQuery, label_text
from controller.pages.monitor_form.view import MonitorFormView
from controller.pages.overview.head import HeadView, head_view
from controller.pages.overview.rows import RowView, columns_of, row_view, with_shared_reasons
from controller.pages.overview.saved import SavedView
from shared.epoch import to_ms

_SORT_NAMES = {
    OverviewSort.WORST: "worst first",
    OverviewSort.NAME: "by name",
    OverviewSort.UPTIME: "lowest uptime first",
    OverviewSort.SLOWEST: "slowest first",
    OverviewSort.INCIDENT: "newest incident first",
}


_DONE = {
    "deleted": "The monitor is deleted.",
}


class ColumnView(msgspec.Struct, frozen=True):
    code: str
    name: str


class OptionView(msgspec.Struct, frozen=True):
    """A choice of a filter."""

    value: str
    name: str
    chosen: bool


class FilterView(msgspec.Struct, frozen=True, kw_only=True):
    search: str
    states: str
    countries: list[OptionView]
    kinds: list[OptionView]
    customers: list[OptionView]
    sorts: list[OptionView]
    label: str
    other_labels: list[str]
    organization: str
    narrow: bool


class PagesView(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows these are, counted from 1, and the paths of the pages before and after; empty without one."""

    first: int
    last: int
    total: int
    before: str
    after: str
    start: str


class OverviewView(msgspec.Struct, frozen=True, kw_only=True):
    """`since_ms` and `until_ms` are what each bar covers; `reasons` are those that several rows share, a line each.
    `empty` is there when there is no monitor at all. `many` is the path of the page that changes all monitors of the
    list, and `done` is what a form has just done, empty without one.
    """

    head: HeadView
    down: int
    columns: list[ColumnView]
    rows: list[RowView]
    reasons: str
    filter: FilterView
    pages: PagesView
    since_ms: int
    until_ms: int
    empty: MonitorFormView | None
    saved: SavedView
    many: str
    done: str


def overview_view(
    query: OverviewQuery,
    found: FoundMonitors,
    troubles: Troubles,
    monitors: Sequence[OverviewMonitor],
    time: BarTime,
    empty: MonitorFormView | None,
    saved: SavedView | None = None,
) -> OverviewView:
    columns = columns_of(monitors)
    head = head_view(query, found, troubles)
    rows, reasons = with_shared_reasons([row_view(monitor, columns, time) for monitor in monitors])
    return OverviewView(
        head=head,
        down=head.down,
        columns=[ColumnView(code, country_name(code)) for code in columns],
        rows=rows,
        reasons="\n".join(reasons),
        filter=_filter(query, troubles),
        pages=pages_view(query, matching_of(query.filter, found), len(monitors)),
        since_ms=to_ms(time.since),
        until_ms=to_ms(time.until),
        empty=empty,
        saved=saved or SavedView(),
        many=f"/monitors/many?{query.written()}",
        done=_DONE.get(query.done, ""),
    )


def matching_of(selection: OverviewFilter, found: FoundMonitors) -> int:
    states = selection.states or found.of_matching
    return sum(found.of_matching.get(state, 0) for state in states)


def pages_view(query: OverviewQuery, total: int, shown: int) -> PagesView:
    page = query.filter.page
    first = (page - 1) * PER_PAGE + 1
    return PagesView(
        first=first,
        last=first + shown - 1,
        total=total,
        before=query.link(page=page - 1) if page > 1 else "",
        after=query.link(page=page + 1) if first + shown - 1 < total and shown else "",
        start=query.link(),
    )


def _filter(query: OverviewQuery, troubles: Troubles) -> FilterView:
    selection, labels = query.filter, list(map(label_text, query.filter.labels))
    codes = {here.country for here in troubles.locations} | ({selection.country} if selection.country else set())
    return FilterView(
        search=selection.search,
        states=",".join(selection.states),
        countries=[
            OptionView(code, f"{code} – {country_name(code)}", code == selection.country) for code in sorted(codes)
        ],
        kinds=[OptionView(name, kind.label, name == selection.kind) for name, kind in BY_NAME.items()],
        customers=[
            OptionView(str(one.id), one.name, one.chosen)
            for one in sorted(troubles.customers, key=lambda one: one.name.lower())
        ],
        sorts=[OptionView(sort.value, name, sort is selection.sort) for sort, name in _SORT_NAMES.items()],
        label=labels[0] if labels else "",
        other_labels=labels[1:],
        organization=query.organization,
        narrow=selection.narrow,
    )
