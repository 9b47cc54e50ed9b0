"""What a scrape told, to look figures up in."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families


class Scraped(NamedTuple):
    text: str
    families: list[Metric]

    @classmethod
    def of(cls, text: str) -> Scraped:
        """Raises ValueError for what is not Prometheus' text format."""
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
        """Of all of them; 0 without any."""
        return sum(self.all(name, **labels))

    def labels(self) -> dict[str, set[str]]:
        """The labels of every sample's name, without those of a histogram's or counter's samples that are not there."""
        known: dict[str, set[str]] = {}
        for family in self.families:
            for sample in family.samples:
                known.setdefault(sample.name, set()).update(sample.labels)
        return known

    def series(self) -> int:
        return sum(len(family.samples) for family in self.families)
