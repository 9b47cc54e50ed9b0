"""Which of a monitor's locations take part in a round: all, or some in rotation. Pure, the same on every controller.

A monitor's pool consists of the enabled locations of its countries that are in its list, and its home location, which
comes first. The round's number decides which locations take part, so no memory is needed, and a location that is not
ready keeps its place: its check is missed, not skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from controller.decisions.schedule.eligibility import configured
from controller.model import Location, ScheduledMonitor
from shared.wire.rounds import phase_ms


def pool(monitor: ScheduledMonitor, locations: Sequence[Location]) -> Sequence[Location]:
    """The monitor's own among these enabled locations of its countries, its home location first."""
    if monitor.location_ids is None and monitor.home_location_id is None:
        return locations
    return chosen(locations, monitor.location_ids, monitor.home_location_id)


def chosen(locations: Iterable[Location], numbers: Collection[int] | None, home: int | None) -> list[Location]:
    """The locations with these numbers (None: all) and the home location, which comes first."""
    own = [here for here in locations if numbers is None or here.id in numbers or here.id == home]
    own.sort(key=lambda here: here.id != home)
    return own


def left_blind(
    monitors: Iterable[ScheduledMonitor], locations: Sequence[Location], lost: Location
) -> list[ScheduledMonitor]:
    """The monitors that no location may check while `lost` is away, but that some, ready or not, may check while it is
    enabled.
    """

    def is_checked(monitor: ScheduledMonitor, enabled: Sequence[Location]) -> bool:
        return bool(pool(monitor, configured(enabled, monitor.allowed_check_country_codes)))

    others = [here for here in locations if here.enabled and here.id != lost.id]
    before = [*others, replace(lost, enabled=True)]
    return [monitor for monitor in monitors if is_checked(monitor, before) and not is_checked(monitor, others)]


def locations_of_round(monitor: ScheduledMonitor, locations: Sequence[Location], due_ms: int) -> Sequence[Location]:
    """The locations of its pool that take part in the round due at this moment, ready or not."""
    own = pool(monitor, locations)
    count = at_once(monitor)
    if count is None or count >= len(own):
        return own
    first = round_number(monitor, due_ms) * count
    return [own[(first + index) % len(own)] for index in range(count)]


def at_once(monitor: ScheduledMonitor) -> int | None:
    """How many locations take part in a round; None is all."""
    if monitor.in_turn:
        return 1
    if monitor.home_votes or not monitor.rotate_locations:
        return None
    return monitor.locations_per_round


def round_number(monitor: ScheduledMonitor, due_ms: int) -> int:
    """One more than the number of the round before."""
    interval_ms = monitor.interval_seconds * 1000
    return (due_ms - phase_ms(monitor.public_id, interval_ms)) // interval_ms
