"""Since when incidents wait for somebody who takes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.decisions.acknowledgement import is_acknowledged


class WaitingIncident(NamedTuple):
    """An open incident. `held`: nobody is notified because of another monitor's. `in_maintenance` is whether its
    monitor is now, `maintenance_ended_at` when the last one since the incident began was over.
    """

    id: int
    public_id: UUID
    customer_id: int
    monitor_name: str
    severity: str
    outage_started_at: datetime
    started_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    flapping: bool = False
    held: bool = False
    released_at: datetime | None = None
    notify_on_error: bool = True
    in_maintenance: bool = False
    maintenance_ended_at: datetime | None = None


def waits_since(incident: WaitingIncident, now: datetime) -> datetime | None:
    """Since when the incident waits for somebody; None while somebody has it, and while nobody is to hear of it."""
    if is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, now):
        return None
    if incident.held or incident.in_maintenance or not incident.notify_on_error:
        return None
    lapsed = incident.acknowledged_until if incident.acknowledged_at is not None else None
    moments = (incident.started_at, incident.released_at, lapsed, incident.maintenance_ended_at)
    return max(moment for moment in moments if moment is not None)


def waiting(incidents: Iterable[WaitingIncident], now: datetime) -> list[WaitingIncident]:
    """Those that wait for somebody, the oldest first."""
    found = [one for one in incidents if waits_since(one, now) is not None]
    return sorted(found, key=lambda one: (one.started_at, one.id))


def lapses_at(incidents: Iterable[WaitingIncident], now: datetime) -> datetime | None:
    """When the next acknowledgement of these is over."""
    return min(
        (
            one.acknowledged_until
            for one in incidents
            if one.acknowledged_until is not None and is_acknowledged(one.acknowledged_at, one.acknowledged_until, now)
        ),
        default=None,
    )
