"""The rounds of one leadership: which monitors there are, and how far their rounds are planned and published.

A round is stored before it is published, and the watermark moves on when the broker has it. The next leader continues
at the watermark. A repeated round has the same check ids as before, which makes the repetition harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import structlog

from controller.decisions.schedule.dialogues import wants_transcript
from controller.decisions.schedule.rotation import locations_of_round, pool
from controller.decisions.schedule.rounds import (
    CATCH_UP_MS,
    SLOT_MS,
    UNSEEN_CHANGE_MS,
    MissedCheck,
    PlannedCheck,
    Recheck,
    Wheel,
    due_after_ms,
    due_on_change_ms,
    first_due_ms,
    is_overtaken,
    plan_round,
    resume_ms,
)
from controller.decisions.schedule.suspension import Suspensions, is_suspended, stretches
from controller.metrics.counts import Counts
from controller.model import GapReason, Location, ScheduledMonitor
from controller.model.retention import DETAIL_DAYS
from controller.off_loop import in_turns
from controller.pipeline.dispatcher import Dispatcher, expected
from controller.pipeline.location_registry import LocationRegistry
from controller.store.checks.dispatch import Expected, GapRange
from controller.store.checks.leadership import Lead
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.wire.rounds import Purpose, last_due_ms

log = structlog.get_logger()

MONITORS_AT_ONCE = 2_000
_WRITE_EVERY_MS = 1_000
_RECHECKS_EVERY_MS = 500
_RECHECKS_AT_ONCE = 1_000
_INCIDENTS_EVERY_MS = 1_000
_SUSPENSIONS_EVERY_MS = 1_000
_DAY_MS = 24 * 3600 * 1000

PlannedRound: TypeAlias = "tuple[ScheduledMonitor, int, Sequence[Location]]"
"""A monitor, the moment its checks are due, and the locations that check it."""


class Rounds:
    """`clock` gives epoch milliseconds."""

    def __init__(
        self,
        lead: Lead,
        registry: LocationRegistry,
        dispatcher: Dispatcher,
        counts: Counts | None = None,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._counts = counts or Counts()
        self._clock = clock
        self._lead = lead
        self._registry = registry
        self._dispatcher = dispatcher
        self._monitors: dict[int, ScheduledMonitor] = {}
        self._published_until = lead.watermark_ms
        self._planned_until = self._written_before = lead.planned_until_ms
        self._wheel = Wheel(lead.watermark_ms)
        self._written_at = 0
        self._rechecked_at = 0
        self._incidents: frozenset[int] = frozenset()
        self._incidents_read_at = 0
        self._suspensions: Suspensions = {}
        self._suspensions_read_at = 0

    async def begin(self, monitors: Sequence[ScheduledMonitor]) -> None:
        """Continue where the former leader stopped. Rounds that are too old for that become gaps."""
        oldest = self._clock() - CATCH_UP_MS
        await self.read_suspensions(since=self._published_until)
        if self._published_until < oldest:
            await self._skip(monitors, oldest)
        self._wheel = Wheel(self._published_until)
        async for monitor in in_turns(monitors):
            self._monitors[monitor.id] = monitor
            self._wheel.put(monitor.id, resume_ms(monitor, self._published_until))
        log.info("rounds_begin", monitors=len(monitors), behind_seconds=(self._clock() - self._published_until) / 1000)

    async def _skip(self, monitors: Sequence[ScheduledMonitor], until: int) -> None:
        """Record rounds that no leader planned as one gap for each monitor and location, as far back as gaps are
        kept.
        """
        since = max(self._planned_until, self._published_until)
        oldest = max(since, until - (DETAIL_DAYS - 1) * _DAY_MS)
        waited = self._dispatcher.was_refused(since) and self._dispatcher.was_refused(until)
        reason = GapReason.BROKER_REFUSED if waited else GapReason.LATE
        first_rounds: list[Expected] = []
        log.warning("rounds_skipped", monitors=len(monitors), seconds=(until - self._published_until) / 1000)
        for start in range(0, len(monitors), MONITORS_AT_ONCE):
            ranges: list[GapRange] = []
            suspended: list[GapRange] = []
            async for monitor in in_turns(monitors[start : start + MONITORS_AT_ONCE]):
                for gap, is_apart in self._given_up(monitor, oldest, until):
                    (suspended if is_apart else ranges).append(gap)
                if since - UNSEEN_CHANGE_MS < first_due_ms(monitor) <= oldest:
                    first_rounds += [
                        _gap(MissedCheck(monitor.id, first_due_ms(monitor), here.id, reason), until)
                        for here in locations_of_round(monitor, self._locations(monitor), first_due_ms(monitor))
                    ]
            await self._lead.record_gaps({reason: ranges, GapReason.MAINTENANCE: suspended})
            self._counts.gaps.add((reason,), sum(len(gap.location_ids) for gap in ranges))
            self._counts.gaps.add((GapReason.MAINTENANCE,), sum(len(gap.location_ids) for gap in suspended))
        await self._lead.skip(until, first_rounds)
        self._published_until = self._planned_until = until

    def _given_up(self, monitor: ScheduledMonitor, oldest: int, until: int) -> Iterator[tuple[GapRange, bool]]:
        """The rounds between these moments, and whether they were suspended."""
        own = pool(monitor, self._locations(monitor))
        first = due_after_ms(monitor, oldest)
        last = last_due_ms(monitor.public_id, monitor.interval_seconds * 1000, first_due_ms(monitor), until)
        if last is not None and first <= last and own:
            for (begins, ends), is_apart in self._parts(monitor, first, last):
                places = [here.id for here in own]
                yield GapRange(monitor.id, to_datetime(begins), to_datetime(ends), places), is_apart

    def _parts(self, monitor: ScheduledMonitor, first: int, last: int) -> Iterator[tuple[tuple[int, int], bool]]:
        """The first and the last round of each part of a time, and whether checks were suspended in it."""
        for part in stretches(self._suspensions.get(monitor.id, ()), first, last):
            begins = due_after_ms(monitor, part.first_ms - 1)
            ends = last_due_ms(
                monitor.public_id, monitor.interval_seconds * 1000, first_due_ms(monitor), part.last_ms + 1
            )
            if ends is not None and begins <= ends:
                yield (begins, ends), part.suspended

    def put(self, monitor: ScheduledMonitor) -> None:
        """Schedule a monitor that was made or changed."""
        old = self._monitors.get(monitor.id)
        self._monitors[monitor.id] = monitor
        self._wheel.put(monitor.id, due_on_change_ms(old, monitor, self._planned_until))

    def remove(self, number: int) -> None:
        """Stop scheduling a monitor that was deleted or disabled."""
        self._monitors.pop(number, None)
        self._wheel.remove(number)

    async def replace(self, monitors: Sequence[ScheduledMonitor]) -> None:
        """Schedule exactly these monitors."""
        for number in self._monitors.keys() - {monitor.id for monitor in monitors}:
            self.remove(number)
        async for monitor in in_turns(monitors):
            self.put(monitor)

    async def tick(self) -> None:
        """Plan and publish every round that became due. Raises FencedError, StoreUnavailableError."""
        until = self._clock() // SLOT_MS * SLOT_MS
        if until - self._planned_until > CATCH_UP_MS:  # this process stood still
            await self.begin(list(self._monitors.values()))
        due: list[tuple[int, int]] = []
        for number, moment in self._wheel.take(until):
            due_ms = moment
            while due_ms < until:  # every round due by now must be in `due` before `until` is stored
                due.append((number, due_ms))
                due_ms = due_after_ms(self._monitors[number], due_ms)
            self._wheel.put(number, due_ms)
        for start in range(0, len(due), MONITORS_AT_ONCE):
            chunk = due[start : start + MONITORS_AT_ONCE]
            last = start + MONITORS_AT_ONCE >= len(due)
            await self._publish_rounds(chunk, until if last else self._planned_until)
        self._planned_until = until
        if due:
            self._published_until = until
        elif until - self._written_at >= _WRITE_EVERY_MS:
            self._published_until = until
            await self._write_down(until, [])

    async def recheck(self) -> None:
        """Dispatch the rechecks that became due. Each is read again until the broker has its checks, by any later
        leader too.

        Raises FencedError, StoreUnavailableError.

        """
        now = self._clock()
        if now - self._rechecked_at < _RECHECKS_EVERY_MS:
            return
        self._rechecked_at = now
        while rechecks := await self._lead.due_rechecks(now, at_most=_RECHECKS_AT_ONCE):
            await self._publish(list(self._due_rechecks(rechecks)), self._planned_until, Purpose.RECHECK)
            await self._lead.remove_rechecks([recheck.id for recheck in rechecks])

    async def read_incidents(self) -> None:
        """Learn which monitors have an open incident, at most once a second. Raises StoreUnavailableError."""
        now = self._clock()
        if now - self._incidents_read_at >= _INCIDENTS_EVERY_MS:
            self._incidents_read_at = now
            self._incidents = await self._lead.monitors_with_incident()

    async def read_suspensions(self, *, since: int | None = None) -> None:
        """Learn which monitors' checks are suspended, at most once a second; with `since` at once, and from that moment
        on. Raises StoreUnavailableError.
        """
        now = self._clock()
        if since is not None or now - self._suspensions_read_at >= _SUSPENSIONS_EVERY_MS:
            self._suspensions_read_at = now
            oldest = now - CATCH_UP_MS if since is None else min(since, now - CATCH_UP_MS)
            self._suspensions = await self._lead.suspensions(oldest, now + CATCH_UP_MS)

    def _due_rechecks(self, rechecks: Sequence[Recheck]) -> Iterator[PlannedRound]:
        """The rechecks to dispatch: none of a monitor that is disabled or deleted, or whose next round comes as
        soon.
        """
        for recheck in rechecks:
            monitor = self._monitors.get(recheck.monitor_id)
            if monitor is None or is_overtaken(recheck, monitor, self._suspensions.get(monitor.id, ())):
                continue
            own = pool(monitor, self._locations(monitor))
            chosen = own if recheck.location_ids is None else [here for here in own if here.id in recheck.location_ids]
            yield monitor, recheck.due_ms, chosen

    async def _publish_rounds(self, due: Sequence[tuple[int, int]], planned_until: int) -> None:
        rounds: list[PlannedRound] = []
        for number, due_ms in due:
            monitor = self._monitors[number]
            rounds.append((monitor, due_ms, locations_of_round(monitor, self._locations(monitor), due_ms)))
        await self._publish(rounds, planned_until, Purpose.SCHEDULED)

    async def _publish(self, rounds: Sequence[PlannedRound], planned_until: int, purpose: Purpose) -> None:
        """Store the check of each location, or why there is none, and give the checks to the broker."""
        checks: list[PlannedCheck] = []
        missed: list[MissedCheck] = []
        now = self._clock()
        for monitor, due_ms, locations in rounds:
            readiness = self._registry.readiness(monitor)
            shown = wants_transcript(monitor, due_ms, self._locations(monitor), purpose, self._incidents)
            planned = plan_round(
                monitor,
                due_ms,
                locations,
                readiness,
                now,
                purpose=purpose,
                want_transcript=shown,
                suspended=is_suspended(self._suspensions.get(monitor.id, ()), due_ms),
            )
            checks += planned.checks
            # A round that a former leader stored is settled by what that leader stored, because the broker may have got
            # its requests. A monitor's first round may be unknown to the former leader.
            if purpose is Purpose.RECHECK or due_ms >= self._written_before or due_ms == first_due_ms(monitor):
                missed += [self._explained(miss) for miss in planned.missed]
        await self._write_down(
            planned_until, [expected(check) for check in checks] + [_gap(miss, now) for miss in missed]
        )
        await self._dispatcher.dispatch(checks)

    def _explained(self, miss: MissedCheck) -> MissedCheck:
        """A check is not our lateness when the dispatcher waited for the broker until it was too late."""
        if miss.reason is GapReason.LATE and self._dispatcher.was_refused(miss.due_ms):
            return miss._replace(reason=GapReason.BROKER_REFUSED)
        return miss

    def _locations(self, monitor: ScheduledMonitor) -> list[Location]:
        return self._registry.configured(monitor.allowed_check_country_codes)

    async def _write_down(self, planned_until: int, checks: Sequence[Expected]) -> None:
        await self._lead.plan(watermark_ms=self._published_until, planned_until_ms=planned_until, expected=checks)
        self._written_at = planned_until


def _gap(miss: MissedCheck, now: int) -> Expected:
    """A missed check, which settles at once."""
    return Expected(miss.monitor_id, miss.due_ms, miss.location_id, miss.purpose, miss.reason, now)
