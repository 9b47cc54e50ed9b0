"""Lead the scheduling: one controller at a time leads, the others wait to take over. The leader follows every change of
a monitor and dispatches every round at its due moment (controller.pipeline.rounds).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from controller.decisions.schedule.rounds import SLOT_MS
from controller.long_lived import set_apart
from controller.metrics.counts import Counts
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.rounds import MONITORS_AT_ONCE, Rounds
from controller.store.checks.leadership import FencedError, Lead, leadership
from controller.store.monitors.scheduled import scheduled_monitor, scheduled_monitors
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.clock import now_ms

log = structlog.get_logger()

_BEAT_SECONDS = 1.0
_RELOAD = 0
_SET_APART_PAUSE_MS = 3_600_000


class Scheduler:
    """`lead_once` waits for the leadership, leads until it is lost, and raises the reason. `leading` says whether it
    leads now. `clock` gives epoch milliseconds.
    """

    def __init__(
        self,
        db: Database,
        url: str,
        name: str,
        registry: LocationRegistry,
        dispatcher: Dispatcher,
        counts: Counts | None = None,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._counts = counts or Counts()
        self._clock = clock
        self._db = db
        self._url = url
        self._name = name
        self._registry = registry
        self._dispatcher = dispatcher
        self._set_apart_ms = -_SET_APART_PAUSE_MS
        self.leading = False

    async def lead_once(self) -> None:
        """Raises StoreUnavailableError when the database cannot be reached any more."""
        try:
            await self._lead_until_lost()
        except StoreUnavailableError as error:
            self._db.note(error)
            raise

    async def _lead_until_lost(self) -> None:
        async with leadership(self._url, self._name) as lead:
            log.info("leadership_gained", epoch=lead.epoch)
            self.leading = True
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_beat(lead), name="beat")
                    tasks.create_task(self._lead(lead), name="rounds")
            except ExceptionGroup as group:
                if not isinstance(group.exceptions[0], FencedError):
                    raise group.exceptions[0] from None
                log.warning("leadership_lost", epoch=lead.epoch)
            finally:
                self.leading = False

    async def _lead(self, lead: Lead) -> None:
        changed: set[int] = set()
        await lead.listen(lambda table, number: changed.add(number if table == "monitor" else _RELOAD))
        while not self._registry.complete():  # noqa: ASYNC110 - it becomes so by time as well
            await asyncio.sleep(SLOT_MS / 1000)
        rounds = Rounds(lead, self._registry, self._dispatcher, self._counts, clock=self._clock)
        await rounds.begin(await scheduled_monitors(self._db))
        self._set_apart()
        while True:
            if changed:
                numbers = set(changed)
                changed.clear()
                await self._apply(rounds, numbers)
            await rounds.read_suspensions()
            await rounds.tick()
            await rounds.recheck()
            await rounds.read_incidents()
            await asyncio.sleep((SLOT_MS - self._clock() % SLOT_MS) / 1000)

    async def _apply(self, rounds: Rounds, numbers: set[int]) -> None:
        if _RELOAD in numbers or len(numbers) > MONITORS_AT_ONCE:
            await rounds.replace(await scheduled_monitors(self._db))
            self._set_apart()
            return
        for number in numbers:
            monitor = await scheduled_monitor(self._db, number)
            if monitor is None:
                rounds.remove(number)
            else:
                rounds.put(monitor)

    def _set_apart(self) -> None:
        """Not at every change: what is in use at that moment, and belongs to a cycle later, is never freed."""
        if self._clock() - self._set_apart_ms >= _SET_APART_PAUSE_MS:
            self._set_apart_ms = self._clock()
            set_apart()


async def _beat(lead: Lead) -> None:
    while True:
        await lead.beat()
        await asyncio.sleep(_BEAT_SECONDS)
