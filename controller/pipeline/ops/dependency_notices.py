"""Notify ops that NATS or PostgreSQL fails: of NATS by the operators' channels, through PostgreSQL and the notifier; of
PostgreSQL by a mail straight from memory.

Of NATS the controller that schedules reports. Of PostgreSQL the one that did so last, and after a while every other one
too, because it may be gone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from controller.decisions.notification.dependency_notices import (
    NOTICE_SECONDS,
    RECENT_SECONDS,
    is_over,
    is_to_report,
)
from controller.model.dependencies import Dependency
from controller.notify.ops import dependencies as ops_messages
from controller.notify.ops.message import OpsMessage
from controller.pipeline.ops import notices
from controller.pipeline.ops.direct_mail import DirectMail
from controller.pipeline.ops.health import DependencyHealth
from controller.pipeline.ops.notices import TroubleKind
from controller.store.notifications import ops_notices as store
from controller.store.platform.pool import Database
from shared.clock import utc_now

REPORT_SECONDS = 2.0
_BROKER = [part for part in Dependency if part is not Dependency.DATABASE]


class DependencyNotices:
    """`name` is this controller's. `leading` returns whether it schedules now. `clock` gives monotonic seconds."""

    def __init__(
        self,
        db: Database,
        health: DependencyHealth,
        mail: DirectMail,
        name: str,
        addresses: Sequence[str] = (),
        *,
        leading: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._health = health
        self._mail = mail
        self._name = name
        self._addresses = addresses
        self._leading = leading
        self._clock = clock
        self._led_at = float("-inf")
        self._begun: dict[Dependency, deque[float]] = {part: deque() for part in Dependency}
        self._database_trouble: tuple[UUID, datetime] | None = None

    async def review(self) -> None:
        """Raises StoreUnavailableError, after the mail about that was put."""
        if self._leading():
            self._led_at = self._clock()
        self._review_database()
        if self._leading() and Dependency.DATABASE not in self._health.problems:
            await self._review_broker()

    def _review_database(self) -> None:
        part, seconds = Dependency.DATABASE, self._health.seconds(Dependency.DATABASE)
        problem = self._health.problems.get(part)
        if self._database_trouble is None:
            was_leading = self._clock() - self._led_at < seconds + NOTICE_SECONDS
            if problem is not None and is_to_report(seconds, was_leading=was_leading):
                self._database_trouble = (uuid4(), problem.since)
                self._note_beginning(part)
                others = [each.text for part, each in self._health.problems.items() if part in _BROKER]
                self._put(ops_messages.database_failing(self._name, problem.text, problem.since, others), over=False)
        elif problem is None and is_over(seconds, self._recent_notices(part)):
            self._put(ops_messages.database_works(self._name, self._database_trouble[1]), over=True)
            self._database_trouble = None

    def _put(self, message: OpsMessage, *, over: bool) -> None:
        assert self._database_trouble is not None  # noqa: S101 - set by the caller
        self._mail.put(notices.notice_of(message, utc_now(), self._database_trouble[0], over=over))

    async def _review_broker(self) -> None:
        known = await store.known(self._db, TroubleKind.BROKER_FAILING)
        problems = {part: self._health.problems[part] for part in _BROKER if part in self._health.problems}
        over = [
            part
            for part in _BROKER
            if part in known
            and part not in problems
            and is_over(self._health.seconds(part), self._recent_notices(part))
        ]
        if over:
            await notices.end(
                self._db, self._addresses, TroubleKind.BROKER_FAILING, over, ops_messages.broker_works, utc_now()
            )
        new = [part for part in problems if part not in known]
        if any(is_to_report(self._health.seconds(part), was_leading=True) for part in new):
            await notices.begin(
                self._db,
                self._addresses,
                TroubleKind.BROKER_FAILING,
                [(part.value, problems[part].since) for part in new],
                lambda begun: ops_messages.broker_failing(
                    begun,
                    {part: problem.text for part, problem in problems.items()},
                    {part: problem.since for part, problem in problems.items()},
                ),
                utc_now(),
            )
            for part in new:
                self._note_beginning(part)

    def _note_beginning(self, part: Dependency) -> None:
        self._begun[part].append(self._clock())

    def _recent_notices(self, part: Dependency) -> int:
        begun = self._begun[part]
        while begun and begun[0] < self._clock() - RECENT_SECONDS:
            begun.popleft()
        return len(begun)
