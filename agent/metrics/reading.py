"""One process's metrics at a moment, and those of a whole agent made of its processes'."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import NamedTuple

import msgspec
from prometheus_client import Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.metrics.counts import Counts, States
from shared.wire.messages import Unfitness


class Reading(msgspec.Struct, frozen=True):
    """What a process counted, and its gauges by name (GAUGES). It travels from a process to its parent."""

    counts: States
    gauges: dict[str, float]


def _furthest(offsets: Iterable[float]) -> float:
    return max(offsets, key=abs)


class _Gauge(NamedTuple):
    told: str
    of_all: Callable[[Iterable[float]], float]
    """How the value of an agent is made of its processes'."""


GAUGES = {
    "mailprobe_agent_processes": _Gauge(
        "Processes of this agent that answered now. Fewer than MAILPROBE_PROCESSES: some died or stand still.", sum
    ),
    "mailprobe_agent_checks_running": _Gauge("Checks in their dialogue.", sum),
    "mailprobe_agent_checks_waiting": _Gauge("Checks in hand that have not begun: they wait for their turn.", sum),
    "mailprobe_agent_capacity": _Gauge(
        "How many checks at once may be in hand at present. It shrinks while the loop is late.", sum
    ),
    "mailprobe_agent_loop_lag_seconds": _Gauge(
        "How late the event loop ran (p95 of the last half minute, the worst process). Above 0.005 timings are not"
        " true any more: this machine is too busy.",
        max,
    ),
    "mailprobe_agent_results_unsent": _Gauge(
        "Results the broker does not have yet. Growing: NATS is away, or RESULTS is full.", sum
    ),
    "mailprobe_agent_results_oldest_unsent_seconds": _Gauge("How long the oldest of them has waited.", max),
    "mailprobe_agent_nats_connected": _Gauge("Processes of this agent that are connected to NATS.", sum),
    "mailprobe_agent_clock_offset_seconds": _Gauge(
        "How far this machine's clock is ahead of the broker's. Beyond 2 s moments are corrected; set the clock.",
        _furthest,
    ),
    "process_resident_memory_bytes": _Gauge("Memory of all processes of this agent.", sum),
    "process_open_fds": _Gauge("Open files and sockets of all processes of this agent.", sum),
    "process_max_fds": _Gauge("How many files and sockets they may have open, together.", sum),
}


_NONE_WITHOUT_PROCESSES = ("mailprobe_agent_processes", "mailprobe_agent_nats_connected")
"""What is known to be 0 when no process answers; of a series that is missing no alert tells."""


class Source:
    """Where the readings of one process come from: its counts, and `gauges` of what it is doing."""

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
        """What the kernel knows of this process; nothing where there is no /proc."""
        known = {family.name: family.samples[0].value for family in self._process.collect() if family.samples}
        return {name: value for name, value in known.items() if name in GAUGES}


class Agent(Collector):
    """A whole agent: `living` processes told their readings now, `past` are counts of others that do not answer."""

    def __init__(self, living: Sequence[Reading], past: Iterable[States], unfit: Sequence[Unfitness]) -> None:
        self._living = living
        self._unfit = unfit
        self._counts = Counts()
        for states in (*(one.counts for one in living), *past):
            self._counts.merge(states)

    def collect(self) -> Iterator[Metric]:
        built = GaugeMetricFamily(
            "mailprobe_agent_build_info", "Always 1; the labels say what runs.", labels=["version", "python"]
        )
        built.add_metric([version("mailprobe"), platform.python_version()], 1)
        yield built
        yield from self._counts.collect()
        for name, gauge in GAUGES.items():
            values = [one.gauges[name] for one in self._living if name in one.gauges]
            family = GaugeMetricFamily(name, gauge.told)
            if values:
                family.add_metric([], gauge.of_all(values))
            elif not self._living and name in _NONE_WITHOUT_PROCESSES:
                family.add_metric([], 0)
            yield family
        unfit = GaugeMetricFamily(
            "mailprobe_agent_unfit",
            "1 for what this machine cannot do; checks that need it are not given to it.",
            labels=["reason"],
        )
        for reason in Unfitness:
            unfit.add_metric([reason.value], float(reason in self._unfit))
        yield unfit
