from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.decisions.schedule.rotation import left_blind, locations_of_round, pool, round_number
from controller.decisions.schedule.rounds import Recheck, due_after_ms, is_overtaken
from controller.model import Location, ScheduledMonitor
from shared.epoch import to_datetime, to_ms

NOON = to_ms(datetime(2026, 1, 1, 12, tzinfo=UTC))
LOCATIONS = [
    Location(id=number, code=code, name=code, country_code=code.upper(), enabled=True, public_key="")
    for number, code in enumerate(("de", "fr", "jp", "us"), 1)
]
MONITOR = ScheduledMonitor(
    id=7,
    public_id=UUID("33333333-3333-4333-8333-333333333333"),
    kind="smtp",
    hostname="smtp.example.com",
    port=None,
    config={},
    interval_seconds=60,
    timeout_seconds=5,
    allowed_check_country_codes=None,
    target_changed_at=to_datetime(NOON),
    updated_at=to_datetime(NOON),
)


def with_fields(**fields: Any) -> ScheduledMonitor:
    return msgspec.structs.replace(MONITOR, **fields)


def rounds(monitor: ScheduledMonitor, count: int) -> list[list[str]]:
    """The location codes of so many rounds in a row, the first one included."""
    found, due = [], NOON
    for _ in range(count):
        found.append([location.code for location in locations_of_round(monitor, LOCATIONS, due)])
        due = due_after_ms(monitor, due)
    return found


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        pytest.param({}, ["de", "fr", "jp", "us"], id="without a list every location is in the pool"),
        pytest.param({"location_ids": [4, 1]}, ["de", "us"], id="with a list only its locations are in the pool"),
        pytest.param({"home_location_id": 3}, ["jp", "de", "fr", "us"], id="the home location comes first"),
        pytest.param(
            {"location_ids": [4, 1], "home_location_id": 4}, ["us", "de"], id="a home location of the list comes first"
        ),
        pytest.param(
            {"location_ids": [1], "home_location_id": 2},
            ["fr", "de"],
            id="a home location that is not in the list is added",
        ),
        pytest.param(
            {"location_ids": [9], "home_location_id": 8}, [], id="locations that are gone or disabled are left out"
        ),
    ],
)
def test_a_monitors_pool(fields: dict[str, Any], codes: list[str]) -> None:
    assert [location.code for location in pool(with_fields(**fields), LOCATIONS)] == codes


@pytest.mark.parametrize(
    ("fields", "blind"),
    [
        pytest.param({}, False, id="a monitor of every location has others left"),
        pytest.param({"allowed_check_country_codes": ["DE"]}, True, id="a monitor of only its country is left blind"),
        pytest.param(
            {"allowed_check_country_codes": ["DE", "US"]},
            False,
            id="a monitor of another country too is not left blind",
        ),
        pytest.param({"location_ids": [1]}, True, id="a list of only that location leaves the monitor blind"),
        pytest.param(
            {"location_ids": [1, 9]}, True, id="a list with only a deleted location beside it leaves the monitor blind"
        ),
        pytest.param({"location_ids": [1], "home_location_id": 4}, False, id="a home location elsewhere is left"),
        pytest.param(
            {"location_ids": [1, 2]}, True, id="a list with only a disabled location beside it leaves the monitor blind"
        ),
        pytest.param(
            {"allowed_check_country_codes": ["FR"]}, False, id="a monitor that was blind before is not listed"
        ),
        pytest.param(
            {"location_ids": [4], "allowed_check_country_codes": ["DE"]},
            False,
            id="a monitor that never had a location is not listed",
        ),
    ],
)
@pytest.mark.parametrize("enabled", [True, False])
def test_whom_a_lost_location_leaves_blind(fields: dict[str, Any], blind: bool, enabled: bool) -> None:
    """The result is the same whether or not the lost location is already disabled."""
    de, fr, jp, us = LOCATIONS
    lost = msgspec.structs.replace(de, enabled=enabled)
    locations = [lost, msgspec.structs.replace(fr, enabled=False), jp, us]
    monitor = with_fields(**fields)
    assert left_blind([monitor], locations, lost) == ([monitor] if blind else [])


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="a monitor without rotation"),
        pytest.param({"locations_per_round": 1}, id="a number of locations without rotation"),
        pytest.param(
            {"home_votes": True, "rotate_locations": True, "locations_per_round": 1},
            id="Primary, which never rotates",
        ),
        pytest.param({"rotate_locations": True, "locations_per_round": 4}, id="as many locations a round as there are"),
        pytest.param({"rotate_locations": True, "locations_per_round": 99}, id="more locations a round than there are"),
    ],
)
def test_every_round_checks_from_all(fields: dict[str, Any]) -> None:
    assert rounds(with_fields(**fields), 3) == [["de", "fr", "jp", "us"]] * 3


