"""All loops of the pipeline, in the order of a check, and the housekeeping."""

from __future__ import annotations

import asyncio

import structlog

from controller.metrics.broker import broker_collector
from controller.metrics.cached_collector import REFRESH_SECONDS as METRICS_SECONDS
from controller.metrics.database import database_collector
from controller.metrics.process import Metrics
from controller.pipeline.comparer import COMPARE_SECONDS, compare_due
from controller.pipeline.delivery.failing_channels import FAILING_SECONDS, report_failing_channels
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.delivery.quiet_digests import DIGEST_SECONDS, send_quiet_digests
from controller.pipeline.delivery.report_digests import REPORT_SECONDS, send_digests
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.evaluator import EVALUATE_SECONDS, evaluate_due
from controller.pipeline.event_relay import RELAY_SECONDS, relay_events
from controller.pipeline.folding.folder import FOLD_SECONDS, fold_due
from controller.pipeline.folding.space import SPACE_SECONDS, give_back_space
from controller.pipeline.grouping.held_incidents import RELEASE_SECONDS, release_held
from controller.pipeline.grouping.messages import MESSAGES_SECONDS, make_group_messages
from controller.pipeline.housekeeping import (
    BLINDNESS_SECONDS,
    FORGET_SECONDS,
    PARTITION_SECONDS,
    SETTLE_SECONDS,
    forget_old,
    maintain_partitions,
    prepare_partitions,
    settle_checks,
)
from controller.pipeline.incidents import ORPHANS_SECONDS, end_orphaned
from controller.pipeline.ingest.result_events import LEFT_EVERY_SECONDS, publish_left
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.location_registry import REFRESH_SECONDS, LocationRegistry
from controller.pipeline.loops import keep
from controller.pipeline.maintenance.borders import BORDERS_SECONDS, Borders
from controller.pipeline.maintenance.expansion import EXPAND_SECONDS, Expander
from controller.pipeline.maintenance.notifying import AFTER_MAINTENANCE_SECONDS, notify_after_maintenance
from controller.pipeline.nats_accounts import RECONCILE_SECONDS, NatsAccounts
from controller.pipeline.on_call.calendars import CALENDARS_SECONDS, Calendars
from controller.pipeline.on_call.lapsing import LAPSES_SECONDS, announce_lapses
from controller.pipeline.on_call.waiting import ON_CALL_SECONDS, tell_who_waits
from controller.pipeline.ops.self_watch import SelfWatch
from controller.pipeline.retention.kept_stream import FORGET_SECONDS as KEPT_SECONDS
from controller.pipeline.retention.kept_stream import MARK_SECONDS, forget_events, mark_position
from controller.pipeline.retention.removal import REMOVE_SECONDS, remove_expired
from controller.pipeline.rollups import ROLL_UP_SECONDS, roll_up
from controller.pipeline.scheduler import Scheduler
from controller.pipeline.subscribers import KEEP_SECONDS, SubscriberConsumers
from controller.store.checks import discoveries
from controller.store.checks.trials import forget_expired
from controller.store.locations.blind_periods import end_disproved
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.nats.bus import Bus
from shared.wire.signing import Signer

log = structlog.get_logger()

TRIALS_SECONDS = 10.0
"""How long a trial may stay in the database after it expired. Nobody can read it then."""

_STORE_PAUSE_SECONDS = 1.0


