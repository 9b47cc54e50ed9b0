"""One controller's metrics, whole: what it counted, what it is now, and what it last saw of the installation."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from controller.metrics.counts import Counts
from controller.store.platform.pool import Database


class Metrics(Collector):
    """Everything this process tells, `pools` by their names; what it does besides the API is added by `show`."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._leading: Callable[[], bool] = lambda: False
        self._clock_offset_ms: Callable[[], float | None] = lambda: None
        self.pools: dict[str, Database] = {}
        self._seen: list[Metric] = []
        self.registry = CollectorRegistry()
        self.registry.register(self.counts)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def show(self, *seen: Collector, leading: Callable[[], bool], clock: Callable[[], float | None]) -> None:
        """What was seen of the neighbours, whether this process schedules, how far its clock is ahead (ms)."""
        for each in seen:
            self.registry.register(each)
        self._leading = leading
        self._clock_offset_ms = clock

    def look(self) -> None:
        """See what the event loop works with. Call it there, for a scrape is told in a thread."""
        self._seen = list(self._families())

    def collect(self) -> Iterator[Metric]:
        yield from self._seen

    def _families(self) -> Iterator[Metric]:
        built = GaugeMetricFamily(
            "mailprobe_build_info", "Always 1; the labels say what runs.", labels=["version", "python"]
        )
        built.add_metric([version("mailprobe"), platform.python_version()], 1)
        yield built
        yield GaugeMetricFamily(
            "mailprobe_scheduler_leading",
            "1 where this process schedules the checks. The sum over all controllers is 1; 0 for long: nobody does.",
            value=float(self._leading()),
        )
        offset = GaugeMetricFamily(
            "mailprobe_clock_offset_seconds", "How far this machine's clock is ahead of the broker's."
        )
        offset_ms = self._clock_offset_ms()
        if offset_ms is not None:
            offset.add_metric([], offset_ms / 1000)
        yield offset
        used = GaugeMetricFamily(
            "mailprobe_database_connections",
            "Connections of this process to PostgreSQL that are busy, by pool; at the limit work waits for work.",
            labels=["pool"],
        )
        limit = GaugeMetricFamily(
            "mailprobe_database_connections_limit", "How many each pool may have.", labels=["pool"]
        )
        for name, pool in self.pools.items():
            used.add_metric([name], pool.busy)
            limit.add_metric([name], pool.size)
        yield from (used, limit)
