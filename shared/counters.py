"""What a process counts and times, in the form Prometheus reads: both sides use the same buckets, so they compare.

Not the client library's own counters: one of its observations costs 1.5 µs and takes a lock, these 0.2 µs, and a result
makes a dozen. Its collector interface and its text format are used as they are.
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
"""What a label says for a value outside its closed set."""

PHASE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds for phases and whole checks, which end within a minute."""

State: TypeAlias = dict[str, list[float]]
"""A tally as it travels between processes: the label values, separated by spaces, to its figures."""


class _Labelled(Collector):
    """`labels` gives each label its closed set of values, or None when the caller vouches that the values are few.

    A value outside its set is told as OTHER, and only there is a set looked at: known labels cost one look-up.
    """

    width = 1
    """How many figures there are for the same labels."""

    def __init__(self, name: str, told: str, labels: Mapping[str, Collection[str] | None] | None = None) -> None:
        self.name = name
        self._told = told
        self._labels = dict(labels or {})
        self._figures: dict[tuple[str, ...], list[float]] = {}

    def begin(self) -> None:
        """Tell every combination from now on, for of a series that appears with its first event Prometheus sees no
        increase. All sets are closed.
        """
        for values in product(*(known or () for known in self._labels.values())):
            self.figures(tuple(str(value) for value in values))

    def state(self) -> State:
        return {" ".join(labels): list(figures) for labels, figures in list(self._figures.items())}

    def merge(self, state: State) -> None:
        """Add what another process has counted."""
        for labels, figures in state.items():
            own = self.figures(tuple(labels.split()))
            own[:] = [one + other for one, other in zip(own, figures, strict=True)]

    def figures(self, labels: tuple[str, ...]) -> list[float]:
        """Those of these labels, to be counted up in place by who cannot look them up each time."""
        figures = self._figures.get(labels)
        if figures is None:
            known = tuple(
                value if values is None or value in values else OTHER
                for value, values in zip(labels, self._labels.values(), strict=True)
            )
            figures = self._figures.setdefault(known, [0.0] * self.width)
        return figures


class Count(_Labelled):
    """A counter; `name` ends in `_total`."""

    def add(self, labels: tuple[str, ...] = (), by: float = 1) -> None:
        self.figures(labels)[0] += by

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self._told, labels=list(self._labels))
        for labels, (value,) in list(self._figures.items()):
            family.add_metric(labels, value)
        yield family


class Spread(_Labelled):
    """A histogram of seconds; `name` ends in `_seconds`, `bounds` are the upper ends of its buckets."""

    def __init__(
        self, name: str, told: str, labels: Mapping[str, Collection[str] | None], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, told, labels)
        self._bounds = tuple(bounds)
        self.width = len(self._bounds) + 2  # one bucket has no end, and the sum comes last

    def see(self, labels: tuple[str, ...], seconds: float) -> None:
        put(self._figures.get(labels) or self.figures(labels), self._bounds, seconds)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self.name, self._told, labels=list(self._labels))
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
    """Count in the figures of a Spread with these bounds. Less than nothing, as clocks that differ may tell, is
    nothing.
    """
    if seconds > 0:
        figures[bisect_left(bounds, seconds)] += 1
        figures[-1] += seconds
    else:
        figures[0] += 1
