"""Every stored result has its event once, whenever a controller dies and for however long all are away then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic

import msgspec
import pytest

from controller.pipeline import ingestor
from controller.pipeline.ingest import result_events
from controller.pipeline.ingest.result_events import publish_left
from controller.store.checks import unpublished_results
from controller.store.checks.results import store_results
from controller.store.checks.unpublished_results import LEFT_SECONDS, TRY_SECONDS
from controller.store.platform.pool import StoreUnavailableError
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.failures import CheckWarning, FailureSource, WarningKind
from shared.wire.messages import CheckResult, Speaker, TranscriptLine
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result

NOTES = "SELECT count(*) FROM unpublished_results"


async def _died(installation: SmallInstallation, *results: CheckResult) -> None:
    """A controller has stored them, and died."""
    assert all(await store_results(installation.db, results))


async def _later(installation: SmallInstallation, seconds: float = LEFT_SECONDS + 1) -> None:
    noted = "UPDATE unpublished_results SET noted_at = noted_at - make_interval(secs => $1)"
    await installation.value(noted, seconds)


async def _published(installation: SmallInstallation) -> list[object]:
    return [(event.event_id, event.sequence) for event in await installation.events()]


async def test_what_a_controller_stored_before_it_died_is_published_as_it_would_have_been(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    monitor = await small_installation.monitor()
    passed = a_result(monitor)
    failed = msgspec.structs.replace(
        a_result(monitor, due_at=passed.due_at + timedelta(seconds=1), source=FailureSource.TARGET),
        warnings=[CheckWarning(kind=WarningKind.LOGIN_UNENCRYPTED, detail="in clear")],
        transcript=[TranscriptLine(at_ms=1.5, speaker=Speaker.SERVER, text="220 ready")],
        kernel_rtt_ms=0.5,
        loop_lag_ms=0.25,
    )
    await small_installation.report(passed)
    await _died(small_installation, passed, failed)
    await ingest_case.drain()
    assert await small_installation.events() == []
    await _later(small_installation)
    await publish_left(small_installation.db, small_installation.bus)
    events = await small_installation.events()
    assert [event.result for event in events] == [passed, failed]
    assert [(event.sequence, event.kind) for event in events] == [(1, "smtp"), (2, "smtp")]
    assert {(event.organization_id, event.customer_id) for event in events} == {
        (small_installation.organization, small_installation.customer)
    }
    assert await small_installation.value(NOTES) == 0


async def test_what_was_published_is_not_noted_any_more(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    await small_installation.report(a_result(await small_installation.monitor()))
    await ingest_case.drain()
    assert await small_installation.value(NOTES) == 0
    assert len(await small_installation.events()) == 1


async def test_what_was_stored_a_moment_ago_is_left_to_the_controller_that_did(
    small_installation: SmallInstallation,
) -> None:
    await _died(small_installation, a_result(await small_installation.monitor()))
    await publish_left(small_installation.db, small_installation.bus)
    assert await small_installation.events() == []
    assert await small_installation.value(NOTES) == 1


@pytest.mark.parametrize("seconds", [LEFT_SECONDS + 1, 3600.0], ids=["soon", "an hour later"])
async def test_what_was_published_and_is_noted_still_is_not_published_again(
    small_installation: SmallInstallation,
    ingest_case: IngestCase,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    """The controller died between the two, or the database was away. After an hour, the broker recognizes no event by
    itself.
    """
    monitor = await small_installation.monitor()
    first = a_result(monitor)
    lost = a_result(monitor, due_at=first.due_at + timedelta(seconds=1))

    async def away(*_: object) -> None:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(unpublished_results, "remove", away)
        await small_installation.report(first)
        await ingest_case.drain()
    assert await small_installation.value(NOTES) == 1
    await _died(small_installation, lost)
    await _later(small_installation, seconds)
    if seconds > LEFT_SECONDS + 1:
        await _forget_duplicates(small_installation)
    await publish_left(small_installation.db, small_installation.bus)
    assert await _published(small_installation) == [(first.check_id, 1), (lost.check_id, 2)]
    assert await small_installation.value(NOTES) == 0


async def _forget_duplicates(installation: SmallInstallation) -> None:
    """The broker's memory of duplicates is over, and it would store an event twice."""
    manager = installation.bus.client.jsm()
    config = (await manager.stream_info(subjects.EVENTS)).config
    for seconds in (0.1, 0.2):  # after one change alone it sometimes remembered on, for ten seconds and more
        await manager.update_stream(config.evolve(duplicate_window=seconds))
        await asyncio.sleep(0.3)


