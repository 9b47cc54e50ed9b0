from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from controller.decisions.schedule.eligibility import Readiness
from controller.decisions.schedule.rounds import (
    SLOT_MS,
    UNSEEN_CHANGE_MS,
    Wheel,
    due_after_ms,
    due_on_change_ms,
    first_due_ms,
    plan_round,
    resume_ms,
)
from controller.model import GapReason, Location, ScheduledMonitor
from shared.epoch import to_datetime, to_ms
from shared.wire.rounds import Purpose, start_by_ms

NOON = to_ms(datetime(2026, 1, 1, 12, tzinfo=UTC))
BERLIN = Location(id=1, code="de", name="Berlin", country_code="DE", enabled=True, public_key="")
DENVER = Location(id=2, code="us", name="Denver", country_code="US", enabled=True, public_key="")


def a_monitor(*, interval_seconds: int = 10, changed_ms: int = NOON) -> ScheduledMonitor:
    return ScheduledMonitor(
        id=7,
        public_id=UUID("33333333-3333-4333-8333-333333333333"),
        kind="smtp",
        hostname="smtp.example.com",
        port=None,
        config={},
        interval_seconds=interval_seconds,
        timeout_seconds=5,
        allowed_check_country_codes=None,
        target_changed_at=to_datetime(changed_ms),
        updated_at=to_datetime(changed_ms),
    )


class TestWheel:
    def test_gives_a_key_once_when_its_slot_has_passed(self) -> None:
        wheel = Wheel(NOON)
        wheel.put(1, NOON + 30)
        assert wheel.take(NOON + SLOT_MS - 1) == []
        assert wheel.take(NOON + SLOT_MS) == [(1, NOON + 30)]
        assert wheel.take(NOON + 10 * SLOT_MS) == []

    def test_a_moment_already_past_is_due_in_the_next_slot_with_its_own_moment(self) -> None:
        wheel = Wheel(NOON)
        wheel.take(NOON + 5 * SLOT_MS)
        wheel.put(1, NOON)
        assert wheel.take(NOON + 6 * SLOT_MS) == [(1, NOON)]

    @pytest.mark.parametrize("later", [2, 20, 2000], ids=["later", "much later", "very much later"])
    def test_putting_a_key_again_moves_it(self, later: int) -> None:
        wheel = Wheel(NOON)
        wheel.put(1, NOON)
        wheel.put(1, NOON + later * SLOT_MS)
        assert wheel.take(NOON + later * SLOT_MS) == []
        assert wheel.take(NOON + (later + 1) * SLOT_MS) == [(1, NOON + later * SLOT_MS)]

    def test_moving_a_key_earlier_does_not_leave_it_in_its_old_slot(self) -> None:
        wheel = Wheel(NOON)
        wheel.put(1, NOON + 5 * SLOT_MS)
        wheel.put(1, NOON)
        assert wheel.take(NOON + 10 * SLOT_MS) == [(1, NOON)]

    def test_a_key_put_twice_into_one_slot_is_given_once(self) -> None:
        wheel = Wheel(NOON)
        wheel.put(1, NOON)
        wheel.put(1, NOON + 1)
        assert wheel.take(NOON + SLOT_MS) == [(1, NOON + 1)]

    def test_a_removed_key_is_not_given(self) -> None:
        wheel = Wheel(NOON)
        wheel.put(1, NOON)
        wheel.remove(1)
        assert wheel.take(NOON + SLOT_MS) == []
        assert len(wheel) == 0

    def test_a_long_pause_gives_what_fell_into_it_in_order(self) -> None:
        wheel = Wheel(NOON)
        moments = [NOON + n * 1000 for n in range(60)]
        for key, moment in enumerate(reversed(moments)):
            wheel.put(key, moment)
        assert [due for _, due in wheel.take(NOON + 3_600_000)] == moments


def ready(*locations: Location) -> Readiness:
    return Readiness(frozenset(here.id for here in locations), frozenset())


