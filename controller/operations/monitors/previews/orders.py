"""What the process that replays is given, and what it answers: frames of MessagePack, each after its length."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.maintenance.at_locations import NONE_MAINTAINED, MaintainedLocations
from controller.decisions.replay.recorded import RecordedCheck, Recording, Window
from controller.decisions.replay.replay import PolicyReplay, ReplayedIncident
from controller.kinds import words_of
from controller.model import Location, ScheduledMonitor

LENGTH_BYTES = 4
"""A frame begins with its length, big-endian."""


class ReplayOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as today's policy has it checked (`before`), another policy, and its stored results: JSON arrays of
    RecordedCheck, read in `windows` (None: everything until `until_ms`). Incidents opened before `since_ms` do not
    count. `maintained` is when its locations were under maintenance.
    """

    monitor: ScheduledMonitor
    locations: Sequence[Location]
    before: Policy
    after: Policy
    retries: bool
    checks: Sequence[str]
    windows: Sequence[Window] | None
    since_ms: int
    until_ms: int
    maintained: MaintainedLocations = NONE_MAINTAINED


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents of both policies. `uncovered`: more must be read to know them."""

    before: list[ReplayedIncident] = []
    after: list[ReplayedIncident] = []
    uncovered: bool = False


_CHECKS = msgspec.json.Decoder(list[RecordedCheck])


def replayed(order: ReplayOrder) -> ReplayAnswer:
    """PolicyReplay the same results under both policies."""
    checks = [check for part in order.checks for check in _CHECKS.decode(part)]
    recording = Recording(order.monitor, order.locations, checks, windows=order.windows, retries=order.retries)
    found: list[list[ReplayedIncident]] = []
    for policy in (order.before, order.after):
        if policy == order.before and found:
            found.append(found[0])
            continue
        replay = PolicyReplay(
            order.monitor,
            policy,
            order.locations,
            recording,
            retries=order.retries,
            words=words_of(order.monitor.kind).verdict,
            maintained=order.maintained,
        )
        replay.run(order.until_ms)
        if replay.uncovered:
            return ReplayAnswer(uncovered=True)
        found.append([one for one in replay.incidents if one.opened_ms >= order.since_ms])
    return ReplayAnswer(before=found[0], after=found[1])
