"""What the pipeline counts, and what is seen of the installation: the figures are those of what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from controller.metrics.broker import watch_broker
from controller.metrics.counts import Counts
from controller.metrics.database import watch_database
from controller.model import GapReason
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.event_relay import tell_events
from controller.pipeline.housekeeping import settle_checks
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.location_registry import Roster
from controller.store.checks.dispatch import Expected, expect
from controller.store.monitors.scheduled import scheduled_monitors
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import utc_now
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.failures import FailureSource
from shared.wire.messages import Unfitness
from shared.wire.rounds import Purpose, to_ms
from tests.fakes.installation import SIGNER
from tests.integration.pipeline.court import Court
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import World, a_result, eventually
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
async def counted(world: World, counts: Counts) -> AsyncIterator[Pipe]:
    """An ingestor that counts into `counts`."""
    consumer = await world.bus.consumer(subjects.RESULTS, subjects.INGEST)
    yield Pipe(Ingestor(world.db, world.bus, counts), consumer)
    await consumer.close()


async def test_results_are_counted_once_by_the_kind_of_their_monitor(
    world: World, counted: Pipe, counts: Counts
) -> None:
    smtp, imap = await world.monitor(), await world.monitor(kind="imap")
    due = utc_now() - timedelta(seconds=4)
    await world.report(a_result(smtp, due_at=due))
    await world.report(again := a_result(imap, "US", due_at=due, source=FailureSource.TARGET))
    await world.report(a_result(imap, "DE", due_at=due, source=FailureSource.AGENT))
    await counted.drain()
    subject = subjects.result("US", "us")
    twice = a_result(smtp, "US", due_at=due)
    await world.bus.publish(Message(subject, msgspec.json.encode(again), "the broker has forgotten that it had it"))
    await world.report(twice)
    await world.bus.publish(Message(subject, msgspec.json.encode(twice), "another copy in the same batch"))
    await counted.drain()
    told = scraped(counts)
    assert told.all(RESULTS, kind="smtp", location="de", status="success", failure="none") == [1]
    assert told.all(RESULTS, kind="imap", location="us", status="failure", failure="refused") == [1]
    assert told.all(RESULTS, kind="imap", location="de", status="unknown", failure="refused") == [1]
    assert told.all(RESULTS, kind="smtp", location="us", status="success", failure="none") == [1]
    assert told.sum(RESULTS) == 4
    assert told.all("mailprobe_check_phase_seconds_sum", kind="imap", location="us", phase="connect") == [0.0015]
    assert 4 <= told.sum("mailprobe_lateness_seconds_sum", stage="stored", location="us") < 60


async def test_what_is_parked_is_counted_by_a_closed_list_of_reasons_and_makes_no_results(
    world: World, counted: Pipe, counts: Counts
) -> None:
    monitor = await world.monitor()
    before = scraped(counts).series()
    subject = subjects.result("DE", "de")
    strange = a_result(monitor, "US")
    for number in range(3):
        await world.bus.publish(Message(subject, b"{" + str(number).encode(), f"garbage-{number}"))
    await world.bus.publish(Message(subject, b" " * (600 * 1024), "large"))
    await world.bus.publish(Message(subject, msgspec.json.encode(strange), "strange"))
    nowhere = a_result(monitor, "ZZ")  # no location of ours
    await world.bus.publish(Message(subjects.result("ZZ", "zz"), msgspec.json.encode(nowhere), "nowhere"))
    await counted.drain()
    told = scraped(counts)
    reasons = {"not_a_result": 3, "too_large": 1, "another_location": 1, "unknown_origin": 1}
    assert {reason: told.sum("mailprobe_results_parked_total", reason=reason) for reason in reasons} == reasons
    assert told.sum("mailprobe_results_parked_total") == 6
    assert told.sum(RESULTS) == 0
    assert told.series() == before
    assert '"zz"' not in told.text


async def test_gaps_are_counted_by_reason(court: Court, counts: Counts) -> None:
    monitor = await court.monitor()
    number = await court.number(monitor)
    now = to_ms(utc_now())
    place = await court.world.value("SELECT id FROM location WHERE code = 'us'")
    for reason, purpose in ((GapReason.NO_AGENT, Purpose.SCHEDULED), (GapReason.UNFIT, Purpose.RECHECK)):
        await expect(court.db, [Expected(number, now, place, purpose, reason, now)])
    await settle_checks(court.db, counts)
    told = scraped(counts)
    assert (
        told.all("mailprobe_gaps_total", reason="no_agent") == told.all("mailprobe_gaps_total", reason="unfit") == [1]
    )
    assert told.sum("mailprobe_gaps_total") == 2


async def test_verdicts_and_incidents_are_counted_when_they_are_told(court: Court, counts: Counts) -> None:
    monitor = await court.monitor()
    await court.look(monitor, -10, "ppp")
    await court.look(monitor, -5, "fff")
    await court.recheck(monitor, "fff")
    await tell_events(court.db, court.world.bus, counts)
    await tell_events(court.db, court.world.bus, counts)
    told = scraped(counts)
    assert told.all("mailprobe_verdict_changes_total", previous="unknown", verdict="up") == [1]
    assert told.all("mailprobe_verdict_changes_total", verdict="down", previous="up") == [1]
    assert told.all("mailprobe_incident_changes_total", change="opened", severity="down") == [1]
    assert told.sum("mailprobe_incident_changes_total") == 1
    seen = watch_database(court.db)
    await seen.look()
    here = scraped(seen)
    assert here.all("mailprobe_incidents_open", severity="down", acknowledged="false") == [1]
    assert here.sum("mailprobe_incidents_open") == 1
    assert here.all("mailprobe_monitors", kind="smtp", status="active", verdict="down") == [1]
    assert here.all("mailprobe_events_waiting") == [0]


async def test_dispatched_checks_are_counted_with_their_lateness(world: World, counts: Counts) -> None:
    await world.monitor(interval=3600)
    roster = Roster(world.db, world.bus, SIGNER)
    await roster.refresh()
    [monitor] = await scheduled_monitors(world.db)
    dispatcher = Dispatcher(world.db, world.bus, Vault(VaultKeys(new_key().reveal())), SIGNER, counts)
    await dispatcher.dispatch_triggered(monitor, roster.configured(None))
    told = scraped(counts)
    assert told.all("mailprobe_lateness_seconds_count", stage="dispatched", location="de") == [1]
    assert told.all("mailprobe_lateness_seconds_count", stage="dispatched", location="us") == [1]
    assert told.all("mailprobe_dispatch_refused_total") == [0]
    seen = watch_broker(world.bus, lambda: roster.locations)
    await seen.look()
    here = scraped(seen)
    assert here.all("mailprobe_checks_pending", location="de", kind="smtp") == [1]
    assert here.all("mailprobe_checks_pending", location="us", kind="pop3") == [0]
    assert here.all("mailprobe_stream_messages", stream="CHECKS") == [2]
    assert len(await world.take_requests("DE")) == 1
    await seen.look()
    assert scraped(seen).all("mailprobe_checks_pending", location="de", kind="smtp") == [0]


async def test_what_waits_to_be_stored_is_seen(world: World, counted: Pipe) -> None:
    monitor = await world.monitor()
    seen = watch_broker(world.bus, list)
    for number in range(3):
        await world.report(a_result(monitor, due_at=utc_now() - timedelta(seconds=number)))
    await seen.look()
    told = scraped(seen)
    assert told.all("mailprobe_ingest_pending") == [3]
    assert told.all("mailprobe_stream_bytes_limit", stream="RESULTS") == [2 * 1024**3]
    assert told.sum("mailprobe_stream_bytes", stream="RESULTS") > 0
    await counted.drain()
    await seen.look()
    after = scraped(seen)
    assert after.all("mailprobe_ingest_pending") == after.all("mailprobe_ingest_unacknowledged") == [0]
    assert after.all("mailprobe_stream_messages", stream="EVENTS") == [3]
    assert not after.all("mailprobe_checks_pending")


async def test_agents_are_told_by_location_and_never_by_name(world: World) -> None:
    roster = Roster(world.db, world.bus, SIGNER)
    following = asyncio.create_task(roster.follow_heartbeats())
    try:
        await eventually(lambda: _listens(roster))
        for number in range(20):
            await world.heartbeat("DE", f"gopher-{number}", unfit=(Unfitness.PORT25_BLOCKED,) if number else ())
        await eventually(lambda: _agents(world, 20))
    finally:
        following.cancel()
        await asyncio.wait([following])
    await world.value("UPDATE agent SET clock_offset_ms = -2500 WHERE name = 'gopher-3'")
    await world.value("UPDATE agent SET clock_offset_ms = 100, capacity = 50, running = 7 WHERE name = 'gopher-4'")
    await world.value("UPDATE agent SET last_seen_at = now() - interval '1 hour' WHERE name = 'gopher-5'")
    seen = watch_database(world.db)
    await seen.look()
    told = scraped(seen)
    assert told.all("mailprobe_agents_ready", location="de") == [19]
    assert told.all("mailprobe_location_ready", location="de") == [1]
    assert told.all("mailprobe_location_ready", location="us") == [0]
    assert told.all("mailprobe_agents_unfit", location="de", reason="port25_blocked") == [18]
    assert told.all("mailprobe_location_clock_offset_seconds", location="de") == [-2.5]
    assert told.all("mailprobe_location_capacity", location="de") == [50]
    assert told.all("mailprobe_location_checks", location="de", state="running") == [7]
    assert "gopher" not in told.text
    await world.value("UPDATE location SET enabled = false WHERE code = 'us'")
    await seen.look()
    assert scraped(seen).all("mailprobe_location_ready", location="us") == []


async def _listens(roster: Roster) -> bool:
    return roster._listening_since is not None


async def _agents(world: World, count: int) -> bool:
    found: int = await world.value("SELECT count(*) FROM agent")
    return found == count


async def test_what_is_overdue_is_seen_with_its_age(world: World) -> None:
    await world.value("UPDATE schedule SET watermark = now() - interval '90 seconds'")
    monitor = await world.monitor()
    await world.value(
        "INSERT INTO look (monitor_id, due_at, purpose, ripe_at, check_at) SELECT id, now(), 'scheduled', now(),"
        " now() - interval '40 seconds' FROM monitor WHERE public_id = $1",
        monitor,
    )
    await world.value(
        "INSERT INTO delivery (organization_id, type, receiver, notice, next_at)"
        " SELECT organization_id, 'email', 'a@example.com', '{}', now() - interval '70 seconds' FROM monitor"
    )
    seen = watch_database(world.db)
    await seen.look()
    told = scraped(seen)
    assert told.all("mailprobe_looks_waiting") == told.all("mailprobe_deliveries_waiting") == [1]
    assert 90 <= told.sum("mailprobe_scheduler_watermark_age_seconds") < 110
    assert 40 <= told.sum("mailprobe_looks_overdue_seconds") < 60
    assert 70 <= told.sum("mailprobe_deliveries_overdue_seconds") < 90
    assert "example.com" not in told.text


async def test_a_database_that_is_away_leaves_the_scrape_as_it_was() -> None:
    async with Database.open("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        seen = watch_database(nowhere)
        with pytest.raises(StoreUnavailableError):
            await seen.look()
        told = scraped(seen)
        assert told.series() == len(told.all("mailprobe_database_look_age_seconds")) == 1


async def test_words_of_a_newer_controller_are_told_as_other(world: World) -> None:
    monitor = await world.monitor()
    await world.value("UPDATE monitor SET kind = 'jmap' WHERE public_id = $1", monitor)
    await world.value(
        "INSERT INTO blind_period (location_id, reason, from_at, to_at, checks) SELECT id, 'asleep', now(), now() +"
        " interval '1 hour', 1 FROM location WHERE code = 'de'"
    )
    seen = watch_database(world.db)
    await seen.look()
    told = scraped(seen)
    assert told.sum("mailprobe_monitors", kind="other") == 1
    assert told.all("mailprobe_location_blind", location="de", reason="other") == [1]


async def test_pools_tell_how_many_connections_are_at_work(world: World) -> None:
    async with world.db.connection(), world.db.connection():
        assert world.db.busy == 2
    assert world.db.busy == 0
    assert world.db.size == 10
