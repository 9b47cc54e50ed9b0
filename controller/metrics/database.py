"""Metrics from the database: monitors, incidents, locations, agents, and waiting work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from prometheus_client import Metric

from controller.decisions.canaries import CanaryState, kinds_lost, last_failure
from controller.decisions.evaluation.state import Severity, VerdictKind
from controller.decisions.schedule.eligibility import alive
from controller.metrics.cached_collector import CachedCollector, gauge
from controller.model import AgentSighting, GapReason, Location, MonitorStatus
from controller.model.maintenance import Effect
from controller.store.locations import canaries as canary_store
from controller.store.locations import locations as location_store
from controller.store.monitors import unlocated
from controller.store.platform.installation import Installation, installation
from controller.store.platform.pool import Database
from shared.counters import OTHER
from shared.wire.failures import FailureSource
from shared.wire.messages import Unfitness
from shared.wire.targets import KINDS

_OURS = (FailureSource.AGENT, FailureSource.RESOLVER)
_BLIND = (*(reason for reason in GapReason if reason is not GapReason.MAINTENANCE), *_OURS)


class LocationAgents(NamedTuple):
    """An enabled location, those of its agents that are alive, and its latest canaries."""

    location: Location
    agents: list[AgentSighting]
    canaries: list[CanaryState]


class DatabaseMetricsView(NamedTuple):
    installation: Installation
    locations: list[LocationAgents]
    without_location: int


def database_collector(db: Database) -> CachedCollector[DatabaseMetricsView]:
    """A collector of the installation's state. Its refresh raises StoreUnavailableError."""

    async def read() -> DatabaseMetricsView:
        counted = await installation(db)
        locations = await location_store.all_locations(db)
        now, sightings = await location_store.sightings(db)
        states = await canary_store.states(db)
        return DatabaseMetricsView(
            counted,
            [
                LocationAgents(here, alive(sightings.get(here.id, []), now), states.get(here.id, []))
                for here in locations
                if here.enabled
            ],
            await unlocated.count(db),
        )

    return CachedCollector("database", read, _families)


def _families(view: DatabaseMetricsView) -> Iterator[Metric]:
    yield from _monitors(view.installation)
    yield gauge(
        "mailprobe_monitors_without_location",
        "Monitors that are to be checked, but that no enabled location may check; their verdict is unknown.",
        [],
        [((), view.without_location)],
    )
    yield from _maintenance(view.installation)
    yield from _waiting(view.installation)
    yield from _locations(view.locations)
    yield from _canaries({one.location.code: one.canaries for one in view.locations if one.canaries})
    yield gauge(
        "mailprobe_location_blind",
        "1 where the checks of an enabled location give no usable result now. reason is a gap's reason, or the part at"
        " fault (agent, resolver). Blind locations do not vote.",
        ["location", "reason"],
        [((code, reason if reason in _BLIND else OTHER), 1) for code, reason in view.installation.blind],
    )


def _monitors(installation: Installation) -> Iterator[Metric]:
    monitors: dict[tuple[str, ...], float] = {}
    for kind, status, verdict, count in installation.monitors:
        known = ((kind, KINDS), (status, tuple(MonitorStatus)), (verdict, tuple(VerdictKind)))
        labels = tuple(value if value in values else OTHER for value, values in known)
        monitors[labels] = monitors.get(labels, 0) + count
    yield gauge(
        "mailprobe_monitors",
        "Monitors by their present verdict. Many unknown ones mean blind locations, not mail servers that are down.",
        ["kind", "status", "verdict"],
        monitors.items(),
    )
    incidents: dict[tuple[str, ...], float] = dict.fromkeys(product(Severity, ("false", "true")), 0)
    for severity, acknowledged, count in installation.open_incidents:
        labels = (severity if severity in tuple(Severity) else OTHER, str(acknowledged).lower())
        incidents[labels] = incidents.get(labels, 0) + count
    yield gauge(
        "mailprobe_incidents_open", "Incidents that are open now.", ["severity", "acknowledged"], incidents.items()
    )


def _maintenance(installation: Installation) -> Iterator[Metric]:
    known = {effect.value: 0 for effect in Effect} | dict(installation.in_maintenance)
    yield gauge(
        "mailprobe_monitors_in_maintenance",
        "Monitors in maintenance now. silence: they are checked, and nobody is notified; suspend: no checks.",
        ["effect"],
        [((effect,), count) for effect, count in known.items()],
    )
    yield gauge(
        "mailprobe_maintenance_windows_active",
        "Maintenance windows that are under way now.",
        [],
        [((), installation.windows_active)],
    )


