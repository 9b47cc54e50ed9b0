"""The simulated year keeps in memory what PostgreSQL keeps of groups: after the same events both make the same messages
at the same moments.
"""

from __future__ import annotations

import random  # noqa: TID251 - any order of events
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest

from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.notification.grouping import Cause, GroupingSettings, GroupKind, cause_of
from controller.pipeline.grouping.messages import make_group_messages
from controller.store.incidents.incidents import StoredIncident
from tests.bench.simulated.group_messages import Change, GroupMessages, Incident
from tests.integration.notify.notification_case import NotificationCase
from tests.integration.notify.receivers.grouped_outages import of_new_customer, pass_time

_EVENTS = 150
_SERVERS = 9
_MONITORS = 18
_SETTINGS = GroupingSettings(storm_limit=3)
_PAUSES = (1, 20, 45, 70, 400, 1000)
_LITTLE = timedelta(milliseconds=20)
"""Past the moment at which a message is due."""

_NEXT = "SELECT min(due_at) - now() FROM group_receiver"
_MESSAGES = """
SELECT delivery.id,
  array_agg(change.incident_id ORDER BY change.incident_id) FILTER (WHERE change.kind = 'opened'),
  array_agg(change.incident_id ORDER BY change.incident_id) FILTER (WHERE change.kind = 'resolved')
FROM delivery JOIN grouped_change AS change ON change.delivery_id = delivery.id
GROUP BY delivery.id ORDER BY delivery.id
"""


class Both:
    """The product and the simulation. `passed` is what the clock of the simulation is ahead of that of the database."""

    def __init__(self, case: NotificationCase) -> None:
        self.case = case
        self.simulated = GroupMessages(_SETTINGS)
        self.passed = timedelta()
        self.open: dict[int, tuple[StoredIncident, Incident]] = {}

    async def now(self) -> datetime:
        found: datetime = await self.case.value("SELECT now()")
        return found + self.passed

    async def opens(self, monitor: int, cause: Cause, customer: int) -> None:
        self.case.customer = customer
        stored = await self.case.opened(monitor)
        incident = Incident(stored.id)
        self.simulated.worse(Change(incident, ChangeKind.OPENED, await self.now(), ""), cause)
        self.open[monitor] = stored, incident
        await self.later(timedelta())

    async def ends(self, monitor: int) -> None:
        stored, incident = self.open.pop(monitor)
        await self.case.resolved(stored)
        self.simulated.resolved(Change(incident, ChangeKind.RESOLVED, await self.now(), ""))
        await self.later(timedelta())

    async def later(self, pause: timedelta) -> None:
        """Make each message when it is due."""
        end = self.passed + pause
        while (wait := await self.case.value(_NEXT)) is not None and wait <= end - self.passed:
            await self._shift(max(wait, timedelta()) + _LITTLE)
        await self._shift(max(end - self.passed, timedelta()))

    async def _shift(self, step: timedelta) -> None:
        await pass_time(self.case, step)
        self.passed += step
        await make_group_messages(self.case.db)
        self.simulated.until(await self.now())

    async def of_the_product(self) -> list[tuple[list[int], list[int]]]:
        return [(opened or [], ended or []) for _, opened, ended in await self.case.rows(_MESSAGES)]

    @property
    def of_the_simulation(self) -> list[tuple[list[int], list[int]]]:
        return [(_numbers(one.worse), _numbers(one.ended)) for one in self.simulated.messages]


class Monitor(NamedTuple):
    id: int
    cause: Cause
    customer: int


@pytest.mark.parametrize("seed", range(3))
async def test_the_simulation_makes_the_messages_of_the_product(case: NotificationCase, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    await case.value("UPDATE organization SET grouping = $1", msgspec.to_builtins(_SETTINGS))
    await case.channel("email", "Mail", {"to": "noc@example.com"})
    monitors = [await _monitor(case, f"mx{number % _SERVERS}.example.com") for number in range(_MONITORS)]
    both = Both(case)
    for _ in range(_EVENTS):
        one = chance.choice(monitors)
        if chance.random() < 0.3:
            await both.later(timedelta(seconds=chance.choice(_PAUSES)))
        elif one.id in both.open:
            await both.ends(one.id)
        else:
            await both.opens(one.id, one.cause, one.customer)
    for number in list(both.open):
        await both.ends(number)
    await both.later(timedelta(hours=1))
    assert await both.of_the_product() == both.of_the_simulation
    assert {one.kind for one in both.simulated.messages} == {*GroupKind}
    assert any(len(one.worse) > 1 and one.ended for one in both.simulated.messages)


async def _monitor(case: NotificationCase, host: str) -> Monitor:
    number = await of_new_customer(case, host)
    cause = cause_of(
        hosts=[host],
        addresses=[],
        customer_id=case.customer,
        customer=host,
        failure="refused",
        locations=["de"],
    )
    return Monitor(number, cause, case.customer)


def _numbers(changes: Sequence[Change]) -> list[int]:
    return sorted(one.incident.number for one in changes)
