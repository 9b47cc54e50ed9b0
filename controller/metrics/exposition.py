"""A controller's metrics as text (Prometheus' format 0.0.4), rendered at most once a second for all scrapes.

The text is rendered in a thread, because for a large installation this takes longer than the event loop may be blocked.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from controller.decisions.evaluation.state import VerdictKind
from controller.metrics.cached_collector import gauge
from controller.metrics.process import Metrics
from controller.off_loop import off_loop
from controller.store.platform.installation import MonitorFigures, monitor_figures
from controller.store.platform.pool import Database, StoreUnavailableError

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.removesuffix("; charset=utf-8")  # the framework adds it

_KEPT_SECONDS = 1.0
_MONITORS_KEPT_SECONDS = 5.0
_MOST_KEPT = 16
_DEADLINE_SECONDS = 8.0
_UP = {VerdictKind.UP: 1.0, VerdictKind.DEGRADED: 1.0, VerdictKind.PARTIAL: 0.0, VerdictKind.DOWN: 0.0}


class Exposition:
    """`clock` returns seconds."""

    def __init__(self, metrics: Metrics, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def text(self) -> bytes:
        """All metrics except those of single monitors."""

        async def make() -> bytes:
            self._metrics.refresh()
            return await off_loop(generate_latest, self._metrics.registry)

        return await self._once("all", _KEPT_SECONDS, make)

    async def monitors(self, db: Database, organization_id: int | None, customer_ids: frozenset[int] | None) -> bytes:
        """Metrics of monitors, of an organization and of these customers; None is any. Raises StoreUnavailableError."""

        async def make() -> bytes:
            try:
                async with asyncio.timeout(_DEADLINE_SECONDS):
                    figures = await monitor_figures(db, organization_id, customer_ids)
            except TimeoutError:
                raise StoreUnavailableError("reading the monitors took too long") from None
            registry = CollectorRegistry()
            registry.register(_Monitors(figures))
            return await off_loop(generate_latest, registry)

        return await self._once((organization_id, customer_ids), _MONITORS_KEPT_SECONDS, make)

    async def _once(self, key: Hashable, seconds: float, make: Callable[[], Awaitable[bytes]]) -> bytes:
        async with self._one_at_a_time:
            at, text = self._kept.get(key, (float("-inf"), b""))
            if self._clock() - at >= seconds:
                text = await make()
                self._kept[key] = (self._clock(), text)
                self._kept.move_to_end(key)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return text


class _Monitors(Collector):
    def __init__(self, figures: list[MonitorFigures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        names = ["monitor", "name", "kind"]
        figures = [((one.public_id, one.name, one.kind), one) for one in self._figures]
        yield gauge(
            "mailprobe_monitor_up",
            "1 if the verdict is up or degraded, 0 if it is partial or down; left out while it is unknown.",
            names,
            [(labels, _UP[VerdictKind(one.verdict)]) for labels, one in figures if one.verdict in _UP],
        )
        yield gauge(
            "mailprobe_monitor_verdict",
            "Always 1; the label verdict is the present verdict.",
            [*names, "verdict"],
            [((*labels, one.verdict), 1) for labels, one in figures],
        )
        yield gauge(
            "mailprobe_monitor_last_duration_seconds",
            "Duration of the latest check that was not blind, at any location.",
            names,
            [(labels, one.duration_ms / 1000) for labels, one in figures if one.duration_ms is not None],
        )
