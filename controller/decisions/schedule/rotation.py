"""Which of a monitor's locations a round asks: all of them, or some in turn. Pure, and the same on every controller.

A monitor's pool are the enabled locations of its countries that are in its list, and its home location, which comes
first. Who is in turn follows from the number of the round, so it needs no memory, and a location that is not ready
keeps its place: it is missed, not skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from controller.decisions.schedule.eligibility import configured
from controller.model import Location, ScheduledMonitor
from shared.wire.rounds import phase_ms


def pool(monitor: ScheduledMonitor, locations: Sequence[Location]) -> Sequence[Location]:
    """The monitor's own of these enabled locations of its countries, its home location first."""
    if monitor.location_ids is None and monitor.home_location_id is None:
        return locations
    return chosen(locations, monitor.location_ids, monitor.home_location_id)


def chosen(locations: Iterable[Location], numbers: Collection[int] | None, home: int | None) -> list[Location]:
    """Those with these numbers (None: all) and the home location, which comes first."""
    own = [here for here in locations if numbers is None or here.id in numbers or here.id == home]
    own.sort(key=lambda here: here.id != home)
    return own


def left_blind(
    monitors: Iterable[ScheduledMonitor], locations: Sequence[Location], lost: Location
) -> list[ScheduledMonitor]:
    """Those that no location may check while `lost` is away, and some, ready or not, while it is enabled."""

    def seen(monitor: ScheduledMonitor, enabled: Sequence[Location]) -> bool:
        return bool(pool(monitor, configured(enabled, monitor.allowed_check_country_codes)))

    others = [here for here in locations if here.enabled and here.id != lost.id]
    before = [*others, replace(lost, enabled=True)]
    return [monitor for monitor in monitors if seen(monitor, before) and not seen(monitor, others)]


def asked(monitor: ScheduledMonitor, locations: Sequence[Location], due_ms: int) -> Sequence[Location]:
    """Those of its pool that the round due at this moment asks, ready or not."""
    own = pool(monitor, locations)
    count = at_once(monitor)
    if count is None or count >= len(own):
        return own
    first = round_number(monitor, due_ms) * count
    return [own[(first + place) % len(own)] for place in range(count)]


def at_once(monitor: ScheduledMonitor) -> int | None:
    """How many locations a round asks; None is all."""
    if monitor.in_turn:
        return 1
    if monitor.home_votes or not monitor.rotate_locations:
        return None
    return monitor.locations_per_round


def round_number(monitor: ScheduledMonitor, due_ms: int) -> int:
    """One more than that of the round before."""
    interval_ms = monitor.interval_seconds * 1000
    return (due_ms - phase_ms(monitor.public_id, interval_ms)) // interval_ms
