from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
import structlog

from controller.model import GapReason
from controller.store.checks.dispatch import Expected, expect, settle
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.failures import FailureSource
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.rounds import Purpose
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


async def test_a_result_is_stored_folded_into_the_latest_state_and_published_once(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    monitor = await small_installation.monitor()
    result = a_result(monitor)
    await small_installation.report(result)
    await ingest_case.drain()
    assert await small_installation.rows("SELECT status, duration_ms, address FROM result") == [
        ("success", 12.5, "192.0.2.1")
    ]
    [(status, checked_at)] = await small_installation.rows("SELECT status, checked_at FROM latest")
    assert status == "success"
    assert abs(checked_at - (result.started_at + timedelta(milliseconds=12.5))) < timedelta(milliseconds=1)
    [event] = await small_installation.events()
    assert (event.event_id, event.monitor_id, event.status) == (result.check_id, monitor, ResultStatus.SUCCESS)
    assert (event.organization_id, event.customer_id) == (small_installation.organization, small_installation.customer)
    assert event.result == result


async def test_a_second_copy_of_a_result_changes_nothing(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    result = a_result(await small_installation.monitor())
    await small_installation.report(result)
    await ingest_case.drain()
    other = msgspec.structs.replace(result, agent="agent-2", duration_ms=99)
    await small_installation.bus.publish(
        Message(subjects.result("DE", "de"), msgspec.json.encode(other), "another message id")
    )
    await ingest_case.drain()
    assert await small_installation.rows("SELECT agent, duration_ms FROM result") == [("agent-1", 12.5)]
    assert len(await small_installation.events()) == 1


async def test_two_copies_in_one_batch_are_stored_once(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    result = a_result(await small_installation.monitor())
    await small_installation.report(result)
    await small_installation.bus.publish(
        Message(subjects.result("DE", "de"), msgspec.json.encode(result), "another message id")
    )
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == 1
    assert len(await small_installation.events()) == 1


async def test_a_copy_of_a_result_published_long_ago_is_not_published_again(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    result = a_result(await small_installation.monitor())
    await store_results(small_installation.db, [result])
    await small_installation.value("DELETE FROM unpublished_results")
    await small_installation.value("UPDATE result SET stored_at = now() - interval '1 hour'")
    await small_installation.report(result)
    await ingest_case.drain()
    assert await small_installation.events() == []


def _too_large(result: CheckResult) -> tuple[str, bytes]:
    large = msgspec.structs.replace(result, facts={"banner": "x" * 600_000})
    return subjects.result("DE", "de"), msgspec.json.encode(large)


def _garbage(_: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), b"\xff{"


def _too_deep(result: CheckResult) -> tuple[str, bytes]:
    deep = b'{"fromTheFuture":' + b"[" * 5000 + b"]" * 5000 + b","
    return subjects.result("DE", "de"), msgspec.json.encode(result).replace(b"{", deep, 1)


def _another_location(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("US", "us"), msgspec.json.encode(result)


def _unknown_monitor(_: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(a_result(uuid4()))


def _invented_id(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(msgspec.structs.replace(result, check_id=uuid4()))


def _ancient(result: CheckResult) -> tuple[str, bytes]:
    ancient = a_result(result.monitor_id, due_at=utc_now() - timedelta(days=40))
    return subjects.result("DE", "de"), msgspec.json.encode(ancient)


def _not_text(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(a_result(result.monitor_id, agent="a\x00b"))


def _not_a_duration(result: CheckResult) -> tuple[str, bytes]:
    return subjects.result("DE", "de"), msgspec.json.encode(a_result(result.monitor_id, duration_ms=1e300))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(_too_large, "larger than", id="a result too large to be published"),
        pytest.param(_garbage, "not a result", id="bytes that are not JSON"),
        pytest.param(_too_deep, "not a result", id="nested too deeply to be read"),
        pytest.param(_another_location, "another location's result", id="a result in another location's name"),
        pytest.param(_unknown_monitor, "unknown monitor or location", id="a monitor that never existed"),
        pytest.param(_invented_id, "the check id does not belong", id="an invented check id"),
        pytest.param(_ancient, "the due moment is too long ago", id="a due moment before all partitions"),
        pytest.param(_not_text, "cannot be stored", id="a NUL in a name, which PostgreSQL refuses"),
        pytest.param(_not_a_duration, "cannot be stored", id="a number that does not fit its column"),
    ],
)
async def test_what_cannot_be_stored_becomes_a_dead_letter_and_does_not_hold_up_the_rest(
    small_installation: SmallInstallation, ingest_case: IngestCase, spoil: object, reason: str
) -> None:
    monitor = await small_installation.monitor()
    due = utc_now()
    good = [a_result(monitor, due_at=due + timedelta(milliseconds=n)) for n in range(7)]
    assert callable(spoil)
    subject, body = spoil(a_result(monitor))
    for result in good[:3]:
        await small_installation.report(result)
    await small_installation.bus.publish(Message(subject, body, "bad"))
    for result in good[3:]:
        await small_installation.report(result)
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == 7
    assert {event.event_id for event in await small_installation.events()} == {result.check_id for result in good}
    [(letter_subject, letter_reason, letter_body)] = await small_installation.rows(
        "SELECT subject, reason, body FROM dead_letter"
    )
    assert (letter_subject, letter_body) == (subject, body[: 64 * 1024])
    assert letter_reason.startswith(reason)
    assert sum(value for (value,) in ingest_case.ingestor._counts.dead_letters.state().values()) == 1


async def test_facts_of_other_types_than_ours_are_stored_and_hold_up_nothing(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    """An agent of another version, or a hostile one, may send as a fact whatever a message can hold."""
    monitor, due = await small_installation.monitor(), utc_now()
    names = ("capabilities", "loginMechanisms", "banner", "greeting", "certificateSha256", "certificateSubject")
    odd = [dict.fromkeys(names, fact) for fact in (5, True, 2.5, "text", ["a", "b"])]
    for n, facts in enumerate([{}, *odd, {}]):
        found = a_result(monitor, due_at=due + timedelta(milliseconds=n))
        await small_installation.report(msgspec.structs.replace(found, facts=facts))
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == len(odd) + 2
    assert await small_installation.value("SELECT count(*) FROM dead_letter") == 0


async def test_what_a_location_sends_makes_no_long_log_lines(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    body = msgspec.json.encode(
        msgspec.to_builtins(a_result(await small_installation.monitor())) | {"purpose": "p" * 400_000}
    )
    with structlog.testing.capture_logs() as logged:
        await small_installation.bus.publish(Message(subjects.result("DE", "de"), body, "bad"))
        await ingest_case.drain()
    [line] = [line for line in logged if line["event"] == "result_rejected"]
    assert line["reason"].startswith("not a result: Invalid enum value 'ppp")
    assert len(str(line)) < 1000


async def test_a_blind_result_is_stored_but_does_not_count_as_a_check_of_the_target(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    monitor = await small_installation.monitor()
    first = a_result(monitor)
    blind = a_result(monitor, due_at=first.due_at + timedelta(seconds=10), source=FailureSource.AGENT)
    for result in (first, blind):
        await small_installation.report(result)
        await ingest_case.drain()
    assert await small_installation.rows("SELECT status FROM result ORDER BY due_at") == [("success",), ("unknown",)]
    [(status, checked_at)] = await small_installation.rows("SELECT status, checked_at FROM latest")
    assert status == "unknown"
    assert checked_at - first.started_at < timedelta(seconds=1)


async def test_an_older_result_does_not_become_the_latest_state(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    monitor = await small_installation.monitor()
    new = a_result(monitor)
    old = a_result(monitor, due_at=new.due_at - timedelta(seconds=10), source=FailureSource.TARGET)
    for result in (new, old):
        await small_installation.report(result)
        await ingest_case.drain()
    assert await small_installation.rows("SELECT status FROM latest") == [("success",)]


async def test_a_check_without_a_result_becomes_a_gap_and_a_late_result_closes_it(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    result = a_result(await small_installation.monitor())
    number, location = (
        await small_installation.value("SELECT max(id) FROM monitor"),
        await small_installation.value("SELECT min(id) FROM location"),
    )
    check = Expected(
        number, to_ms(result.due_at), location, Purpose.SCHEDULED, GapReason.NO_RESULT, to_ms(utc_now()) - 1
    )
    await expect(small_installation.db, [check])
    assert await settle(small_installation.db) == (False, {"no_result": 1})
    assert await small_installation.rows("SELECT from_at, to_at, reason FROM gap") == [
        (result.due_at, result.due_at, "no_result")
    ]
    await small_installation.report(result)
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM gap") == 0
    assert await small_installation.value("SELECT count(*) FROM result") == 1
    await expect(small_installation.db, [check])
    assert await settle(small_installation.db) == (False, {})


async def test_a_check_ends_in_a_result_or_in_a_gap_while_both_are_written_at_once(
    small_installation: SmallInstallation,
) -> None:
    monitor = await small_installation.monitor()
    number, location = (
        await small_installation.value("SELECT max(id) FROM monitor"),
        await small_installation.value("SELECT min(id) FROM location"),
    )
    start = utc_now()
    results = [a_result(monitor, due_at=start + timedelta(milliseconds=n)) for n in range(400)]
    due = to_ms(utc_now()) - 1

    async def store() -> None:
        for n in range(0, 400, 8):
            await store_results(small_installation.db, results[n : n + 8 : 2])

    async def give_up() -> None:
        for n in range(0, 400, 8):
            await expect(
                small_installation.db,
                [
                    Expected(number, to_ms(result.due_at), location, Purpose.SCHEDULED, GapReason.NO_RESULT, due)
                    for result in results[n : n + 8]
                ],
            )
            await settle(small_installation.db)

    await asyncio.gather(store(), give_up())
    assert await small_installation.value("SELECT count(*) FROM result") == 200
    assert await small_installation.value("SELECT count(*) FROM gap") == 200
    both = "SELECT count(*) FROM gap JOIN result ON result.monitor_id = gap.monitor_id AND due_at = from_at"
    assert await small_installation.value(both) == 0
