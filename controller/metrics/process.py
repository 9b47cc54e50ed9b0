"""All metrics of one controller: its counters, the state of its process, and the cached state of the installation."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from controller.metrics.counts import Counts
from controller.model.dependencies import Dependency
from controller.store.platform.pool import Database


class Metrics(Collector):
    """The registry of this process. `pools` are its database pools by name; `failing` returns what it depends on and
    does not work; `show` adds the metrics of the pipeline.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._leading: Callable[[], bool] = lambda: False
        self._clock_offset_ms: Callable[[], float | None] = lambda: None
        self.failing: Callable[[], Collection[Dependency]] = tuple
        self.pools: dict[str, Database] = {}
        self.heartbeat_fetched_at: Callable[[], float | None] = lambda: None
        """When this process last fetched MAILPROBE_HEARTBEAT_URL with success, or began to try, in seconds since the
        epoch; None without that setting.
        """
        self._cached: list[Metric] = []
        self.registry = CollectorRegistry()
        self.registry.register(self.counts)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def show(self, *collectors: Collector, leading: Callable[[], bool], clock: Callable[[], float | None]) -> None:
        """Add cached collectors, whether this process schedules, and how many milliseconds its clock is ahead."""
        for each in collectors:
            self.registry.register(each)
        self._leading = leading
        self._clock_offset_ms = clock

    @property
    def leading(self) -> bool:
        """Whether this process schedules."""
        return self._leading()

    def refresh(self) -> None:
        """Read values that only the event loop may touch. Call it there, because the text is rendered in a thread."""
        self._cached = list(self._families())

    def collect(self) -> Iterator[Metric]:
        yield from self._cached

    def _families(self) -> Iterator[Metric]:
        built = GaugeMetricFamily(
            "mailprobe_build_info", "Always 1; the labels are the versions that run.", labels=["version", "python"]
        )
        built.add_metric([version("mailprobe"), platform.python_version()], 1)
        yield built
        yield GaugeMetricFamily(
            "mailprobe_scheduler_leading",
            "1 if this process schedules the checks. The sum over all controllers is 1; if it stays 0, none does.",
            value=float(self.leading),
        )
        offset = GaugeMetricFamily(
            "mailprobe_clock_offset_seconds", "How far this machine's clock is ahead of the broker's."
        )
        offset_ms = self._clock_offset_ms()
        if offset_ms is not None:
            offset.add_metric([], offset_ms / 1000)
        yield offset
        heartbeat = GaugeMetricFamily(
            "mailprobe_heartbeat_last_success_timestamp_seconds",
            "When this process last fetched MAILPROBE_HEARTBEAT_URL with success, or when it began, if it never did."
            " Only the controller that schedules fetches it: take the maximum.",
        )
        fetched_at = self.heartbeat_fetched_at()
        if fetched_at is not None:
            heartbeat.add_metric([], fetched_at)
        yield heartbeat
        failing = GaugeMetricFamily(
            "mailprobe_dependency_failing",
            "1 for each part that this process depends on and that fails: database, nats, or a stream that stores"
            " nothing. /readyz says why.",
            labels=["part"],
        )
        problems = self.failing()
        for part in Dependency:
            failing.add_metric([part.value], float(part in problems))
        yield failing
        used = GaugeMetricFamily(
            "mailprobe_database_connections",
            "Busy connections of this process to PostgreSQL, by pool. At the limit, work waits for a connection.",
            labels=["pool"],
        )
        limit = GaugeMetricFamily(
            "mailprobe_database_connections_limit", "The most connections that each pool may have.", labels=["pool"]
        )
        for name, pool in self.pools.items():
            used.add_metric([name], pool.busy)
            limit.add_metric([name], pool.size)
        yield from (used, limit)
