"""What a controller depends on."""

from __future__ import annotations

from enum import StrEnum

from shared.wire import subjects


class Dependency(StrEnum):
    """A part of the installation that a controller needs, as `/readyz` names it."""

    DATABASE = "database"
    NATS = "nats"
    CHECKS = "checks"
    RESULTS = "results"
    EVENTS = "events"


STREAM_OF = {
    Dependency.CHECKS: subjects.CHECKS,
    Dependency.RESULTS: subjects.RESULTS,
    Dependency.EVENTS: subjects.EVENTS,
}
"""The streams among them."""