async def test_the_broker_alone_would_store_an_event_twice_when_its_memory_is_over(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    result = a_result(await small_installation.monitor())
    await small_installation.report(result)
    await ingest_case.drain()
    await _forget_duplicates(small_installation)
    again = result_events.result_event(result, small_installation.organization, small_installation.customer, "smtp", 1)
    async with asyncio.timeout(10):  # a busy broker forgets later
        while len(await small_installation.events()) < 2:
            await small_installation.bus.publish(again)
            await asyncio.sleep(0.1)


async def test_two_controllers_publish_what_is_left_once(small_installation: SmallInstallation) -> None:
    monitor = await small_installation.monitor()
    first = a_result(monitor)
    results = [a_result(monitor, due_at=first.due_at + timedelta(seconds=n)) for n in range(30)]
    for result in results:
        await _died(small_installation, result)
    await _later(small_installation)
    await asyncio.gather(*(publish_left(small_installation.db, small_installation.bus) for _ in range(3)))
    published = await _published(small_installation)
    assert sorted(published, key=str) == sorted(
        ((result.check_id, number) for number, result in enumerate(results, 1)), key=str
    )
    assert await small_installation.value(NOTES) == 0


async def test_what_the_broker_does_not_take_stays_noted_and_holds_up_no_results(
    small_installation: SmallInstallation, ingest_case: IngestCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_events, "TRY_SECONDS", 0.0)
    manager = small_installation.bus.client.jsm()
    config = (await manager.stream_info(subjects.EVENTS)).config
    await manager.delete_stream(subjects.EVENTS)
    result = a_result(await small_installation.monitor())
    await small_installation.report(result)
    await ingest_case.drain()
    await _later(small_installation)
    with pytest.raises(BusError):
        await publish_left(small_installation.db, small_installation.bus)
    assert await small_installation.value(NOTES) == 1
    await manager.add_stream(config)
    await publish_left(small_installation.db, small_installation.bus)
    assert await _published(small_installation) == [(result.check_id, 1)]


async def test_what_an_earlier_version_stored_without_a_note_is_published_when_it_is_delivered_again(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    result = a_result(await small_installation.monitor())
    await _died(small_installation, result)
    await small_installation.value("DELETE FROM unpublished_results")
    await small_installation.report(result)
    await ingest_case.drain()
    assert [event.event_id for event in await small_installation.events()] == [result.check_id]


@pytest.mark.parametrize("is_known", [False, True], ids=["unpublished", "published"])
async def test_what_an_earlier_version_stored_long_ago_is_looked_for_in_the_stream(
    small_installation: SmallInstallation, ingest_case: IngestCase, is_known: bool
) -> None:
    """Its controller was stopped in between, and the upgrade took longer than the broker remembers events."""
    result = a_result(await small_installation.monitor())
    if is_known:
        await small_installation.report(result)
        await ingest_case.drain()
    else:
        await _died(small_installation, result)
        await small_installation.value("DELETE FROM unpublished_results")
    await small_installation.value("UPDATE result SET stored_at = stored_at - interval '3 minutes'")
    await _forget_duplicates(small_installation)
    await small_installation.report(result)
    await ingest_case.drain()
    await publish_left(small_installation.db, small_installation.bus)
    assert [event.event_id for event in await small_installation.events()] == [result.check_id]
    assert await small_installation.value(NOTES) == 0


async def test_a_controller_that_publishes_late_leaves_it_to_whoever_looks_for_it(
    small_installation: SmallInstallation, ingest_case: IngestCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It froze, or waited, after it had stored the result: meanwhile another one may have published the event."""
    result = a_result(await small_installation.monitor())
    monkeypatch.setattr(ingestor, "monotonic", lambda: monotonic() - TRY_SECONDS)
    await small_installation.report(result)
    await ingest_case.drain()
    assert await small_installation.events() == []
    await _later(small_installation)
    await publish_left(small_installation.db, small_installation.bus)
    assert await _published(small_installation) == [(result.check_id, 1)]


async def test_the_event_is_for_the_customer_that_had_the_monitor_then(small_installation: SmallInstallation) -> None:
    await _died(small_installation, a_result(await small_installation.monitor()))
    await small_installation.value(
        "WITH another AS (INSERT INTO customer (organization_id, name) SELECT id, 'another' FROM organization"
        " RETURNING id) UPDATE monitor SET customer_id = another.id FROM another"
    )
    await _later(small_installation)
    await publish_left(small_installation.db, small_installation.bus)
    assert [event.customer_id for event in await small_installation.events()] == [small_installation.customer]


async def test_results_of_a_monitor_that_is_gone_hold_up_no_others(small_installation: SmallInstallation) -> None:
    kept = a_result(await small_installation.monitor())
    await _died(small_installation, a_result(await small_installation.monitor()), kept)
    await small_installation.value("DELETE FROM result WHERE monitor_id = (SELECT max(id) FROM monitor)")
    await _later(small_installation)
    await publish_left(small_installation.db, small_installation.bus)
    assert [event.event_id for event in await small_installation.events()] == [kept.check_id]
    assert await small_installation.value(NOTES) == 0
