"""What was last seen of a neighbour, in a loop of its own: a scrape asks nobody, so it never hangs and adds no load,
and what cannot be told fails that loop, not the scrape.

Every controller tells the same of the installation: of several the maximum is the truth, not the sum. What was seen too
long ago is not told any more, only its age.
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

LOOK_SECONDS = 10.0
FRESH_SECONDS = 60.0
_DEADLINE_SECONDS = 8.0

T = TypeVar("T")


class Seen(Collector, Generic[T]):
    """Looks by `read` and tells `families` of it; `neighbour` is part of a metric's name. `clock` gives seconds."""

    def __init__(
        self,
        neighbour: str,
        read: Callable[[], Awaitable[T]],
        families: Callable[[T], Iterable[Metric]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._neighbour = neighbour
        self._name = f"mailprobe_{neighbour}_look_age_seconds"
        self._told = (
            f"How long ago this process last saw the {neighbour}, or began without seeing it yet; the numbers it read"
            f" there are left out after {FRESH_SECONDS:.0f} s. Growing: it is away, or too slow to answer."
        )
        self._read = read
        self._families = families
        self._clock = clock
        self._last: tuple[list[Metric], float] = ([], clock())

    async def look(self) -> None:
        """Raises what `read` and `families` raise; what takes too long is given up until the next look."""
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                seen = await self._read()
        except TimeoutError:
            log.warning("look_too_slow", neighbour=self._neighbour)
            return
        self._last = (list(self._families(seen)), self._clock())

    def collect(self) -> Iterator[Metric]:
        told, at = self._last
        seconds = self._clock() - at
        yield GaugeMetricFamily(self._name, self._told, value=seconds)
        if seconds < FRESH_SECONDS:
            yield from told


def gauge(name: str, told: str, labels: Iterable[str], rows: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    """A gauge of the installation with these label values. Raises TypeError for a value that is no number."""
    family = GaugeMetricFamily(name, f"{told} Each controller tells the same: take the maximum.", labels=list(labels))
    for values, value in rows:
        family.add_metric(values, float(value))
    return family
