"""Which of a monitor's locations take part in a round: all, or some in rotation. Pure, the same on every controller.

A monitor's pool consists of the enabled locations of its countries that are in its list, and its home location, which
comes first. The round's number decides which locations take part, so no memory is needed, and a location that is not
ready keeps its place: its check is missed, not skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from msgspec.structs import replace

from controller.decisions.schedule.eligibility import configured, is_in
from controller.decisions.sql_function import SqlFunction
from controller.model import Location, Mode, ScheduledMonitor
from shared.wire.rounds import phase_ms


class Pooled(Protocol):
    """What decides which locations check a monitor: its effective countries (None: all), its list of locations (None:
    all) and its home location.
    """

    @property
    def allowed_check_country_codes(self) -> list[str] | None: ...

    @property
    def location_ids(self) -> list[int] | None: ...

    @property
    def home_location_id(self) -> int | None: ...


P = TypeVar("P", bound=Pooled)


def pool(monitor: Pooled, locations: Sequence[Location]) -> Sequence[Location]:
    """The monitor's own among these enabled locations of its countries, its home location first."""
    if monitor.location_ids is None and monitor.home_location_id is None:
        return locations
    return chosen(locations, monitor.location_ids, monitor.home_location_id)


def chosen(locations: Iterable[Location], numbers: Collection[int] | None, home: int | None) -> list[Location]:
    """The locations with these numbers (None: all) and the home location, which comes first."""
    own = [here for here in locations if _is_listed(here, numbers, home)]
    own.sort(key=lambda here: here.id != home)
    return own


def _is_listed(location: Location, numbers: Collection[int] | None, home: int | None) -> bool:
    return numbers is None or location.id in numbers or location.id == home


def may_check(monitor: Pooled, location: Location) -> bool:
    """Whether the location is in the monitor's pool while it is enabled."""
    own = _is_listed(location, monitor.location_ids, monitor.home_location_id)
    return own and is_in(location, monitor.allowed_check_country_codes)


MAY_CHECK = SqlFunction(
    "may_check(integer, text, text[], integer[], integer)",
    """
CREATE OR REPLACE FUNCTION may_check(
  location_id integer, country_code text, country_codes text[], location_ids integer[], home_location_id integer
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (country_codes IS NULL OR country_code = ANY (country_codes)) AND (
    location_ids IS NULL OR location_id = ANY (location_ids) OR COALESCE(location_id = home_location_id, false)
  )
$$
""",
)
"""may_check in SQL, of a location and a monitor's effective countries, its list and its home location."""


def left_blind(monitors: Iterable[P], locations: Sequence[Location], lost: Location) -> list[P]:
    """The monitors that no location may check while `lost` is away, but that some, ready or not, may check while it is
    enabled.
    """

    def is_checked(monitor: P, enabled: Sequence[Location]) -> bool:
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


def may_rotate(*, rotate_locations: bool, mode: Mode | None, orders: Iterable[str | None]) -> bool:
    """Whether a round of the monitor may leave out locations of its pool, whichever of its policies holds. `orders` are
    those of the policies that are set for the monitor, its customer and its organization.
    """
    return rotate_locations or mode is Mode.ROUND_ROBIN or "sequential" in orders


MAY_ROTATE = SqlFunction(
    "may_rotate(boolean, text, text, text, text)",
    """
CREATE OR REPLACE FUNCTION may_rotate(
  rotate_locations boolean, mode text, monitor_order text, customer_order text, organization_order text
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT rotate_locations OR COALESCE(mode = 'Round Robin', false)
    OR COALESCE('sequential' IN (monitor_order, customer_order, organization_order), false)
$$
""",
)
"""may_rotate in SQL."""


def round_number(monitor: ScheduledMonitor, due_ms: int) -> int:
    """One more than the number of the round before."""
    interval_ms = monitor.interval_seconds * 1000
    return (due_ms - phase_ms(monitor.public_id, interval_ms)) // interval_ms
