"""How a monitor is now: its verdict, what is open, and what each location found last."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.decisions.evaluation.state import MonitorState
from controller.model import Monitor
from controller.operations.monitors.unlocated import why_unlocated
from controller.store.checks import latest_checks
from controller.store.checks.latest_checks import LatestAt, ServerFacts, TriggeredAt
from controller.store.evaluation import probe_problems
from controller.store.evaluation.probe_problems import Refusals
from controller.store.incidents import monitor_incidents
from controller.store.monitors.latest import state_of
from controller.store.platform.pool import Connection
from shared.wire.events import Evidence

__all__ = ["LatestAt", "Refusals", "ServerFacts", "Situation", "TriggeredAt", "situation_of"]


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is None for a monitor without any evaluation. `evidence` is what the open incident rests on, None without
    one. `refusals` are the locations that the server refuses while others pass. `triggered` are the locations of the
    check that was triggered at the requested moment; None when none was requested. `unlocated` says why no location may
    check the monitor; it is empty when one may.
    """

    state: MonitorState | None
    evidence: Evidence | None
    latest: list[LatestAt]
    refusals: list[Refusals]
    triggered: list[TriggeredAt] | None
    unlocated: str


async def situation_of(connection: Connection, monitor: Monitor, triggered_at: datetime | None) -> Situation:
    """The caller has checked that the monitor may be read."""
    triggered = None
    if triggered_at is not None:
        triggered = await latest_checks.triggered_checks(connection, monitor.id, monitor.public_id, triggered_at)
    return Situation(
        state=await state_of(connection, monitor.id),
        evidence=await monitor_incidents.newest_evidence(connection, monitor.id),
        latest=await latest_checks.latest_checks(connection, monitor.id, monitor.public_id, monitor.interval_seconds),
        refusals=await probe_problems.of_monitor(connection, monitor.id),
        triggered=triggered,
        unlocated=await why_unlocated(connection, monitor),
    )
