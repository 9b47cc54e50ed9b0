"""Which passing checks bring their dialogue: one a day from each location, and those that somebody will compare. Pure.

Failed checks always bring theirs. Moments are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from controller.decisions.schedule.rotation import at_once, pool
from controller.decisions.schedule.rounds import first_due_ms
from controller.model import Location, ScheduledMonitor
from shared.wire.rounds import Purpose, phase_hash

DAY_MS = 24 * 3600 * 1000

_SPREAD = 1_000_003
"""Divides the hash that also sets the phase of rounds, so that a monitor's moment of the day says nothing of its phase
and monitors with the same interval do not meet.
"""


def wants_transcript(
    monitor: ScheduledMonitor,
    due_ms: int,
    locations: Sequence[Location],
    purpose: Purpose,
    incidents: AbstractSet[int],
) -> bool:
    """Whether the checks of this round are to bring their dialogue. `locations` are the enabled ones of the monitor's
    countries, `incidents` the ids of monitors with an open incident.

    Where locations take turns, as many rounds do so as it takes until each location had its turn.
    """
    if purpose is not Purpose.SCHEDULED or monitor.id in incidents:
        return True
    interval_ms = monitor.interval_seconds * 1000
    rounds = _turns(monitor, locations)
    since_first = due_ms - first_due_ms(monitor)
    if 0 <= since_first < max(1, (rounds - 1) * interval_ms):
        return True
    of_day = phase_hash(monitor.public_id) // _SPREAD % DAY_MS
    return (due_ms - of_day) % DAY_MS < rounds * interval_ms


def _turns(monitor: ScheduledMonitor, locations: Sequence[Location]) -> int:
    """After how many rounds every location took part."""
    count = at_once(monitor)
    return 1 if count is None else max(1, -(-len(pool(monitor, locations)) // count))