@pytest.mark.parametrize(
    ("fields", "at_once"),
    [
        pytest.param({"in_turn": True}, 1, id="Round Robin checks from one location a round"),
        pytest.param(
            {"in_turn": True, "rotate_locations": True, "locations_per_round": 3},
            1,
            id="Round Robin checks from one location whatever the number is",
        ),
        pytest.param(
            {"rotate_locations": True, "locations_per_round": 2},
            2,
            id="a monitor may be checked from two of four locations a round",
        ),
        pytest.param(
            {"rotate_locations": True, "locations_per_round": 3}, 3, id="with three of four the rotation wraps around"
        ),
    ],
)
def test_rounds_rotate_over_all_locations_equally_often(fields: dict[str, Any], at_once: int) -> None:
    found = rounds(with_fields(**fields), 12)
    assert all(len(codes) == len(set(codes)) == at_once for codes in found)
    everyone = [code for codes in found for code in codes]
    assert {code: everyone.count(code) for code in ("de", "fr", "jp", "us")} == dict.fromkeys(
        ("de", "fr", "jp", "us"), 3 * at_once
    )
    following = [location.code for location in LOCATIONS]
    for before, after in pairwise(everyone):
        assert following[(following.index(before) + 1) % 4] == after


def test_round_numbers_count_every_round_once_the_first_one_too() -> None:
    due, numbers = NOON, []
    for _ in range(5):
        numbers.append(round_number(MONITOR, due))
        due = due_after_ms(MONITOR, due)
    assert numbers == list(range(numbers[0], numbers[0] + 5))


def test_the_locations_of_a_round_follow_from_its_moment_alone() -> None:
    monitor = with_fields(rotate_locations=True, locations_per_round=2)
    for due in range(NOON, NOON + 600_000, 60_000):
        assert locations_of_round(monitor, LOCATIONS, due) == locations_of_round(monitor, list(LOCATIONS), due)


@pytest.mark.parametrize(
    ("fields", "after_seconds", "left_out"),
    [
        pytest.param({}, 10, False, id="a recheck long before the next round is made"),
        pytest.param({}, 60, True, id="a recheck at the next round is left out"),
        pytest.param({}, 3600, True, id="a recheck of a round long ago, after a late result, is left out"),
        pytest.param(
            {"interval_seconds": 10}, 10, True, id="a recheck is left out where the interval is as short as the delay"
        ),
    ],
)
def test_a_recheck_is_left_out_when_the_next_round_comes_as_soon(
    fields: dict[str, Any], after_seconds: int, left_out: bool
) -> None:
    monitor = with_fields(**fields)
    due = due_after_ms(monitor, NOON)
    recheck = Recheck(1, monitor.id, due, due + after_seconds * 1000, None)
    assert is_overtaken(recheck, monitor) is left_out


def test_a_recheck_of_a_target_that_was_changed_since_is_left_out() -> None:
    due = due_after_ms(MONITOR, NOON)
    changed = with_fields(target_changed_at=to_datetime(due + 3_000))
    assert is_overtaken(Recheck(1, MONITOR.id, due, due + 10_000, None), changed)
