"""Rows of the overview: cells by country and bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.decisions.history.known_states import KnownState
from controller.operations.overview.overview import LatestAtLocation, OverviewMonitor, bar_time
from controller.pages.drawing.bar import Held, sliced
from controller.pages.overview.rows import CellView, columns_of, row_view
from tests.fakes import kinds

NOW = datetime(2026, 1, 1, 12, 10, tzinfo=UTC)
TIME = bar_time(NOW)


def monitor(**fields: Any) -> OverviewMonitor:
    values: dict[str, Any] = {
        "public_id": UUID(int=1),
        "kind": "smtp",
        "name": "Mail",
        "address": "mx.example.com:25",
        "customer_name": "C",
        "customer_id": UUID(int=2),
        "state": "up",
        "latest": [],
        "medians": {},
        "states": [],
        "uptime": None,
    }
    return OverviewMonitor(**values | fields)


def test_a_failure_that_means_something_else_for_a_kind_has_its_plain_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)
    latest = [LatestAtLocation("DE", "failure", "dns_not_found", 50.0)]
    shown = {
        kind: row_view(monitor(kind=kind, latest=latest), ("DE",), TIME).cells[0].text for kind in ("zone", "smtp")
    }
    assert shown == {"zone": "dns not found", "smtp": "no such name"}


def test_a_bar_covers_a_day_in_half_hours_with_now_in_the_last() -> None:
    assert (TIME.since, TIME.until) == (NOW.replace(minute=30) - timedelta(days=1), NOW.replace(minute=30))


@pytest.mark.parametrize(
    ("latest", "median", "cell"),
    [
        ([("success", None)], 23.4, CellView("up", "23 ms")),
        ([("success", None)], None, CellView("up", "50 ms")),
        ([("success", None), ("failure", "timeout")], 23.4, CellView("down", "timeout")),
        ([("failure", "certificate_expired")], None, CellView("down", "cert expired")),
        ([("failure", "of_a_newer_agent")], None, CellView("down", "of a newer agent")),
        ([("unknown", "agent_error")], 23.4, CellView("unknown", "blind")),
        ([("unknown", "agent_error"), ("success", None)], 23.4, CellView("up", "23 ms")),
    ],
)
def test_a_cell_shows_the_worst_of_its_country(
    latest: list[tuple[str, str | None]], median: float | None, cell: CellView
) -> None:
    found = monitor(
        latest=[LatestAtLocation("DE", status, kind, 50.0) for status, kind in latest],
        medians={} if median is None else {"DE": median},
    )
    assert columns_of([found]) == ("DE",)
    assert row_view(found, ("DE", "US"), TIME).cells == (cell, CellView("", "–"))


def test_a_bar_says_in_words_what_it_shows() -> None:
    since = TIME.since
    states = [
        KnownState(since + timedelta(hours=12), since + timedelta(hours=18), "up", "all pass"),
        KnownState(since + timedelta(hours=18), since + timedelta(hours=19), "down", "refused\nby all"),
        KnownState(since + timedelta(hours=19), TIME.until, "up", "all pass"),
    ]
    row = row_view(monitor(states=states), (), TIME)
    assert row.label == "24 h: 24 no data, 22 up, 2 down of 48"
    assert row.why == "36 refused by all\n38"
    assert row.worth


def test_a_bar_of_one_state_is_no_stop_for_the_keyboard() -> None:
    row = row_view(monitor(states=[KnownState(TIME.since, TIME.until, "up", "all pass")]), (), TIME)
    assert (row.label, row.why, row.worth) == ("24 h: up", "", False)


def test_a_slice_shows_the_worst_state_in_it() -> None:
    minutes = [(0, 10, "up"), (10, 11, "down"), (11, 30, "up"), (60, 61, "maintenance")]
    held = [Held(NOW + timedelta(minutes=a), NOW + timedelta(minutes=b), state) for a, b, state in minutes]
    slices = sliced(held, NOW, NOW + timedelta(minutes=90), 3)
    assert [one.state for one in slices] == ["down", "gap", "maintenance"]
    assert (slices[1].from_at, slices[1].to_at) == (NOW + timedelta(minutes=30), NOW + timedelta(minutes=60))


def test_what_lies_outside_of_a_bar_is_left_out() -> None:
    day = timedelta(days=1)
    held = [
        Held(NOW - 2 * day, NOW - day, "down"),
        Held(NOW - day, NOW + 2 * day, "up"),
        Held(NOW + 2 * day, NOW + 3 * day, "down"),
    ]
    assert {one.state for one in sliced(held, NOW, NOW + day, 48)} == {"up"}
