"""The installation as the database has it: monitors, incidents, locations and agents, and what waits there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import NamedTuple

from prometheus_client import Metric

from controller.decisions.evaluation.state import Severity, VerdictKind
from controller.decisions.schedule.eligibility import alive
from controller.metrics.cached_collector import Seen, gauge
from controller.model import AgentSighting, GapReason, Location, MonitorStatus
from controller.store.locations import locations as location_store
from controller.store.platform.installation import Installation, installation
from controller.store.platform.pool import Database
from shared.counters import OTHER
from shared.wire.failures import FailureSource
from shared.wire.messages import Unfitness
from shared.wire.targets import KINDS

_BLIND = (*GapReason, FailureSource.AGENT, FailureSource.RESOLVER)


class Station(NamedTuple):
    """An enabled location and its agents that are alive."""

    location: Location
    agents: list[AgentSighting]


class View(NamedTuple):
    installation: Installation
    stations: list[Station]


def watch_database(db: Database) -> Seen[View]:
    """Its look raises StoreUnavailableError."""

    async def read() -> View:
        counted = await installation(db)
        locations = await location_store.all_locations(db)
        now, sightings = await location_store.sightings(db)
        return View(counted, [_station(here, sightings.get(here.id, []), now) for here in locations if here.enabled])

    return Seen("database", read, _families)


def _station(location: Location, agents: list[AgentSighting], now: datetime) -> Station:
    return Station(location, alive(agents, now))


def _families(view: View) -> Iterator[Metric]:
    yield from _monitors(view.installation)
    yield from _waiting(view.installation)
    yield from _stations(view.stations)
    yield gauge(
        "mailprobe_location_blind",
        "1 where checks of an enabled location bring nothing that counts now, and why: a gap's reason, or whose fault"
        " it is (agent, resolver). Blind locations do not vote.",
        ["location", "reason"],
        [((code, reason if reason in _BLIND else OTHER), 1) for code, reason in view.installation.blind],
    )


def _monitors(seen: Installation) -> Iterator[Metric]:
    monitors: dict[tuple[str, ...], float] = {}
    for kind, status, verdict, count in seen.monitors:
        known = ((kind, KINDS), (status, tuple(MonitorStatus)), (verdict, tuple(VerdictKind)))
        labels = tuple(value if value in values else OTHER for value, values in known)
        monitors[labels] = monitors.get(labels, 0) + count
    yield gauge(
        "mailprobe_monitors",
        "Monitors by their verdict now. Many unknown: locations are blind, not mail servers down.",
        ["kind", "status", "verdict"],
        monitors.items(),
    )
    incidents: dict[tuple[str, ...], float] = dict.fromkeys(product(Severity, ("false", "true")), 0)
    for severity, acknowledged, count in seen.open_incidents:
        labels = (severity if severity in tuple(Severity) else OTHER, str(acknowledged).lower())
        incidents[labels] = incidents.get(labels, 0) + count
    yield gauge("mailprobe_incidents_open", "Outages that go on now.", ["severity", "acknowledged"], incidents.items())


def _waiting(seen: Installation) -> Iterator[Metric]:
    told: list[tuple[str, str, float]] = [
        (
            "mailprobe_deliveries_waiting",
            "Deliveries to people not sent yet, those that wait on purpose included.",
            seen.deliveries_waiting,
        ),
        (
            "mailprobe_deliveries_overdue_seconds",
            "How long the oldest delivery should have been sent. Growing: nobody sends, or a receiver is away.",
            seen.deliveries_overdue_seconds,
        ),
        (
            "mailprobe_events_waiting",
            "Verdict and incident events not told on the event stream yet. Growing: NATS is away or full.",
            seen.events_waiting,
        ),
        (
            "mailprobe_looks_waiting",
            "Rounds and rechecks waiting for a verdict although it is time.",
            seen.looks_waiting,
        ),
        (
            "mailprobe_looks_overdue_seconds",
            "How long the oldest of them has waited. Growing: verdicts come late, and so do alarms.",
            seen.looks_overdue_seconds,
        ),
        (
            "mailprobe_scheduler_watermark_age_seconds",
            "How far scheduling is behind the clock. Growing: no controller schedules, or NATS takes no requests.",
            seen.watermark_age_seconds,
        ),
    ]
    for name, help_text, value in told:
        yield gauge(name, help_text, [], [((), value)])


def _stations(stations: list[Station]) -> Iterator[Metric]:
    yield gauge(
        "mailprobe_location_ready",
        "1 where an agent of an enabled location gave a sign of life in the last 30 s, 0 where none did.",
        ["location"],
        [((here.code,), float(bool(agents))) for here, agents in stations],
    )
    yield gauge(
        "mailprobe_agents_ready",
        "Agents (processes) alive at each enabled location.",
        ["location"],
        [((here.code,), len(agents)) for here, agents in stations],
    )
    yield gauge(
        "mailprobe_agents_unfit",
        "Agents alive that told what they cannot do, by what that is; checks that need it become gaps, not failures.",
        ["location", "reason"],
        [
            ((here.code, reason.value), sum(reason in agent.unfit for agent in agents))
            for here, agents in stations
            for reason in Unfitness
        ],
    )
    yield gauge(
        "mailprobe_location_checks",
        "Checks in hand at each location, as its agents told: running, or waiting for their turn.",
        ["location", "state"],
        [
            row
            for here, agents in stations
            for row in (
                ((here.code, "running"), sum(agent.running for agent in agents)),
                ((here.code, "waiting"), sum(agent.waiting for agent in agents)),
            )
        ],
    )
    yield gauge(
        "mailprobe_location_capacity",
        "How many checks at once the agents of a location take at present.",
        ["location"],
        [((here.code,), sum(agent.capacity for agent in agents)) for here, agents in stations],
    )
    yield gauge(
        "mailprobe_location_clock_offset_seconds",
        "How far the clock that is furthest off at a location is ahead of the broker's; beyond 2 s moments are"
        " corrected by the broker's clock.",
        ["location"],
        [((here.code,), offset) for here, agents in stations if (offset := _worst_offset(agents)) is not None],
    )


def _worst_offset(agents: list[AgentSighting]) -> float | None:
    offsets = [agent.clock_offset_ms / 1000 for agent in agents if agent.clock_offset_ms is not None]
    return max(offsets, key=abs, default=None)
