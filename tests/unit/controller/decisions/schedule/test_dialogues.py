"""Which rounds bring the dialogues of checks that passed."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.decisions.schedule.dialogues import DAY_MS, wants_transcript
from controller.decisions.schedule.rotation import locations_of_round
from controller.decisions.schedule.rounds import due_after_ms
from controller.model import Location, ScheduledMonitor
from shared.epoch import to_datetime
from shared.wire.rounds import Purpose

CHANGED = 20_000 * DAY_MS + 12_345_678
LOCATIONS = [
    Location(id=number, code=code, name=code, country_code=code.upper(), enabled=True, public_key="")
    for number, code in enumerate(("de", "fr", "jp", "us"), 1)
]
NOBODY = frozenset[int]()


def a_monitor(*, interval_seconds: int = 600, public_id: UUID | None = None, **fields: Any) -> ScheduledMonitor:
    monitor = ScheduledMonitor(
        id=7,
        public_id=public_id or UUID("33333333-3333-4333-8333-333333333333"),
        kind="smtp",
        hostname="smtp.example.com",
        port=None,
        config={},
        interval_seconds=interval_seconds,
        timeout_seconds=5,
        allowed_check_country_codes=None,
        target_changed_at=to_datetime(CHANGED),
        updated_at=to_datetime(CHANGED),
    )
    return msgspec.structs.replace(monitor, **fields)


def shown(monitor: ScheduledMonitor, due_ms: int) -> bool:
    return wants_transcript(monitor, due_ms, LOCATIONS, Purpose.SCHEDULED, NOBODY)


def dues(monitor: ScheduledMonitor, *, days: int) -> list[int]:
    """The due moments from the change of the target on."""
    found = [CHANGED]
    while found[-1] < CHANGED + days * DAY_MS:
        found.append(due_after_ms(monitor, found[-1]))
    return found[:-1]


@pytest.mark.parametrize("interval_seconds", [30, 600, 420, 86_400], ids=str)
def test_the_first_round_and_one_of_each_day(interval_seconds: int) -> None:
    monitor = a_monitor(interval_seconds=interval_seconds)
    first, *later = dues(monitor, days=3)
    assert shown(monitor, first)
    assert len([due for due in later if shown(monitor, due)]) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"in_turn": True},
        {"rotate_locations": True, "locations_per_round": 2},
        {"rotate_locations": True, "locations_per_round": 3},
        {"in_turn": True, "location_ids": [1, 4]},
    ],
    ids=["one at a time", "two at a time", "three at a time", "two of the four in turn"],
)
def test_where_locations_take_turns_each_has_its_own_of_the_day(fields: dict[str, Any]) -> None:
    monitor = a_monitor(**fields)
    pool = {here.code for here in LOCATIONS if here.id in (fields.get("location_ids") or [1, 2, 3, 4])}
    after_change, of_days = Counter[str](), Counter[str]()
    for due in dues(monitor, days=3):
        if shown(monitor, due):
            codes = [here.code for here in locations_of_round(monitor, LOCATIONS, due)]
            (after_change if due - CHANGED < 4 * 600_000 else of_days).update(codes)
    assert set(after_change) == set(of_days) == pool
    assert all(3 <= times <= 6 for times in of_days.values())


def test_the_rounds_of_the_day_spread_over_the_day() -> None:
    hours = Counter[int]()
    for _ in range(2_400):
        monitor = a_monitor(public_id=uuid4())
        due = next(due for due in dues(monitor, days=2)[1:] if shown(monitor, due))
        hours[due % DAY_MS // 3_600_000] += 1
    assert len(hours) == 24
    assert max(hours.values()) < 200


def test_rechecks_and_checks_by_hand_bring_theirs() -> None:
    monitor = a_monitor()
    due = next(due for due in dues(monitor, days=1)[1:] if not shown(monitor, due))
    for purpose in (Purpose.RECHECK, Purpose.TRIGGERED):
        assert wants_transcript(monitor, due, LOCATIONS, purpose, NOBODY)


def test_every_check_during_an_incident_brings_its_own() -> None:
    monitor = a_monitor()
    due = next(due for due in dues(monitor, days=1)[1:] if not shown(monitor, due))
    assert wants_transcript(monitor, due, LOCATIONS, Purpose.SCHEDULED, frozenset({7}))
    assert not wants_transcript(monitor, due, LOCATIONS, Purpose.SCHEDULED, frozenset({8}))
