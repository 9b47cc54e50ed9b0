"""What a policy would have opened in the last days, beside what today's would have and what really happened.

Only monitors with a failed check are replayed: without one, no policy opens an incident (decisions.replay). Those that
failed most come first, since the time is limited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from controller.decisions.evaluation.policies import Effective, Level, Levels, Origin, effective, own_stored
from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.maintenance.at_locations import maintained_for
from controller.decisions.replay.comparison import differing, lasted_ms
from controller.decisions.replay.recorded import Window
from controller.decisions.replay.windows import windows
from controller.decisions.schedule.eligibility import configured
from controller.errors import LimitedError, NotFoundError
from controller.model import Location, Mode
from controller.operations.monitors.policies import PolicyChange, PolicyOwner, changed_policy
from controller.operations.monitors.previews.found import PolicyPreview, PreviewedIncident, PreviewedPolicy
from controller.operations.monitors.previews.orders import ReplayAnswer, ReplayOrder
from controller.operations.monitors.previews.process import RETRY_SECONDS, Previews, Replayer, replaying
from controller.store.evaluation import past_failures
from controller.store.evaluation.evaluated_monitors import enabled_locations
from controller.store.evaluation.past_failures import MonitorBelow
from controller.store.maintenance.at_locations import location_times
from controller.store.monitors import policies as store
from controller.store.platform.pool import Database
from controller.store.retention import choices
from shared.epoch import to_ms

DAYS = 7
MOST_SHOWN = 100
_NOT_READ = (
    "there was no time to read which checks failed in the last days, so nothing was replayed: try again when the"
    " database is less busy, or preview the policy of a single monitor"
)
_LEAD = timedelta(hours=3)
"""Replays begin so much earlier, so that an outage that began before is not counted as a new one."""


class _Found(msgspec.Struct):
    """What was found out so far."""

    replayed: int = 0
    before: int = 0
    after: int = 0
    before_ms: int = 0
    after_ms: int = 0
    incidents: list[PreviewedIncident] = []


async def preview_policy(
    database: Database,
    previews: Previews,
    owner: PolicyOwner,
    change: PolicyChange | Callable[[Effective], PolicyChange],
    now: datetime,
) -> PolicyPreview:
    """What the change would have meant; it is not made. Raises NotFoundError, LimitedError: also when the database
    takes too long to say which checks failed.
    """
    with previews.one_of(owner.principal):
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(began + previews.reading_seconds):
                levels = await store.levels_of(database, owner.level, owner.number)
                if levels is None:
                    raise NotFoundError
                chosen = change if isinstance(change, PolicyChange) else change(effective(levels))
                own = own_stored(owner.level, changed_policy(levels, owner.level, chosen))
                preview = _Preview(database, owner, own.policy, own.mode, now)
                await preview.read()
        except TimeoutError:
            raise LimitedError(_NOT_READ, RETRY_SECONDS) from None
        return await preview.run(levels, began + previews.seconds)


class _Preview:
    def __init__(
        self, database: Database, owner: PolicyOwner, policy: Policy | None, mode: Mode | None, now: datetime
    ) -> None:
        self._database = database
        self._owner = owner
        self._policy = policy
        self._mode = mode
        self._until = now
        self._since = now - timedelta(days=DAYS)
        self._found = _Found()
        self._locations: list[Location] = []
        self._below: list[MonitorBelow] = []
        self._failing: Mapping[int, list[int]] = {}
        self._days = DAYS
        self._opened = 0

    async def read(self) -> None:
        """Which monitors the policy would hold for, and when their checks failed."""
        async with self._database.connection() as connection:
            below = await past_failures.monitors_below(connection, self._owner.level, self._owner.number)
            self._below = below = [one for one in below if _concerns(one.levels, self._owner.level)]
            self._locations = await enabled_locations(connection)
            if below:
                kept = await choices.kept_by(connection, below[0].evaluated.organization_id, self._until)
                self._days = min(DAYS, kept.results_days)
                self._since = self._until - timedelta(days=self._days)
            numbers = [one.evaluated.monitor.id for one in below]
            self._opened = await past_failures.opened_since(connection, numbers, self._since, self._until)
            self._failing = await past_failures.failing_moments(connection, numbers, self._since - _LEAD, self._until)

    async def run(self, levels: Levels, ends: float) -> PolicyPreview:
        """Replay what was read, until the loop's time is `ends`."""
        failing = self._failing
        worst = sorted(
            (one for one in self._below if one.evaluated.monitor.id in failing),
            key=lambda one: -len(failing[one.evaluated.monitor.id]),
        )
        if worst:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ends), replaying() as replayer:
                    await self._replay_all(replayer, worst, failing)
        found = self._found
        found.incidents.sort(key=lambda one: one.differing.opened_ms, reverse=True)
        return PolicyPreview(
            days=self._days,
            since=self._since,
            until=self._until,
            monitors=len(self._below),
            failing=len(worst),
            replayed=found.replayed,
            before=PreviewedPolicy(incidents=found.before, seconds=found.before_ms // 1000),
            after=PreviewedPolicy(incidents=found.after, seconds=found.after_ms // 1000),
            opened=self._opened,
            differing=len(found.incidents),
            incidents=found.incidents[:MOST_SHOWN],
            policy=effective(self._proposed(levels)).policy,
        )

    async def _replay_all(
        self, replayer: Replayer, worst: Sequence[MonitorBelow], failing: Mapping[int, list[int]]
    ) -> None:
        """One after the other; the next one's results are read while the process computes."""
        coming = asyncio.create_task(self._order(worst[0], failing))
        try:
            for place, one in enumerate(worst):
                order = await coming
                if place + 1 < len(worst):
                    coming = asyncio.create_task(self._order(worst[place + 1], failing))
                answer = await replayer.replay(order)
                if answer.uncovered:
                    answer = await replayer.replay(await self._order(one, failing, whole=True))
                self._note(one, answer)
        finally:
            coming.cancel()

    async def _order(self, one: MonitorBelow, failing: Mapping[int, list[int]], *, whole: bool = False) -> ReplayOrder:
        evaluated = one.evaluated
        monitor = evaluated.monitor
        locations = configured(self._locations, monitor.allowed_check_country_codes)
        after = effective(self._proposed(one.levels)).policy
        since_ms, until_ms = to_ms(self._since), to_ms(self._until)
        everything = [Window(to_ms(self._since - _LEAD), until_ms)]
        policies = (evaluated.policy, after)
        read = everything if whole else windows(monitor, locations, policies, failing[monitor.id], until_ms)
        async with self._database.connection() as connection:
            checks = await past_failures.recorded_checks(connection, monitor.id, read)
            times = await location_times(connection, [evaluated.organization_id], self._since - _LEAD, self._until)
        return ReplayOrder(
            monitor=monitor,
            locations=locations,
            before=evaluated.policy,
            after=after,
            retries=evaluated.retries,
            checks=checks,
            windows=None if whole else read,
            since_ms=since_ms,
            until_ms=until_ms,
            maintained=maintained_for(times, evaluated.organization_id, evaluated.customer_id),
        )

    def _proposed(self, levels: Levels) -> Levels:
        """What would be set: the change, at its level."""
        return _with_own(levels, self._owner.level, self._policy, self._mode)

    def _note(self, one: MonitorBelow, answer: ReplayAnswer) -> None:
        found, until_ms = self._found, to_ms(self._until)
        found.replayed += 1
        found.before += len(answer.before)
        found.after += len(answer.after)
        found.before_ms += lasted_ms(answer.before, until_ms)
        found.after_ms += lasted_ms(answer.after, until_ms)
        found.incidents += [
            PreviewedIncident(monitor=one.public_id, name=one.name, customer=one.customer, differing=different)
            for different in differing(answer.before, answer.after, until_ms)
        ]


def _concerns(levels: Levels, level: Level) -> bool:
    """Whether a policy of this level would hold for a monitor with these levels: nothing is set further down."""
    return effective(_with_own(levels, level, STANDARD, None)).origin is Origin(level.value)


def _with_own(levels: Levels, level: Level, policy: Policy | None, mode: Mode | None) -> Levels:
    match level:
        case Level.MONITOR:
            return levels._replace(monitor=policy, mode=mode)
        case Level.CUSTOMER:
            return levels._replace(customer=policy)
        case Level.ORGANIZATION:
            return levels._replace(organization=policy)
