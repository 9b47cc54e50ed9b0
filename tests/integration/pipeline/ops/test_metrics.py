"""The counters of the pipeline and the gauges of the installation show what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from controller.metrics.broker import broker_collector
from controller.metrics.counts import Counts
from controller.metrics.database import database_collector
from controller.model import GapReason
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.event_relay import relay_events
from controller.pipeline.housekeeping import settle_checks
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.location_registry import LocationRegistry
from controller.store.checks.dispatch import Expected, expect
from controller.store.monitors.scheduled import scheduled_monitors
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.batches import of_results
from shared.wire.failures import FailureSource
from shared.wire.messages import Unfitness
from shared.wire.rounds import Purpose
from tests.fakes.installation import SIGNER
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result, eventually
from tests.integration.scraped import Scraped

RESULTS = "mailprobe_check_results_total"


def scraped(*collectors: Collector) -> Scraped:
    registry = CollectorRegistry()
    for each in collectors:
        registry.register(each)
    return Scraped.of(generate_latest(registry).decode())


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
async def counted(small_installation: SmallInstallation, counts: Counts) -> AsyncIterator[IngestCase]:
    """An ingestor that counts into `counts`."""
    bus = small_installation.bus
    consumers = [await bus.consumer(subjects.RESULTS, name) for name in (subjects.INGEST, subjects.INGEST_BATCHES)]
    yield IngestCase(Ingestor(small_installation.db, bus, counts), *consumers)
    for consumer in consumers:
        await consumer.close()


async def test_results_are_counted_once_by_the_kind_of_their_monitor(
    small_installation: SmallInstallation, counted: IngestCase, counts: Counts
) -> None:
    smtp, imap = await small_installation.monitor(), await small_installation.monitor(kind="imap")
    due = utc_now() - timedelta(seconds=4)
    await small_installation.report(a_result(smtp, due_at=due))
    await small_installation.report(again := a_result(imap, "US", due_at=due, source=FailureSource.TARGET))
    await small_installation.report(a_result(imap, "DE", due_at=due, source=FailureSource.AGENT))
    await counted.drain()
    subject = subjects.result("US", "us")
    twice = a_result(smtp, "US", due_at=due)
    await small_installation.bus.publish(
        Message(subject, msgspec.json.encode(again), "as when the broker has forgotten the message id")
    )
    await small_installation.report(twice)
    await small_installation.bus.publish(Message(subject, msgspec.json.encode(twice), "another copy in the same batch"))
    await counted.drain()
    figures = scraped(counts)
    assert figures.all(RESULTS, kind="smtp", location="de", status="success", failure="none") == [1]
    assert figures.all(RESULTS, kind="imap", location="us", status="failure", failure="refused") == [1]
    assert figures.all(RESULTS, kind="imap", location="de", status="unknown", failure="refused") == [1]
    assert figures.all(RESULTS, kind="smtp", location="us", status="success", failure="none") == [1]
    assert figures.sum(RESULTS) == 4
    assert figures.all("mailprobe_check_phase_seconds_sum", kind="imap", location="us", phase="connect") == [0.0015]
    assert 4 <= figures.sum("mailprobe_lateness_seconds_sum", stage="stored", location="us") < 60


async def test_dead_letters_are_counted_by_a_closed_list_of_reasons_and_not_as_results(
    small_installation: SmallInstallation, counted: IngestCase, counts: Counts
) -> None:
    monitor = await small_installation.monitor()
    before = scraped(counts).series()
    subject = subjects.result("DE", "de")
    strange = a_result(monitor, "US")
    for number in range(3):
        await small_installation.bus.publish(Message(subject, b"{" + str(number).encode(), f"garbage-{number}"))
    await small_installation.bus.publish(Message(subject, b" " * (600 * 1024), "large"))
    await small_installation.bus.publish(Message(subject, msgspec.json.encode(strange), "strange"))
    nowhere = a_result(monitor, "ZZ")  # not a location of this installation
    await small_installation.bus.publish(Message(subjects.result("ZZ", "zz"), msgspec.json.encode(nowhere), "nowhere"))
    await counted.drain()
    figures = scraped(counts)
    reasons = {"not_a_result": 3, "too_large": 1, "another_location": 1, "unknown_origin": 1}
    assert {reason: figures.sum("mailprobe_dead_letters_total", reason=reason) for reason in reasons} == reasons
    assert figures.sum("mailprobe_dead_letters_total") == 6
    assert figures.sum(RESULTS) == 0
    assert figures.series() == before
    assert '"zz"' not in figures.text


async def test_gaps_are_counted_by_reason(case: EvaluationCase, counts: Counts) -> None:
    monitor = await case.monitor()
    number = await case.number(monitor)
    now = to_ms(utc_now())
    location_id = await case.installation.value("SELECT id FROM location WHERE code = 'us'")
    for reason, purpose in ((GapReason.NO_AGENT, Purpose.SCHEDULED), (GapReason.UNFIT, Purpose.RECHECK)):
        await expect(case.db, [Expected(number, now, location_id, purpose, reason, now)])
    await settle_checks(case.db, counts)
    figures = scraped(counts)
    assert (
        figures.all("mailprobe_gaps_total", reason="no_agent")
        == figures.all("mailprobe_gaps_total", reason="unfit")
        == [1]
    )
    assert figures.sum("mailprobe_gaps_total") == 2


async def test_verdicts_and_incidents_are_counted_when_they_are_published(case: EvaluationCase, counts: Counts) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -10, "ppp")
    await case.evaluate(monitor, -5, "fff")
    await case.recheck(monitor, "fff")
    await relay_events(case.db, case.installation.bus, counts)
    await relay_events(case.db, case.installation.bus, counts)
    figures = scraped(counts)
    assert figures.all("mailprobe_verdict_changes_total", previous="unknown", verdict="up") == [1]
    assert figures.all("mailprobe_verdict_changes_total", verdict="down", previous="up") == [1]
    assert figures.all("mailprobe_incident_changes_total", change="opened", severity="down") == [1]
    assert figures.sum("mailprobe_incident_changes_total") == 1
    collector = database_collector(case.db)
    await collector.refresh()
    here = scraped(collector)
    assert here.all("mailprobe_incidents_open", severity="down", acknowledged="false") == [1]
    assert here.sum("mailprobe_incidents_open") == 1
    assert here.all("mailprobe_monitors", kind="smtp", status="active", verdict="down") == [1]
    assert here.all("mailprobe_events_waiting") == [0]


async def test_dispatched_checks_are_counted_with_their_lateness(
    small_installation: SmallInstallation, counts: Counts
) -> None:
    await small_installation.monitor(interval=3600)
    registry = LocationRegistry(small_installation.db, small_installation.bus, SIGNER)
    await registry.refresh()
    [monitor] = await scheduled_monitors(small_installation.db)
    dispatcher = Dispatcher(
        small_installation.db, small_installation.bus, Vault(VaultKeys(new_key().reveal())), SIGNER, counts
    )
    await dispatcher.dispatch_triggered(monitor, registry.configured(None))
    figures = scraped(counts)
    assert figures.all("mailprobe_lateness_seconds_count", stage="dispatched", location="de") == [1]
    assert figures.all("mailprobe_lateness_seconds_count", stage="dispatched", location="us") == [1]
    assert figures.all("mailprobe_dispatch_refused_total") == [0]
    collector = broker_collector(small_installation.bus, lambda: registry.locations)
    await collector.refresh()
    here = scraped(collector)
    assert here.all("mailprobe_checks_pending", location="de", kind="smtp") == [1]
    assert here.all("mailprobe_checks_pending", location="us", kind="pop3") == [0]
    assert here.all("mailprobe_stream_messages", stream="CHECKS") == [2]
    assert len(await small_installation.take_requests("DE")) == 1
    await collector.refresh()
    assert scraped(collector).all("mailprobe_checks_pending", location="de", kind="smtp") == [0]


async def test_results_that_wait_to_be_stored_are_counted(
    small_installation: SmallInstallation, counted: IngestCase
) -> None:
    monitor = await small_installation.monitor()
    collector = broker_collector(small_installation.bus, list)
    for number in range(3):
        await small_installation.report(a_result(monitor, due_at=utc_now() - timedelta(seconds=number)))
    together = [a_result(monitor, due_at=utc_now() - timedelta(seconds=number)) for number in range(10, 14)]
    body = of_results([msgspec.json.encode(one) for one in together])
    await small_installation.bus.publish(Message(subjects.batch_of(subjects.result("DE", "de")), body, "together"))
    await collector.refresh()
    figures = scraped(collector)
    assert figures.all("mailprobe_ingest_pending") == [4]
    assert figures.all("mailprobe_stream_bytes_limit", stream="RESULTS") == [2 * 1024**3]
    assert figures.sum("mailprobe_stream_bytes", stream="RESULTS") > 0
    await counted.drain()
    await collector.refresh()
    after = scraped(collector)
    assert after.all("mailprobe_ingest_pending") == after.all("mailprobe_ingest_unacknowledged") == [0]
    assert after.all("mailprobe_stream_messages", stream="EVENTS") == [3]
    assert not after.all("mailprobe_checks_pending")


async def test_agents_are_counted_by_location_and_never_by_name(small_installation: SmallInstallation) -> None:
    registry = LocationRegistry(small_installation.db, small_installation.bus, SIGNER)
    following = asyncio.create_task(registry.follow_heartbeats())
    try:
        await eventually(lambda: _listens(registry))
        for number in range(20):
            await small_installation.heartbeat(
                "DE", f"gopher-{number}", unfit=(Unfitness.PORT25_BLOCKED,) if number else ()
            )
        await eventually(lambda: _agents(small_installation, 20))
    finally:
        following.cancel()
        await asyncio.wait([following])
    await small_installation.value("UPDATE agent SET clock_offset_ms = -2500 WHERE name = 'gopher-3'")
    await small_installation.value(
        "UPDATE agent SET clock_offset_ms = 100, capacity = 50, running = 7 WHERE name = 'gopher-4'"
    )
    await small_installation.value("UPDATE agent SET last_seen_at = now() - interval '1 hour' WHERE name = 'gopher-5'")
    collector = database_collector(small_installation.db)
    await collector.refresh()
    figures = scraped(collector)
    assert figures.all("mailprobe_agents_ready", location="de") == [19]
    assert figures.all("mailprobe_location_ready", location="de") == [1]
    assert figures.all("mailprobe_location_ready", location="us") == [0]
    assert figures.all("mailprobe_agents_unfit", location="de", reason="port25_blocked") == [18]
    assert figures.all("mailprobe_location_clock_offset_seconds", location="de") == [-2.5]
    assert figures.all("mailprobe_location_capacity", location="de") == [50]
    assert figures.all("mailprobe_location_checks", location="de", state="running") == [7]
    assert "gopher" not in figures.text
    await small_installation.value("UPDATE location SET enabled = false WHERE code = 'us'")
    await collector.refresh()
    assert scraped(collector).all("mailprobe_location_ready", location="us") == []


async def _listens(registry: LocationRegistry) -> bool:
    return registry._listening_since is not None


async def _agents(small_installation: SmallInstallation, count: int) -> bool:
    found: int = await small_installation.value("SELECT count(*) FROM agent")
    return found == count


async def test_overdue_work_is_exported_with_its_age(small_installation: SmallInstallation) -> None:
    await small_installation.value("UPDATE schedule SET watermark = now() - interval '90 seconds'")
    await small_installation.value("UPDATE fold_progress SET at = now() - interval '5 hours'")
    monitor = await small_installation.monitor()
    await small_installation.value(
        "INSERT INTO evaluation (monitor_id, due_at, purpose, ripe_at, check_at) SELECT id, now(), 'scheduled', now(),"
        " now() - interval '40 seconds' FROM monitor WHERE public_id = $1",
        monitor,
    )
    await small_installation.value(
        "INSERT INTO delivery (organization_id, type, receiver, notice, next_at)"
        " SELECT organization_id, 'email', 'a@example.com', '{}', now() - interval '70 seconds' FROM monitor"
    )
    collector = database_collector(small_installation.db)
    await collector.refresh()
    figures = scraped(collector)
    assert figures.all("mailprobe_evaluations_waiting") == figures.all("mailprobe_deliveries_waiting") == [1]
    assert 90 <= figures.sum("mailprobe_scheduler_watermark_age_seconds") < 110
    assert 4 * 3600 <= figures.sum("mailprobe_blocks_age_seconds") < 4 * 3600 + 20
    assert 40 <= figures.sum("mailprobe_evaluations_overdue_seconds") < 60
    assert 70 <= figures.sum("mailprobe_deliveries_overdue_seconds") < 90
    assert "example.com" not in figures.text


async def test_a_database_that_is_away_leaves_the_scrape_as_it_was() -> None:
    async with Database.open("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        collector = database_collector(nowhere)
        with pytest.raises(StoreUnavailableError):
            await collector.refresh()
        figures = scraped(collector)
        assert figures.series() == len(figures.all("mailprobe_database_reading_age_seconds")) == 1


async def test_values_of_a_newer_controller_are_counted_as_other(small_installation: SmallInstallation) -> None:
    monitor = await small_installation.monitor()
    await small_installation.value("UPDATE monitor SET kind = 'jmap' WHERE public_id = $1", monitor)
    await small_installation.value(
        "INSERT INTO blind_period (location_id, reason, from_at, to_at, checks) SELECT id, 'asleep', now(), now() +"
        " interval '1 hour', 1 FROM location WHERE code = 'de'"
    )
    collector = database_collector(small_installation.db)
    await collector.refresh()
    figures = scraped(collector)
    assert figures.sum("mailprobe_monitors", kind="other") == 1
    assert figures.all("mailprobe_location_blind", location="de", reason="other") == [1]


async def test_pools_export_how_many_connections_are_in_use(small_installation: SmallInstallation) -> None:
    async with small_installation.db.connection(), small_installation.db.connection():
        assert small_installation.db.busy == 2
    assert small_installation.db.busy == 0
    assert small_installation.db.size == 10
