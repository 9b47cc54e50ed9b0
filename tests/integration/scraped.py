"""The figures of one scrape."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families


class Scraped(NamedTuple):
    text: str
    families: list[Metric]

    @classmethod
    def of(cls, text: str) -> Scraped:
        """Raises ValueError when the text is not in Prometheus' text format."""
        return cls(text, list(text_string_to_metric_families(text)))

    def all(self, name: str, /, **labels: str) -> list[float]:
        """The values of every sample of this name with these labels."""
        return [
            sample.value
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def sum(self, name: str, /, **labels: str) -> float:
        """The sum of these values; 0 when there are none."""
        return sum(self.all(name, **labels))

    def labels(self) -> dict[str, set[str]]:
        """The labels of each sample's name; a histogram or counter without samples has none."""
        known: dict[str, set[str]] = {}
        for family in self.families:
            for sample in family.samples:
                known.setdefault(sample.name, set()).update(sample.labels)
        return known

    def series(self) -> int:
        return sum(len(family.samples) for family in self.families)
