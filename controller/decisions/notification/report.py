"""What the digest of a channel says of a period, from the rows of its monitors and incidents. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from controller.decisions.history.uptime import EvaluatedTime, uptime_percent

SOON = timedelta(days=30)
NOISY_FROM = 3
"""A monitor with fewer incidents in the period is not noisy, unless it was flapping."""


class ReportedIncident(NamedTuple):
    """An incident that was open at some time of the period; it lasts while `ended` is None."""

    public_id: UUID
    monitor_id: int
    monitor: str
    customer: str
    severity: str
    cause: str
    began: datetime
    ended: datetime | None
    flapping: bool


class NoisyMonitor(NamedTuple):
    public_id: UUID
    monitor: str
    incidents: int
    flapping: bool


class PeriodSummary(NamedTuple):
    """`wrong` are the incidents that last, `ended` those that are over; `noisy` begins with the noisiest monitor.
    `uptime` is in percent, None when no time was judged.
    """

    wrong: list[ReportedIncident]
    ended: list[ReportedIncident]
    noisy: list[NoisyMonitor]
    uptime: float | None


def report_of(
    incidents: Sequence[ReportedIncident], monitors: dict[int, UUID], times: Sequence[EvaluatedTime]
) -> PeriodSummary:
    """`monitors` are those in the scope, by number, and `times` what was judged of each."""
    counts = Counter(one.monitor_id for one in incidents)
    unstable = {one.monitor_id for one in incidents if one.flapping}
    names = {one.monitor_id: one.monitor for one in incidents}
    noisy = [
        NoisyMonitor(monitors[number], names[number], count, number in unstable)
        for number, count in counts.items()
        if number in monitors and (count >= NOISY_FROM or number in unstable)
    ]
    total = EvaluatedTime()
    for one in times:
        total = total.plus(one)
    return PeriodSummary(
        wrong=_by_monitor([one for one in incidents if one.ended is None]),
        ended=_by_monitor([one for one in incidents if one.ended is not None]),
        noisy=sorted(noisy, key=lambda one: (-one.incidents, one.monitor)),
        uptime=uptime_percent(total),
    )


def _by_monitor(incidents: Sequence[ReportedIncident]) -> list[ReportedIncident]:
    first: dict[int, datetime] = {}
    for one in incidents:
        first[one.monitor_id] = min(one.began, first.get(one.monitor_id, one.began))
    return sorted(incidents, key=lambda one: (first[one.monitor_id], one.monitor_id, one.began))


def expiring(ends: Iterable[tuple[int, str]], now: datetime) -> list[tuple[int, datetime]]:
    """The monitors of which a location saw a certificate that expires within SOON, with its end; the first one first.
    What is no time is left out.
    """
    found: dict[int, datetime] = {}
    for monitor_id, text in ends:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            continue
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if at <= now + SOON:
            found[monitor_id] = min(at, found.get(monitor_id, at))
    return sorted(found.items(), key=lambda one: (one[1], one[0]))
