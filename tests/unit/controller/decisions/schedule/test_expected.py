"""What the store expects (may_rotate, may_check, is_due) follows from what the scheduler plans."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.evaluation.policies import Levels, effective
from controller.decisions.evaluation.policy import PRESETS, Policy
from controller.decisions.schedule.eligibility import configured
from controller.decisions.schedule.rotation import at_once, locations_of_round, may_check, may_rotate
from controller.decisions.schedule.rounds import due_after_ms, is_due
from controller.model import Location, Mode, ScheduledMonitor
from shared.epoch import to_datetime

NOON_MS = 1_770_033_600_000
COUNTRIES = ("DE", "US", "FR", "JP")
LOCATIONS = [
    Location(id=n, code=country.lower(), name=country, country_code=country, enabled=True, public_key="k")
    for n, country in enumerate(COUNTRIES, 1)
]
_POLICIES = st.sampled_from([None, Policy(), Policy(order="sequential"), Policy(voters="home"), *PRESETS.values()])
_LEVELS = st.builds(
    Levels,
    organization=_POLICIES,
    package=st.sampled_from([None, Policy(quorum=2, rechecks=1)]),  # it says no order
    customer=_POLICIES,
    threshold=st.sampled_from([None, 2]),
    monitor=_POLICIES,
    mode=st.sampled_from([None, *Mode]),
)


@st.composite
def monitors(draw: st.DrawFn) -> ScheduledMonitor:
    policy = effective(draw(_LEVELS)).policy
    return ScheduledMonitor(
        id=1,
        public_id=draw(st.builds(UUID, int=st.integers(1, 2**128 - 1))),
        kind="smtp",
        hostname="mail.example.org",
        port=None,
        config={},
        interval_seconds=draw(st.integers(10, 3600)),
        timeout_seconds=5,
        allowed_check_country_codes=draw(st.none() | st.lists(st.sampled_from(COUNTRIES), max_size=3)),
        target_changed_at=to_datetime(NOON_MS),
        updated_at=to_datetime(NOON_MS),
        location_ids=draw(st.none() | st.lists(st.integers(1, 4), max_size=3)),
        home_location_id=draw(st.none() | st.integers(1, 4)),
        in_turn=policy.order == "sequential",
        home_votes=policy.voters == "home",
        rotate_locations=draw(st.booleans()),
        locations_per_round=draw(st.integers(1, 4)),
    )


@given(monitor=monitors(), rounds=st.integers(0, 20))
def test_a_planned_check_is_of_a_round_and_of_a_location_that_may_check(monitor: ScheduledMonitor, rounds: int) -> None:
    due_ms = NOON_MS
    for _ in range(rounds):
        due_ms = due_after_ms(monitor, due_ms)
    assert is_due(monitor, due_ms)
    assert not is_due(monitor, due_ms - 1)
    in_countries = configured(LOCATIONS, monitor.allowed_check_country_codes)
    asked = {here.id for here in locations_of_round(monitor, in_countries, due_ms)}
    may = {here.id for here in LOCATIONS if may_check(monitor, here)}
    assert asked <= may
    if at_once(monitor) is None:
        assert asked == may


@given(levels=_LEVELS, monitor=monitors())
def test_a_round_leaves_out_locations_only_where_that_may_be(levels: Levels, monitor: ScheduledMonitor) -> None:
    policy = effective(levels).policy
    orders = [one.order if one else None for one in (levels.monitor, levels.customer, levels.organization)]
    may = may_rotate(rotate_locations=monitor.rotate_locations, mode=levels.mode, orders=orders)
    assert may or (policy.order == "parallel" and not monitor.rotate_locations)
