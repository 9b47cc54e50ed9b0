"""What the page of locations shows of each agent. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.model import AgentSighting
from controller.pages.locations.doing import clock_off

_LAG_LIMIT_MS = 5.0
"""Above this an agent takes fewer checks at once, so that its timings stay true."""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent with a fresh heartbeat. `clock` says how far its clock is off, empty while that is unknown."""

    name: str
    version: str
    running: int
    waiting: int
    capacity: int
    lag_ms: float
    lagging: bool
    clock: str
    clock_off: bool
    started_at: datetime
    last_at: datetime


def agent_row(agent: AgentSighting) -> AgentRow:
    return AgentRow(
        name=agent.name,
        version=agent.version,
        running=agent.running,
        waiting=agent.waiting,
        capacity=agent.capacity,
        lag_ms=agent.loop_lag_ms,
        lagging=agent.loop_lag_ms > _LAG_LIMIT_MS,
        clock=_clock(agent.clock_offset_ms),
        clock_off=clock_off(agent),
        started_at=agent.started_at,
        last_at=agent.last_seen_at,
    )


def _clock(offset_ms: float | None) -> str:
    if offset_ms is None:
        return ""
    if abs(offset_ms) < 1000:
        return f"{offset_ms:+.0f} ms"
    return f"{abs(offset_ms) / 1000:.1f} s {'ahead' if offset_ms > 0 else 'behind'}"