def _waiting(installation: Installation) -> Iterator[Metric]:
    waiting: list[tuple[str, str, float]] = [
        (
            "mailprobe_deliveries_waiting",
            "Deliveries to people that are not sent yet, including those that are delayed on purpose.",
            installation.deliveries_waiting,
        ),
        (
            "mailprobe_deliveries_overdue_seconds",
            "How long the oldest delivery is overdue whose channel does not fail. If this grows, nothing is sent.",
            installation.deliveries_overdue_seconds,
        ),
        (
            "mailprobe_events_waiting",
            "Verdict and incident events not published on the event stream yet. If this grows, NATS is down or full.",
            installation.events_waiting,
        ),
        (
            "mailprobe_evaluations_waiting",
            "Evaluations of rounds and rechecks that are due and not done yet.",
            installation.evaluations_waiting,
        ),
        (
            "mailprobe_evaluations_overdue_seconds",
            "How long the oldest due evaluation has waited. If this grows, verdicts and notifications are late.",
            installation.evaluations_overdue_seconds,
        ),
        (
            "mailprobe_scheduler_watermark_age_seconds",
            "How far scheduling is behind the clock. If this grows, no controller schedules, or NATS is down.",
            installation.watermark_age_seconds,
        ),
        (
            "mailprobe_blocks_age_seconds",
            "How long ago the hour ended that is put into blocks next. If this exceeds 4 hours, rows fill the disk.",
            installation.fold_age_seconds,
        ),
    ]
    for name, help_text, value in waiting:
        yield gauge(name, help_text, [], [((), value)])


def _canaries(states: Mapping[str, Sequence[CanaryState]]) -> Iterator[Metric]:
    yield gauge(
        "mailprobe_canary_age_seconds",
        "How long ago the last canary of a location came back, or was first sent if none ever did. A canary is sent"
        " every half minute to locations whose agents are alive; it goes the way of a check and its result.",
        ["location"],
        [((code,), min(one.age_seconds for one in own)) for code, own in states.items()],
    )
    yield gauge(
        "mailprobe_canary_round_trip_seconds",
        "How long the last canary that came back took, from the controller over an agent to the evaluator; the longest"
        " of all kinds of check.",
        ["location"],
        [
            ((code,), max(trips) / 1000)
            for code, own in states.items()
            if (trips := [one.round_trip_ms for one in own if one.round_trip_ms is not None])
        ],
    )
    yield gauge(
        "mailprobe_canary_lost",
        "1 for each kind of check whose canaries at a location do not come back, though its agents send heartbeats.",
        ["location", "kind"],
        [
            ((code, one.kind), float(one.kind in lost))
            for code, own in states.items()
            for lost in [kinds_lost(own)]
            for one in own
        ],
    )
    yield gauge(
        "mailprobe_canary_target_failing",
        "1 where the last three dialogues with MAILPROBE_CANARY_TARGET failed.",
        ["location"],
        [((code,), float(last_failure(own) is not None)) for code, own in states.items()],
    )


def _locations(locations: list[LocationAgents]) -> Iterator[Metric]:
    yield gauge(
        "mailprobe_location_ready",
        "1 where an agent of an enabled location sent a heartbeat in the last 30 s, 0 where none did.",
        ["location"],
        [((here.code,), float(bool(agents))) for here, agents, _ in locations],
    )
    yield gauge(
        "mailprobe_agents_ready",
        "Agent processes that are alive at each enabled location.",
        ["location"],
        [((here.code,), len(agents)) for here, agents, _ in locations],
    )
    yield gauge(
        "mailprobe_agents_unfit",
        "Agents alive that reported a limitation, by its reason; checks that it affects never count as failures.",
        ["location", "reason"],
        [
            ((here.code, reason.value), sum(reason in agent.unfit for agent in agents))
            for here, agents, _ in locations
            for reason in Unfitness
        ],
    )
    yield gauge(
        "mailprobe_location_checks",
        "Checks that the agents of each location have taken, as they report: running, or waiting for a permit.",
        ["location", "state"],
        [
            row
            for here, agents, _ in locations
            for row in (
                ((here.code, "running"), sum(agent.running for agent in agents)),
                ((here.code, "waiting"), sum(agent.waiting for agent in agents)),
            )
        ],
    )
    yield gauge(
        "mailprobe_location_capacity",
        "How many checks the agents of a location run at once at present.",
        ["location"],
        [((here.code,), sum(agent.capacity for agent in agents)) for here, agents, _ in locations],
    )
    yield gauge(
        "mailprobe_location_clock_offset_seconds",
        "How far the worst clock at a location is ahead of the broker's. Beyond 2 s, times of results are corrected by"
        " the broker's clock.",
        ["location"],
        [((here.code,), offset) for here, agents, _ in locations if (offset := _worst_offset(agents)) is not None],
    )


def _worst_offset(agents: list[AgentSighting]) -> float | None:
    offsets = [agent.clock_offset_ms / 1000 for agent in agents if agent.clock_offset_ms is not None]
    return max(offsets, key=abs, default=None)
