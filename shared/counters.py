"""Counters and histograms for Prometheus. Both sides use the same buckets, so that their figures can be compared.

They replace the counters of the client library, whose observation costs 1.5 µs and takes a lock, against 0.2 µs here;
each result makes a dozen. The library's collector interface and text format are used unchanged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeAlias

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

OTHER = "other"
"""The label value for every value outside the closed set."""

PHASE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bucket bounds for phases and whole checks, which end within a minute."""

State: TypeAlias = dict[str, list[float]]
"""A counter as it is sent between processes: label values, separated by spaces, to figures."""


class _Labelled(Collector):
    """`labels` gives each label its closed set of values, or None if the caller guarantees that there are few values.

    A value outside its set becomes OTHER. Known labels cost one dictionary lookup; the sets are searched only for new
    ones.
    """

    width = 1
    """How many figures each combination of labels has."""

    def __init__(self, name: str, help_text: str, labels: Mapping[str, Collection[str] | None] | None = None) -> None:
        self.name = name
        self._help_text = help_text
        self._labels = dict(labels or {})
        self._figures: dict[tuple[str, ...], list[float]] = {}

    def begin(self) -> None:
        """Export every combination from now on, because Prometheus sees no increase in a series that appears with its
        first event. All label sets must be closed.
        """
        for values in product(*(known or () for known in self._labels.values())):
            self.figures(tuple(str(value) for value in values))

    def state(self) -> State:
        return {" ".join(labels): list(figures) for labels, figures in list(self._figures.items())}

    def merge(self, state: State) -> None:
        """Add the counts of another process."""
        for labels, figures in state.items():
            own = self.figures(tuple(labels.split()))
            own[:] = [one + other for one, other in zip(own, figures, strict=True)]

    def figures(self, labels: tuple[str, ...]) -> list[float]:
        """The figures of these labels. A caller in a hot path may keep and change them in place."""
        figures = self._figures.get(labels)
        if figures is None:
            known = tuple(
                value if values is None or value in values else OTHER
                for value, values in zip(labels, self._labels.values(), strict=True)
            )
            figures = self._figures.setdefault(known, [0.0] * self.width)
        return figures


class CounterSeries(_Labelled):
    """A counter; `name` ends in `_total`."""

    def add(self, labels: tuple[str, ...] = (), by: float = 1) -> None:
        self.figures(labels)[0] += by

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self._help_text, labels=list(self._labels))
        for labels, (value,) in list(self._figures.items()):
            family.add_metric(labels, value)
        yield family


class HistogramSeries(_Labelled):
    """A histogram of seconds; `name` ends in `_seconds`, `bounds` are the upper ends of its buckets."""

    def __init__(
        self, name: str, help_text: str, labels: Mapping[str, Collection[str] | None], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, help_text, labels)
        self._bounds = tuple(bounds)
        self.width = len(self._bounds) + 2  # one bucket has no end, and the sum comes last

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        put(self._figures.get(labels) or self.figures(labels), self._bounds, seconds)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self.name, self._help_text, labels=list(self._labels))
        bounds = [*(str(bound) for bound in self._bounds), "+Inf"]
        for labels, figures in list(self._figures.items()):
            *counts, seconds = tuple(figures)
            buckets, below = [], 0.0
            for bound, count in zip(bounds, counts, strict=True):
                below += count
                buckets.append((bound, below))
            family.add_metric(labels, buckets, seconds)
        yield family


def put(figures: list[float], bounds: Sequence[float], seconds: float) -> None:
    """Count a duration in the figures of a Spread with these bounds; a negative one (clocks differ) counts as 0."""
    if seconds > 0:
        figures[bisect_left(bounds, seconds)] += 1
        figures[-1] += seconds
    else:
        figures[0] += 1
