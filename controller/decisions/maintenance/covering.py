"""Whether a monitor was in maintenance at a moment, such as the due moment of the evidence for an outage. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from controller.decisions.maintenance.occurrences import Occurrence, merged
from controller.model.maintenance import Effect, InMaintenance, WindowTime


def covering(times: Iterable[WindowTime], at: datetime) -> InMaintenance | None:
    """What held at that moment, by the times of a monitor's windows around it. Times that touch are one."""
    times = list(times)
    holding = [one for one in times if one.holds(at)]
    if not holding:
        return None
    spans = merged(Occurrence(one.from_at, one.to_at) for one in times)
    since, until = next(span for span in spans if span.holds(at))
    effect = Effect.SUSPEND if any(one.effect is Effect.SUSPEND for one in holding) else Effect.SILENCE
    return InMaintenance(effect, since, until)
