"""Locations under maintenance: their checks go on and are shown, but they have no vote. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class LocationTime(NamedTuple):
    """That a location is under maintenance for the monitors of an organization, or of one customer of it. Moments are
    epoch milliseconds; it has no end while `to_ms` is None.
    """

    organization_id: int
    customer_id: int | None
    location_id: int
    from_ms: int
    to_ms: int | None

    def holds(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms and (self.to_ms is None or at_ms < self.to_ms)


class MaintainedLocations(NamedTuple):
    """When locations are under maintenance for one monitor."""

    times: tuple[LocationTime, ...] = ()

    def at(self, due_ms: int) -> frozenset[int]:
        """The locations whose checks due then have no vote."""
        return frozenset(one.location_id for one in self.times if one.holds(due_ms))


NONE_MAINTAINED = MaintainedLocations()


def maintained_for(times: Iterable[LocationTime], organization_id: int, customer_id: int) -> MaintainedLocations:
    """Those of these times that concern a monitor of this customer."""
    return MaintainedLocations(
        tuple(one for one in times if one.organization_id == organization_id and one.customer_id in (None, customer_id))
    )
