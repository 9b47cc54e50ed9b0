"""Whatever happens in which order, and wherever a controller dies: each receiver hears of each change of an outage
once, and of its end if it heard of the outage.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - any order of events
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import pytest

from controller.pipeline.grouping.messages import make_group_messages
from controller.store.incidents import incidents
from controller.store.incidents.incidents import StoredIncident
from tests.integration.notify.notification_case import NotificationCase
from tests.integration.notify.receivers.grouped_outages import later, pass_time

EVENTS = 120
DYING = 0.3
HOSTS = 4
MONITORS = 16
_CHANGES = """
SELECT incident_id, receiver_key, kind, delivery_id, dropped FROM grouped_change
"""
_UNEXPLAINED = """
SELECT count(*) FROM delivery WHERE NOT EXISTS (SELECT FROM grouped_change WHERE delivery_id = delivery.id)
"""


async def _dying(work: Coroutine[Any, Any, object], chance: random.Random) -> None:
    """Do it in a controller that may die before it is done: what it has not committed is undone."""
    task = asyncio.create_task(work)
    await asyncio.wait([task], timeout=chance.uniform(0, 0.06) if chance.random() < DYING else None)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _open(case: NotificationCase, monitors: Sequence[int]) -> dict[int, StoredIncident]:
    async with case.db.connection() as connection:
        return await incidents.open_incidents(connection, monitors)


async def _anything(case: NotificationCase, monitors: Sequence[int], chance: random.Random) -> None:
    down = await _open(case, monitors)
    up = [one for one in monitors if one not in down]
    partial = [one for one in down.values() if one.severity == "partial"]
    match chance.choice(["open", "open", "open", "resolve", "resolve", "escalate", "messages", "later"]):
        case "open" if up:
            await _dying(case.opened(chance.choice(up), severity="partial"), chance)
        case "resolve" if down:
            await _dying(case.resolved(down[chance.choice(list(down))]), chance)
        case "escalate" if partial:
            await _dying(case.changed(chance.choice(partial), "escalated"), chance)
        case "later":
            await pass_time(case, timedelta(seconds=chance.choice([5, 60, 300, 900])))
        case _:
            await _dying(make_group_messages(case.db), chance)


@pytest.mark.parametrize("seed", range(3))
async def test_each_receiver_hears_of_each_change_once_and_of_the_end_of_what_it_heard_of(
    case: NotificationCase, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    await case.value("UPDATE organization SET grouping = $1", {"stormLimit": 2})
    await case.channel("email", "Mail", {"to": "noc@example.com"})
    await case.channel("email", "Long", {"to": "long@example.com"}, conditions={"minIncidentDuration": 60})
    monitors = [await case.monitor(hostname=f"mx{number % HOSTS}.example.com") for number in range(MONITORS)]
    for _ in range(EVENTS):
        await _anything(case, monitors, chance)

    for incident in (await _open(case, monitors)).values():
        await case.resolved(incident)
    for _ in range(3):
        await later(case, 3600)
    changes = await case.rows(_CHANGES)
    known = Counter((incident, key, kind) for incident, key, kind, by, _ in changes if by is not None)
    dropped = Counter((incident, key, kind) for incident, key, kind, _, why in changes if why is not None)
    assert len(changes) == sum(known.values()) + sum(dropped.values())
    assert set(known.values()) == {1}
    worse = {(incident, key) for incident, key, kind in known if kind != "resolved"}
    assert worse == {(incident, key) for incident, key, kind in known if kind == "resolved"}
    of_all = await case.rows("SELECT id FROM incident WHERE severity = 'down'")
    assert of_all
    assert {one for (one,) in of_all} == {incident for incident, *_ in known + dropped}
    assert await case.value(_UNEXPLAINED) == 0
    assert await case.value("SELECT count(*) FROM group_receiver WHERE open_incidents <> 0") == 0
    assert await case.value("SELECT count(*) FROM incident_group WHERE closed_at IS NULL") == 0
