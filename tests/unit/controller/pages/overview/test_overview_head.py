"""What stands above the list."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from controller.operations.overview.overview import FoundMonitors, LocationContactState, OpenNotice, Troubles
from controller.operations.overview.query import read_query
from controller.pages.overview.head import HeadView, head_view, title_of
from controller.store.overview.troubles import MonitorWithoutLocation
from shared.clock import utc_now


def location(code: str, country: str = "DE", **fields: Any) -> LocationContactState:
    values: dict[str, Any] = {"enabled": True, "silent_seconds": 3.0, "blind": []}
    return LocationContactState(code=code, name=code, country=country, **values | fields)


def head(counts: dict[str, int], **fields: Any) -> HeadView:
    values: dict[str, Any] = {
        "incidents": [],
        "open_incidents": 0,
        "locations": [location("de"), location("us", "US")],
        "notices": [],
        "without_location": [],
        "dead_letters": 0,
        "evaluations_late_seconds": 0.0,
        "canary_seconds": 12.0,
        "schedule_late_seconds": 1.0,
        "deliveries_late_seconds": 0.0,
        "customers": [],
    }
    troubles = Troubles(now=utc_now(), **values | fields)
    return head_view(read_query(""), FoundMonitors(counts, counts, []), troubles)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"up": 12}, "All 12 monitors are up, seen from 2 countries."),
        ({"up": 1}, "The only monitor is up, seen from 2 countries."),
        (
            {"up": 2, "disabled": 3},
            "All 2 monitors are up, seen from 2 countries. 3 others are in maintenance or disabled.",
        ),
        ({"up": 12, "degraded": 1}, ""),
        ({"up": 12, "unknown": 1}, ""),
        ({"disabled": 1}, ""),
        ({}, ""),
    ],
)
def test_it_is_calm_only_when_every_monitor_is_up(counts: dict[str, int], sentence: str) -> None:
    assert head(counts).calm == sentence


def test_a_database_that_stores_nothing_is_said_in_its_words() -> None:
    since = utc_now()
    shown = head(
        {"up": 1}, notices=[OpenNotice(kind="database_failing", subject="PostgreSQL is read-only", since=since)]
    )
    assert [(one.title, one.since) for one in shown.troubles] == [("PostgreSQL is read-only", since)]
    assert not shown.calm


def test_the_title_counts_what_is_down() -> None:
    assert [title_of(one) for one in ({"down": 2, "partial": 1}, {"up": 3, "degraded": 1})] == ["▼3 down", "Overview"]


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"locations": []}, "No location checks anything"),
        ({"locations": [location("de", enabled=False)]}, "No location checks anything"),
        ({"locations": [location("de", silent_seconds=None)]}, "Location de (de) has no agent yet"),
        ({"locations": [location("de", silent_seconds=90.0)]}, "Location de (de) is silent for 1 min 30 s"),
        ({"locations": [location("de", blind=["resolver"])]}, "Location de (de) is blind"),
        (
            {"locations": [location("de", blind=["kind_unknown"])]},
            "Location de (de) does not know every kind of check",
        ),
        ({"locations": [location("de", blind=["kind_unknown", "resolver"])]}, "Location de (de) is blind"),
        (
            {"notices": [OpenNotice(kind="clock_off", subject="de/a", since=utc_now())]},
            "The clock of agent de/a is wrong",
        ),
        ({"notices": [OpenNotice(kind="newer", subject="x", since=utc_now())]}, "Newer: x"),
        ({"dead_letters": 3}, "3 messages rejected today"),
        ({"evaluations_late_seconds": 90.0}, "Verdicts are 1 min 30 s behind"),
        ({"schedule_late_seconds": 90.0}, "Checks are not sent for 1 min 30 s"),
        ({"deliveries_late_seconds": 90.0}, "Notifications wait for 1 min 30 s"),
        ({"canary_seconds": 150.0}, "No canary has come back for 2 min 30 s"),
        (
            {"notices": [OpenNotice(kind="canary_lost", subject="de", since=utc_now())]},
            "Canaries of location de do not come back",
        ),
        (
            {"notices": [OpenNotice(kind="canary_target_failing", subject="de", since=utc_now())]},
            "The canary target fails from location de",
        ),
        (
            {"notices": [OpenNotice(kind="heartbeat_url_failing", subject="heartbeat-url", since=utc_now())]},
            "The heartbeat URL does not answer",
        ),
    ],
)
def test_what_is_wrong_with_the_installation_has_a_title_and_a_meaning(fields: dict[str, Any], title: str) -> None:
    found = head({"up": 1}, **fields)
    assert [one.title for one in found.troubles] == [title]
    assert found.calm == ""


def test_monitors_without_a_location_are_one_trouble_however_many_they_are() -> None:
    since = utc_now()
    some = [MonitorWithoutLocation(id=uuid4(), name=f"mail {number}", since=since, total=7) for number in range(1, 4)]
    [trouble] = head({"up": 12}, without_location=some).troubles
    assert trouble.title == "7 monitors have no location"
    assert "Nothing checks mail 1, mail 2, mail 3 and 4 more." in trouble.meaning


def test_a_location_is_named_once() -> None:
    silent = location("de", silent_seconds=90.0)
    notice = OpenNotice(kind="location_silent", subject="de", since=utc_now())
    assert len(head({}, locations=[silent], notices=[notice]).troubles) == 1
