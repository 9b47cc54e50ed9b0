"""The metrics of one process at one moment, and those of a whole agent, which combine all its processes."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.metrics.counts import Counts, States
from shared.wire.messages import Unfitness


class Reading(msgspec.Struct, frozen=True):
    """The counts of a process, and its gauges by name (GAUGES). A process sends it to its parent."""

    counts: States
    gauges: dict[str, float]


def _furthest(offsets: Iterable[float]) -> float:
    return max(offsets, key=abs)


class _Gauge(NamedTuple):
    help_text: str
    combine: Callable[[Iterable[float]], float]
    """How to combine the values of the processes into that of the agent."""


GAUGES = {
    "mailprobe_agent_processes": _Gauge(
        "Processes of this agent that answered now. Fewer than MAILPROBE_PROCESSES: some died or are blocked.", sum
    ),
    "mailprobe_agent_checks_running": _Gauge("Checks that run now.", sum),
    "mailprobe_agent_checks_waiting": _Gauge("Accepted checks that have not begun: they wait for a permit.", sum),
    "mailprobe_agent_capacity": _Gauge(
        "How many checks the agent may take at once at present. It shrinks while the event loop is late.", sum
    ),
    "mailprobe_agent_loop_lag_seconds": _Gauge(
        "How late the event loop ran (p95 of the last half minute, worst process). Above 0.005 timings are no longer"
        " true: this machine is too busy.",
        max,
    ),
    "mailprobe_agent_results_unsent": _Gauge(
        "Results that the broker does not have yet. If it grows: NATS is away, or RESULTS is full.", sum
    ),
    "mailprobe_agent_results_oldest_unsent_seconds": _Gauge(
        "How long the oldest result that the broker does not have yet has waited.", max
    ),
    "mailprobe_agent_nats_connected": _Gauge("Processes of this agent that are connected to NATS.", sum),
    "mailprobe_agent_clock_offset_seconds": _Gauge(
        "How far this machine's clock is ahead of the broker's. Beyond 2 s times are corrected; set the clock.",
        _furthest,
    ),
    "process_resident_memory_bytes": _Gauge("Memory of all processes of this agent.", sum),
    "process_open_fds": _Gauge("Open files and sockets of all processes of this agent.", sum),
    "process_max_fds": _Gauge("How many files and sockets all processes of this agent may have open, together.", sum),
}


_NONE_WITHOUT_PROCESSES = ("mailprobe_agent_processes", "mailprobe_agent_nats_connected")
"""Gauges that are 0 when no process answers; without a series no alert could fire."""


class ReadingSource:
    """Makes the readings of one process from its counts and its current `gauges`."""

    def __init__(self, counts: Counts, gauges: Callable[[], dict[str, float]]) -> None:
        self._counts = counts
        self._gauges = gauges
        self._process = ProcessCollector(registry=None)

    def read(self) -> Reading:
        cpu = self._counts.cpu
        [counted] = cpu.state()[""]
        cpu.add(by=time.process_time() - counted)
        return Reading(self._counts.states(), self._gauges() | self._of_process())

    def _of_process(self) -> dict[str, float]:
        """What the kernel knows about this process; nothing on systems without /proc."""
        known = {family.name: family.samples[0].value for family in self._process.collect() if family.samples}
        return {name: value for name, value in known.items() if name in GAUGES}


class AgentMetrics(Collector):
    """A whole agent: `living` are readings of processes that answered now, `past` counts of those that did not."""

    def __init__(self, living: Sequence[Reading], past: Iterable[States], unfit: Sequence[Unfitness]) -> None:
        self._living = living
        self._unfit = unfit
        self._counts = Counts()
        for states in (*(one.counts for one in living), *past):
            self._counts.merge(states)

    def collect(self) -> Iterator[Metric]:
        built = GaugeMetricFamily(
            "mailprobe_agent_build_info", "Always 1; the labels show which versions run.", labels=["version", "python"]
        )
        built.add_metric([version("mailprobe"), platform.python_version()], 1)
        yield built
        yield from self._counts.collect()
        for name, gauge in GAUGES.items():
            values = [one.gauges[name] for one in self._living if name in one.gauges]
            family = GaugeMetricFamily(name, gauge.help_text)
            if values:
                family.add_metric([], gauge.combine(values))
            elif not self._living and name in _NONE_WITHOUT_PROCESSES:
                family.add_metric([], 0)
            yield family
        unfit = GaugeMetricFamily(
            "mailprobe_agent_unfit",
            "1 for each thing that this machine cannot do; it gets no checks that need it.",
            labels=["reason"],
        )
        for reason in Unfitness:
            unfit.add_metric([reason.value], float(reason in self._unfit))
        yield unfit


async def rendered(metrics: AgentMetrics) -> bytes:
    """The metrics as text, made in a thread, so that the event loop is not late."""
    registry = CollectorRegistry()
    registry.register(metrics)
    return await asyncio.to_thread(generate_latest, registry)
