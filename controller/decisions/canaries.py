"""When canaries are due, which kind of check each goes through, and when too many of them did not come back. Pure.

A canary is a request of no monitor that goes the way of every check: through CHECKS and a consumer of its location, to
an agent, back through RESULTS, and past the evaluator. Each location gets one every CANARY_SECONDS. The kinds of check
take turns, so that each of the location's consumers is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from controller.decisions.schedule.eligibility import alive
from controller.model import AgentSighting, Location
from shared.wire.messages import CANARY
from shared.wire.targets import KINDS

CANARY_SECONDS = 30.0
MOST_MISSED = 3
"""After so many in a row, canaries are lost, or their target fails."""

_MONITORS = UUID("5d1d2c5e-8a1e-4f57-9c38-6f6a1f2b7f0c")


class CanaryState(msgspec.Struct, frozen=True, kw_only=True):
    """The latest canary of one location and kind, by the database's clock: seconds since it was sent, whether its
    result is `stored`, and whether the evaluator has handled it (`back`).

    `round_trip_ms` is how long the last one took that came back, and `back_at` when it did; `since` is when this kind
    got its first one, and `age_seconds` counts from the later of both. `missed` is how many before the latest one in a
    row did not come back. `failed` is how many dialogues with the canary target failed in a row, and `failure` what the
    last one found.
    """

    kind: str
    sent_seconds: float
    stored: bool
    back: bool
    missed: int
    since: datetime
    back_at: datetime | None
    age_seconds: float
    round_trip_ms: float | None
    failed: int
    failure: str | None


def canary_monitor(location: str) -> UUID:
    """The monitor id in the canaries of a location; no monitor has it."""
    return uuid5(_MONITORS, location)


def canary_kinds(location: Location, sightings: Iterable[AgentSighting], now: datetime) -> list[str]:
    """The kinds through which the location gets canaries; none while any of its live agents cannot read them, because
    no one knows which agent will fetch a request.
    """
    agents = alive(sightings, now) if location.enabled else []
    if not all(CANARY in agent.reads for agent in agents):
        return []
    known = {kind for agent in agents for kind in agent.kinds}
    return [kind for kind in KINDS if kind in known]


def canary_kind(kinds: Sequence[str], due_ms: int, interval_ms: int) -> str:
    """Whose turn it is."""
    return kinds[due_ms // interval_ms % len(kinds)]


def kinds_lost(states: Sequence[CanaryState], interval_seconds: float = CANARY_SECONDS) -> list[str]:
    """The kinds whose canaries of one location do not come back: the last MOST_MISSED of a kind, or of all kinds."""
    missed = {one.kind: one.missed + _is_overdue(one, interval_seconds) for one in states}
    if in_a_row(missed):
        return sorted(missed)
    return sorted(kind for kind, count in missed.items() if count >= MOST_MISSED)


def last_failure(states: Sequence[CanaryState]) -> str | None:
    """What a dialogue of a location with the canary target found, if the last MOST_MISSED of them failed."""
    return states[0].failure if in_a_row({one.kind: one.failed for one in states}) else None


def in_a_row(counts: Mapping[str, int]) -> bool:
    """Whether the last MOST_MISSED canaries count, given how many of each kind do. Kinds take turns, so the latest ones
    of all kinds are the latest of the location.
    """
    return bool(counts) and all(counts.values()) and sum(counts.values()) >= MOST_MISSED


def _is_overdue(state: CanaryState, interval_seconds: float) -> bool:
    return not state.back and state.sent_seconds > interval_seconds
