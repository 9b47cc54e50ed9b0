"""Monitors that no location can check: their verdict becomes unknown and says why, and the operators are warned, once,
of those that have no location at all.

Without a location there are no checks, so no evaluation would end the last verdict; and an evaluation in which every
location is blind knows nothing of the reason. Every controller does this; whoever is first locks the monitor's state.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import islice

from controller.decisions.evaluation.state import VerdictKind, not_checked
from controller.decisions.schedule.eligibility import alive, configured
from controller.decisions.schedule.hindrances import NO_RESULT_YET, NOT_CHECKED, hindrance, without_location
from controller.decisions.schedule.rotation import pool
from controller.kinds.obstacles import deficiencies
from controller.model import AgentSighting, Location
from controller.notify.ops import monitors as ops_messages
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.evaluation import evaluated_monitors, evaluations, states
from controller.store.incidents import events
from controller.store.locations import locations as location_store
from controller.store.monitors import scheduled, unlocated
from controller.store.monitors.scheduled import UndecidedMonitor
from controller.store.monitors.unlocated import UnlocatedMonitor
from controller.store.notifications import ops_notices
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.nats.bus import Bus

REVIEW_SECONDS = 3.0
_AT_ONCE = 200


class UncheckedMonitors:
    """`addresses` are the e-mail addresses of MAILPROBE_OPS_EMAIL."""

    def __init__(self, db: Database, bus: Bus, addresses: Sequence[str] = ()) -> None:
        self._db = db
        self._bus = bus
        self._addresses = addresses

    async def review(self) -> None:
        """Look at all of them once. Raises StoreUnavailableError."""
        found = await unlocated.unlocated_monitors(self._db)
        await self._explain({one.id: reason_of(one) for one in found})
        await self._report(found)
        if self._bus.connected:  # else no heartbeat could come, and every location would seem to have no agent
            await self._review_undecided()

    async def _report(self, found: Sequence[UnlocatedMonitor]) -> None:
        now = utc_now()
        reasons = {str(one.public_id): reason_of(one).removeprefix(NOT_CHECKED) for one in found}
        known = await ops_notices.known(self._db, TroubleKind.MONITOR_WITHOUT_LOCATION)
        if known == reasons.keys():
            return
        titles = await unlocated.titles_of(self._db, known ^ reasons.keys())
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.MONITOR_WITHOUT_LOCATION,
            dict.fromkeys(reasons, now),
            lambda new: ops_messages.without_location(new, reasons, titles),
            lambda over: ops_messages.located_again(over, titles),
            now,
        )

    async def _review_undecided(self) -> None:
        every = await location_store.present_locations(self._db)
        now, sightings = await location_store.sightings(self._db)
        found = _Reasons(every, {here.id: alive(sightings.get(here.id, []), now) for here in every if here.enabled})
        after = 0
        while some := await scheduled.undecided_monitors(self._db, after, _AT_ONCE):
            await self._explain(
                {one.monitor.id: reason for one in some if (reason := found.of(one)) != one.reason},
                only_unknown=True,
            )
            after = some[-1].monitor.id

    async def _explain(self, reasons: Mapping[int, str], *, only_unknown: bool = False) -> None:
        """Write these reasons, by monitor, where they are new; `only_unknown`: where the verdict is still unknown."""
        waiting = iter(sorted(reasons))
        while numbers := list(islice(waiting, _AT_ONCE)):
            await _write_down(self._db, {number: reasons[number] for number in numbers}, only_unknown=only_unknown)


def reason_of(found: UnlocatedMonitor) -> str:
    """Why the monitor has no location."""
    return without_location(found.country_codes, listed=found.listed, any_enabled=found.any_enabled)


class _Reasons:
    """Why verdicts are unknown. Most monitors share their locations and what hinders these, so each combination is
    worked out once. `agents` are those alive, by location.
    """

    def __init__(self, locations: Sequence[Location], agents: Mapping[int, Sequence[AgentSighting]]) -> None:
        self._locations = locations
        self._agents = agents
        self._hindrances: dict[Hashable, str | None] = {}

    def of(self, undecided: UndecidedMonitor) -> str:
        """The reason stays as it was, if locations can check the monitor, or if it has none."""
        monitor = undecided.monitor
        lists = [monitor.allowed_check_country_codes, monitor.location_ids]
        chosen = (*(one and tuple(one) for one in lists), monitor.home_location_id)
        lacking = deficiencies(monitor)
        key = (monitor.kind, lacking, chosen, undecided.blind_ids)
        if key not in self._hindrances:
            own = pool(monitor, configured(self._locations, monitor.allowed_check_country_codes))
            words = hindrance(monitor.kind, lacking, own, self._agents, undecided.blind_ids)
            self._hindrances[key] = words if own else None
        found = self._hindrances[key]
        if found is None:
            return undecided.reason
        return found or (NO_RESULT_YET if undecided.reason.startswith(NOT_CHECKED) else undecided.reason)


async def _write_down(database: Database, reasons: Mapping[int, str], *, only_unknown: bool) -> None:
    async with database.transaction() as connection:
        if not (new := await states.with_other_reason(connection, reasons, only_unknown=only_unknown)):
            return
        known = await evaluated_monitors.evaluated_monitors(connection, list(new))
        now = await evaluations.now(connection)
        changed = {number: not_checked(state, reasons[number], to_ms(now)) for number, state in new.items()}
        await states.save_reasons(connection, changed)
        for number, before in new.items():
            if before.verdict is not VerdictKind.UNKNOWN:
                await events.insert_verdict_event(
                    connection,
                    known[number].event_owner,
                    verdict=VerdictKind.UNKNOWN.value,
                    previous=before.verdict.value,
                    reason=reasons[number],
                    at=now,
                )