async def run_pipeline(
    db: Database,
    bus: Bus,
    url: str,
    name: str,
    signer: Signer,
    dispatcher: Dispatcher,
    notifier: Notifier,
    accounts: NatsAccounts,
    metrics: Metrics,
    self_watch: SelfWatch,
    calendars: Calendars,
) -> SchemaError | None:
    """Run all loops until cancelled. Returns the error if this version must not use the database."""
    try:
        await _ready_store(db)
    except SchemaError as error:
        return error
    counts = metrics.counts
    registry = LocationRegistry(db, bus, signer, counts)
    scheduler = Scheduler(db, url, name, registry, dispatcher, counts)
    ingestor = Ingestor(db, bus, counts)
    of_database, of_broker = database_collector(db), broker_collector(bus, lambda: registry.locations)
    metrics.show(of_database, of_broker, leading=lambda: scheduler.leading, clock=lambda: registry.clock_offset_ms)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep("scheduler", scheduler.lead_once))
        tasks.create_task(keep("ingest", ingestor.ingest))
        tasks.create_task(keep("left_results", lambda: publish_left(db, bus), every_seconds=LEFT_EVERY_SECONDS))
        tasks.create_task(keep("evaluator", lambda: evaluate_due(db), every_seconds=EVALUATE_SECONDS))
        tasks.create_task(keep("comparer", lambda: compare_due(db), every_seconds=COMPARE_SECONDS))
        tasks.create_task(keep("orphaned_incidents", lambda: end_orphaned(db), every_seconds=ORPHANS_SECONDS))
        tasks.create_task(keep("event_relay", lambda: relay_events(db, bus, counts), every_seconds=RELAY_SECONDS))
        tasks.create_task(keep("on_call", lambda: tell_who_waits(db), every_seconds=ON_CALL_SECONDS))
        tasks.create_task(keep("lapses", lambda: announce_lapses(db), every_seconds=LAPSES_SECONDS))
        tasks.create_task(keep("rota_calendars", calendars.read_due, every_seconds=CALENDARS_SECONDS))
        tasks.create_task(notifier.run())
        tasks.create_task(keep("group_messages", lambda: make_group_messages(db), every_seconds=MESSAGES_SECONDS))
        tasks.create_task(keep("held_incidents", lambda: release_held(db), every_seconds=RELEASE_SECONDS))
        tasks.create_task(keep("failing_channels", lambda: report_failing_channels(db), every_seconds=FAILING_SECONDS))
        tasks.create_task(keep("quiet_digests", lambda: send_quiet_digests(db), every_seconds=DIGEST_SECONDS))
        tasks.create_task(keep("digests", lambda: send_digests(db), every_seconds=REPORT_SECONDS))
        tasks.create_task(
            keep("maintenance_over", lambda: notify_after_maintenance(db), every_seconds=AFTER_MAINTENANCE_SECONDS)
        )
        tasks.create_task(keep("maintenance_borders", Borders(db, counts).pass_due, every_seconds=BORDERS_SECONDS))
        tasks.create_task(keep("maintenance_expansion", Expander(db, counts).expand_due, every_seconds=EXPAND_SECONDS))
        tasks.create_task(keep("heartbeats", registry.follow_heartbeats))
        tasks.create_task(keep("location_registry", registry.refresh, every_seconds=REFRESH_SECONDS))
        tasks.create_task(keep("nats_accounts", accounts.reconcile, every_seconds=RECONCILE_SECONDS))
        tasks.create_task(keep("database_metrics", of_database.refresh, every_seconds=METRICS_SECONDS))
        tasks.create_task(keep("broker_metrics", of_broker.refresh, every_seconds=METRICS_SECONDS))
        tasks.create_task(keep("subscribers", SubscriberConsumers(db, bus).keep, every_seconds=KEEP_SECONDS))
        for loop in self_watch.loops(db, bus, registry, signer, metrics, lambda: scheduler.leading):
            tasks.create_task(loop)
        tasks.create_task(keep("settle", lambda: settle_checks(db, counts), every_seconds=SETTLE_SECONDS))
        tasks.create_task(keep("blindness", lambda: end_disproved(db), every_seconds=BLINDNESS_SECONDS))
        tasks.create_task(keep("rollups", lambda: roll_up(db), every_seconds=ROLL_UP_SECONDS))
        tasks.create_task(keep("fold", lambda: fold_due(db), every_seconds=FOLD_SECONDS))
        tasks.create_task(keep("space", lambda: give_back_space(db), every_seconds=SPACE_SECONDS))
        tasks.create_task(keep("housekeeping", lambda: forget_old(db), every_seconds=FORGET_SECONDS))
        tasks.create_task(keep("trials", lambda: forget_expired(db), every_seconds=TRIALS_SECONDS))
        tasks.create_task(keep("discoveries", lambda: discoveries.forget_expired(db), every_seconds=TRIALS_SECONDS))
        tasks.create_task(keep("partitions", lambda: maintain_partitions(db), every_seconds=PARTITION_SECONDS))
        tasks.create_task(keep("stream_marks", lambda: mark_position(db, bus), every_seconds=MARK_SECONDS))
        tasks.create_task(keep("kept_events", lambda: forget_events(db), every_seconds=KEPT_SECONDS))
        tasks.create_task(keep("removal", lambda: remove_expired(db), every_seconds=REMOVE_SECONDS))
    return None


async def _ready_store(db: Database) -> None:
    """Wait for PostgreSQL without a limit; the API runs meanwhile. Raises SchemaError."""
    logged = False
    while True:
        try:
            await require_current(db)
            await prepare_partitions(db)
        except StoreUnavailableError as error:
            if not logged:
                logged = True
                log.warning("database_unavailable", error=str(error))
            await asyncio.sleep(_STORE_PAUSE_SECONDS)
        else:
            return
