"""What a location means for monitors: counted by groups as it is by single monitors."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.schedule.location_effects import MOST_NAMED, location_effects, only_visible
from controller.decisions.schedule.rotation import left_blind, may_check
from controller.model import Location
from controller.model.locations import AlikeMonitors, MonitorTitle

_NUMBERS = st.integers(1, 5)
_locations = st.lists(
    st.builds(
        lambda number, country, enabled: Location(
            id=number, code=f"l{number}", name="", country_code=country, enabled=enabled, public_key=""
        ),
        _NUMBERS,
        st.sampled_from(["DE", "FR", "JP"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda here: here.id,
)
_groups = st.lists(
    st.builds(
        lambda countries, numbers, home, count: AlikeMonitors(
            allowed_check_country_codes=countries,
            location_ids=numbers,
            home_location_id=home,
            monitors=count + 1,
            visible=count,
            titles=[MonitorTitle(name=f"m{one:02}", public_id=UUID(int=one), kind="k") for one in range(count)],
        ),
        st.none() | st.lists(st.sampled_from(["DE", "FR", "JP"]), min_size=1, max_size=2),
        st.none() | st.lists(_NUMBERS, min_size=1, max_size=3),
        st.none() | _NUMBERS,
        st.integers(0, 30),
    ),
    max_size=5,
)


@given(_groups, _locations)
def test_it_counts_what_each_monitor_loses(groups: list[AlikeMonitors], locations: list[Location]) -> None:
    here = locations[0]
    found = location_effects(groups, locations, here)
    blind = left_blind(groups, locations, here)
    assert found.unchecked == sum(group.monitors for group in blind)
    assert found.visible == sum(group.visible for group in blind)
    assert len(found.named) == min(MOST_NAMED, found.visible)
    assert found.monitors == sum(group.monitors for group in groups if may_check(group, here))
    assert found.unchanged >= 0
    for loss in found.losses:
        enabled = {one.country_code for one in locations if one.enabled or one.id == here.id}
        assert 2 <= loss.countries <= len(enabled)


@given(_groups, _locations)
def test_it_is_the_same_whether_the_location_is_enabled(groups: list[AlikeMonitors], locations: list[Location]) -> None:
    first, *others = locations
    changed = Location(
        id=first.id, code=first.code, name="", country_code=first.country_code, enabled=not first.enabled, public_key=""
    )
    assert location_effects(groups, locations, first) == location_effects(groups, [changed, *others], changed)


@given(_groups, _locations)
def test_who_sees_some_monitors_is_given_only_their_numbers(
    groups: list[AlikeMonitors], locations: list[Location]
) -> None:
    found = location_effects(only_visible(groups), locations, locations[0])
    assert found.unchecked == found.visible
