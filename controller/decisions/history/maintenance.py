"""When a monitor was in maintenance: that time is not judged. Pure."""

from __future__ import annotations

from typing import NamedTuple

from controller.decisions.history.uptime import Span


class MaintenanceTime(NamedTuple):
    """From one moment to another, in epoch milliseconds; it lasts while the end is None."""

    from_ms: int
    to_ms: int | None

    def span(self, until_ms: int) -> Span:
        """One that lasts ends at `until_ms`, but not before it begins."""
        return Span(self.from_ms, max(self.from_ms, until_ms) if self.to_ms is None else self.to_ms)
