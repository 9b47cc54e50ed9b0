"""Events of a customer are numbered without a hole, also across controllers, refusals and repeats; others do not count.
Gaps are events too.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import msgspec

from controller.pipeline.event_relay import relay_events
from controller.store.checks.results import store_results
from controller.store.events import outbox
from controller.store.events.outbox import NewEvent
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.messages import EventType
from shared.wire.side_events import GapEvent
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


async def published(installation: SmallInstallation) -> list[dict[str, Any]]:
    found = [body for each in EventType for body in await installation.published(each)]
    return [msgspec.json.decode(body) for body in found]


async def numbers(installation: SmallInstallation) -> list[int]:
    return sorted(event["sequence"] for event in await published(installation))


async def test_results_verdicts_and_incidents_of_a_customer_share_one_sequence(
    case: EvaluationCase, ingest_case: IngestCase
) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, 0, "fff")
    await case.recheck(monitor, "fff")
    await relay_events(case.db, case.installation.bus)
    before = await numbers(case.installation)
    assert len(before) >= 2
    due_at = await case.installation.value("SELECT target_changed_at FROM monitor WHERE public_id = $1", monitor)
    for country in ("DE", "US"):
        await case.installation.report(a_result(monitor, country, due_at=due_at))
    await ingest_case.drain()
    found = [event["sequence"] for event in await published(case.installation)]
    assert max(found) - min(found) + 1 == len(set(found)) == len(found)
    stored = len(await case.installation.events())
    assert stored == 2


async def test_a_copy_in_a_batch_takes_no_number(small_installation: SmallInstallation) -> None:
    monitor = await small_installation.monitor()
    one, other = a_result(monitor), a_result(monitor, "US")
    stored = await store_results(small_installation.db, [one, one, other])
    assert [each.sequence for each in stored if each] == [1, None, 2]
    [again] = await store_results(small_installation.db, [one])
    assert again
    assert again.sequence is None
    [later] = await store_results(small_installation.db, [a_result(await small_installation.monitor())])
    assert later
    assert later.sequence == 3


async def test_ranges_that_are_taken_at_once_do_not_overlap(small_installation: SmallInstallation) -> None:
    monitors = [await small_installation.monitor() for _ in range(40)]
    outcomes = await asyncio.gather(
        *(store_results(small_installation.db, [a_result(one) for one in monitors[n::8]]) for n in range(8))
    )
    taken = [each.sequence for batch in outcomes for each in batch if each]
    assert sorted(taken, key=str) == sorted(range(1, 41), key=str)


class Refusing:
    """A bus that refuses the events of one monitor."""

    def __init__(self, bus: Bus, monitor: UUID) -> None:
        self._bus = bus
        self._monitor = str(monitor)

    async def publish_all(self, messages: Any) -> list[BusError | None]:
        passed = [one for one in messages if self._monitor not in one.subject]
        assert not any(await self._bus.publish_all(passed))
        return [BusError("refused") if self._monitor in one.subject else None for one in messages]


async def test_what_was_refused_keeps_its_number_and_its_place(small_installation: SmallInstallation) -> None:
    organization, customer, refused = uuid4(), uuid4(), uuid4()
    monitors = [uuid4(), refused, uuid4(), refused]
    events = [
        NewEvent(
            uuid4(),
            subjects.event(organization, customer, monitor, "verdict"),
            b'{"type":"verdict","place":%d}' % place,
        )
        for place, monitor in enumerate(monitors)
    ]
    async with small_installation.db.transaction() as connection:
        await outbox.insert(connection, events)
    refusing: Any = Refusing(small_installation.bus, refused)
    for _ in range(2):
        try:
            await relay_events(small_installation.db, refusing)
        except BusError:
            continue
        raise AssertionError("the refusal was not raised")
    await relay_events(small_installation.db, small_installation.bus)
    found = await small_installation.published(EventType.VERDICT)
    assert sorted(map(msgspec.json.decode, found), key=lambda event: event["sequence"]) == [
        {"type": "verdict", "place": place, "sequence": place + 1} for place in range(4)
    ]
    of_refused = [event["place"] for event in map(msgspec.json.decode, found) if event["place"] in (1, 3)]
    assert of_refused == [1, 3]
    assert await small_installation.value("SELECT count(*) FROM event_outbox") == 0
    assert await small_installation.value("SELECT count(*) FROM kept_event WHERE organization = $1", organization) == 4


async def test_each_check_without_a_result_is_a_gap_event(case: EvaluationCase) -> None:
    monitor = await case.monitor(kind="imap")
    await case.store(monitor, 0, "pnn")
    await relay_events(case.db, case.installation.bus)
    found = [msgspec.json.decode(body, type=GapEvent) for body in await case.installation.published(EventType.GAP)]
    assert sorted((event.location, event.country) for event in found) == [("fr", "FR"), ("us", "US")]
    for event in found:
        assert (event.monitor_id, event.reason, event.kind) == (monitor, "no_agent", "imap")
        assert event.due_from == event.due_to
    assert await case.installation.value("SELECT count(*) FROM kept_event WHERE subject LIKE '%.gap'") == 0