class TestRound:
    def test_checks_from_every_ready_location(self) -> None:
        planned = plan_round(a_monitor(), NOON, [BERLIN, DENVER], ready(BERLIN, DENVER), NOON)
        assert [check.location.code for check in planned.checks] == ["de", "us"]
        assert {check.purpose for check in planned.checks} == {Purpose.SCHEDULED}
        assert planned.missed == []

    def test_names_the_location_without_an_agent(self) -> None:
        planned = plan_round(a_monitor(), NOON, [BERLIN, DENVER], ready(BERLIN), NOON)
        assert [check.location.code for check in planned.checks] == ["de"]
        assert [(miss.location_id, miss.reason) for miss in planned.missed] == [(DENVER.id, GapReason.NO_AGENT)]

    @pytest.mark.parametrize(
        ("readiness", "reason"),
        [
            (Readiness(frozenset(), frozenset({BERLIN.id})), GapReason.UNFIT),
            (Readiness(frozenset(), frozenset(), frozenset({BERLIN.id})), GapReason.KIND_UNKNOWN),
        ],
    )
    def test_says_why_agents_that_are_there_do_not_check(self, readiness: Readiness, reason: GapReason) -> None:
        planned = plan_round(a_monitor(), NOON, [BERLIN], readiness, NOON)
        assert ([miss.reason for miss in planned.missed], planned.checks) == ([reason], [])

    @pytest.mark.parametrize(
        ("interval_seconds", "late_ms", "in_time"),
        [
            pytest.param(10, 4_999, True, id="just before half a short interval the check may begin"),
            pytest.param(10, 5_000, False, id="at half a short interval it is too late"),
            pytest.param(3600, 59_999, True, id="just before a minute of a long interval the check may begin"),
            pytest.param(3600, 60_000, False, id="at a minute of a long interval it is too late"),
        ],
    )
    def test_checks_only_while_the_check_may_begin(self, interval_seconds: int, late_ms: int, in_time: bool) -> None:
        monitor = a_monitor(interval_seconds=interval_seconds)
        planned = plan_round(monitor, NOON, [BERLIN], ready(BERLIN), NOON + late_ms)
        assert bool(planned.checks) is in_time
        assert [miss.reason for miss in planned.missed] == ([] if in_time else [GapReason.LATE])
        assert (NOON + late_ms < start_by_ms(NOON, interval_seconds * 1000)) is in_time


class TestDueMoments:
    def test_the_first_round_is_due_when_the_target_was_set(self) -> None:
        monitor = a_monitor()
        assert due_on_change_ms(None, monitor, NOON + 60_000) == NOON == first_due_ms(monitor)

    def test_rounds_follow_at_whole_intervals(self) -> None:
        monitor = a_monitor(interval_seconds=10)
        second = due_after_ms(monitor, NOON)
        assert NOON < second <= NOON + 10_000
        assert due_after_ms(monitor, second) == second + 10_000

    def test_a_new_name_does_not_start_a_round(self) -> None:
        monitor = a_monitor()
        until = NOON + 25_000
        assert due_on_change_ms(monitor, monitor, until) == due_after_ms(monitor, until) > until

    def test_a_new_target_starts_a_round_at_once(self) -> None:
        changed = a_monitor(changed_ms=NOON + 25_000)
        assert due_on_change_ms(a_monitor(), changed, NOON + 30_000) == NOON + 25_000

    def test_a_successor_continues_after_the_watermark(self) -> None:
        monitor = a_monitor(interval_seconds=60)
        watermark = NOON + 3_600_000
        assert resume_ms(monitor, watermark) == due_after_ms(monitor, watermark)

    def test_a_successor_repeats_a_first_round_that_the_former_leader_may_have_missed(self) -> None:
        assert resume_ms(a_monitor(), NOON + UNSEEN_CHANGE_MS - 1) == NOON
        assert resume_ms(a_monitor(), NOON + UNSEEN_CHANGE_MS) > NOON


def test_moments_survive_the_way_to_the_database_and_back() -> None:
    for extra in (0, 1, 999):
        assert to_ms(to_datetime(NOON + extra)) == NOON + extra
    assert to_datetime(NOON) + timedelta(milliseconds=1) == to_datetime(NOON + 1)
