"""Metrics that a loop reads from a dependency (the database or the broker) and caches. A scrape uses only the cache:
it never hangs and adds no load, and an error fails the loop, not the scrape.

Every controller reports the same values for the installation, so take the maximum of several controllers, not the sum.
Values that are too old are left out; only their age is reported.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Generic, TypeVar

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

log = structlog.get_logger()

REFRESH_SECONDS = 10.0
FRESH_SECONDS = 60.0
_DEADLINE_SECONDS = 8.0

T = TypeVar("T")


class CachedCollector(Collector, Generic[T]):
    """Caches what `read` returns, as `families`. `dependency` is part of a metric's name; `clock` returns seconds."""

    def __init__(
        self,
        dependency: str,
        read: Callable[[], Awaitable[T]],
        families: Callable[[T], Iterable[Metric]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dependency = dependency
        self._name = f"mailprobe_{dependency}_reading_age_seconds"
        self._help_text = (
            f"How long ago this process last read the state of the {dependency}, or started, if it never could. After"
            f" {FRESH_SECONDS:.0f} s that state is left out. If this grows, the {dependency} is down or too slow."
        )
        self._read = read
        self._families = families
        self._clock = clock
        self._last: tuple[list[Metric], float] = ([], clock())

    async def refresh(self) -> None:
        """Raises what `read` and `families` raise. A read that takes too long is given up until the next refresh."""
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                found = await self._read()
        except TimeoutError:
            log.warning("metrics_read_too_slow", dependency=self._dependency)
            return
        self._last = (list(self._families(found)), self._clock())

    def collect(self) -> Iterator[Metric]:
        families, at = self._last
        seconds = self._clock() - at
        yield GaugeMetricFamily(self._name, self._help_text, value=seconds)
        if seconds < FRESH_SECONDS:
            yield from families


def gauge(name: str, help_text: str, labels: Iterable[str], rows: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    """A gauge of the installation with these rows of label values. Raises TypeError for a value that is no number."""
    family = GaugeMetricFamily(
        name, f"{help_text} Every controller reports the same value: take the maximum.", labels=list(labels)
    )
    for values, value in rows:
        family.add_metric(values, float(value))
    return family
