"""Canaries go the way of every check, are counted as back only by the evaluator, and leave no trace in any history."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from controller.decisions.canaries import CANARY_SECONDS, INTERVAL_MS, canary_monitor
from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.housekeeping import settle_checks
from controller.store.locations import canaries as store
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.broker import Broker
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id
from shared.wire.targets import KINDS
from tests.fakes.certificates import Certificates
from tests.integration.pipeline.canary_case import CanaryCase, canary_agent
from tests.integration.table_rows import rows_of, tables


async def test_a_canary_is_back_only_after_agent_ingest_and_evaluator_and_every_kind_has_its_turn(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    async with canary_agent(canary_case, broker, certificates):
        seen: set[str] = set()
        for _ in KINDS:
            await canary_case.round()
            await canary_case.ingest()
            before = await canary_case.kinds_back()
            await evaluate_due(canary_case.installation.db)
            [kind] = set(await canary_case.kinds_back()) - set(before)
            seen.add(kind)
        assert seen == set(KINDS)
        await canary_case.watch.review()
    assert await canary_case.notices() == []
    assert await canary_case.installation.value("SELECT bool_and(round_trip_ms > 0) FROM canary")
    assert (await store.seconds_since_back(canary_case.installation.db) or 99) < CANARY_SECONDS


@pytest.mark.parametrize("reads", [(), ("something else",)], ids=["an old agent", "an agent that reads other things"])
async def test_an_agent_that_cannot_read_canaries_keeps_its_location_from_getting_any(
    canary_case: CanaryCase, reads: tuple[str, ...]
) -> None:
    await canary_case.heartbeat("new")
    await canary_case.heartbeat("old", reads=reads)
    await canary_case.round()
    assert await canary_case.waiting() == []
    await canary_case.installation.value("DELETE FROM agent WHERE name = 'old'")
    await canary_case.registry.refresh()
    await canary_case.round()
    assert len(await canary_case.waiting()) == 1


async def test_two_controllers_send_one_canary_and_another_one_continues(canary_case: CanaryCase) -> None:
    await canary_case.heartbeat()
    other = canary_case.controller()
    await canary_case.round()
    await other.send_due()
    assert len(await canary_case.waiting()) == 1
    assert await canary_case.installation.rows("SELECT missed FROM canary") == [(0,)]
    canary_case.sender = other
    await canary_case.round()
    assert len(await canary_case.waiting()) == 2


async def test_no_canary_is_sent_without_the_leadership_or_late_in_its_half_minute(canary_case: CanaryCase) -> None:
    await canary_case.heartbeat()
    canary_case.leading = False
    await canary_case.round()
    assert await canary_case.waiting() == []
    canary_case.leading = True
    canary_case.now_ms += INTERVAL_MS // 2
    await canary_case.sender.send_due()
    assert await canary_case.waiting() == []


async def test_canaries_leave_no_trace_but_their_own(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    """Every table, every stream and every counter is the same before and after, but for `canary` and heartbeats."""
    await canary_case.installation.monitor(interval=3600, countries=["US"])
    async with canary_agent(canary_case, broker, certificates):
        await evaluate_due(canary_case.installation.db)
        before = await everything(canary_case)
        for _ in range(4):
            await canary_case.round()
            await canary_case.answer()
            await settle_checks(canary_case.installation.db, canary_case.counts)
            await canary_case.watch.review()
        assert await canary_case.installation.value("SELECT count(*) FROM canary WHERE back_at IS NOT NULL") == 3
        assert await everything(canary_case) == before


async def everything(canary_case: CanaryCase) -> dict[str, Any]:
    async with canary_case.installation.db.connection() as connection:
        found: dict[str, Any] = {
            table: await rows_of(connection, table)
            for table in await tables(connection)
            if table not in ("canary", "agent", "schedule")
        }
    for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS):
        found[stream] = (await canary_case.installation.bus.client.jsm().stream_info(stream)).state.messages
    return found | {"counters": list(canary_case.counts.collect())}


def canary_result(monitor_of: str, **changes: Any) -> CheckResult:
    due = to_datetime(now_ms())
    monitor = canary_monitor(monitor_of)
    result = CheckResult(
        check_id=check_id(monitor, int(due.timestamp() * 1000), "de", Purpose.CANARY),
        monitor_id=monitor,
        location="de",
        country="DE",
        agent="a",
        purpose=Purpose.CANARY,
        due_at=due,
        started_at=due,
        duration_ms=1.0,
    )
    return msgspec.structs.replace(result, **changes)


@pytest.mark.parametrize(
    ("monitor_of", "rejected"),
    [
        pytest.param("de", [], id="a late one of its own is dropped"),
        pytest.param("us", ["not_expected"], id="one of another location is suspicious"),
    ],
)
async def test_a_canary_that_nobody_sent_is_not_back(
    canary_case: CanaryCase, monitor_of: str, rejected: list[str]
) -> None:
    await canary_case.heartbeat()
    await canary_case.round()
    result = canary_result(monitor_of)
    await canary_case.installation.report(result, expected=False)
    consumer = await canary_case.installation.bus.consumer(subjects.RESULTS, subjects.INGEST)
    await canary_case.ingestor.ingest_batch(consumer)
    await consumer.close()
    await evaluate_due(canary_case.installation.db)
    assert await canary_case.kinds_back() == []
    assert [row[0] for row in await canary_case.installation.rows("SELECT why FROM dead_letter_count")] == rejected
    assert await canary_case.installation.value("SELECT count(*) FROM result") == 0
