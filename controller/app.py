"""The controller as one process: the API and the pipeline on one loop, started and stopped in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from controller.api.application import create_api
from controller.api.http.services import Services
from controller.api.v1.stream.response import Connection
from controller.metrics.broker import watch_broker
from controller.metrics.cached_collector import LOOK_SECONDS
from controller.metrics.database import watch_database
from controller.metrics.process import Metrics
from controller.notify.channels import open_senders
from controller.notify.email.sender import Relay, RelayTls
from controller.operations.channels.channels import Outlets
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.evaluator import FORSAKEN_SECONDS, JUDGE_SECONDS, end_forsaken, judge_looks
from controller.pipeline.event_relay import TELL_SECONDS, tell_events
from controller.pipeline.housekeeping import (
    FORGET_SECONDS,
    PARTITION_SECONDS,
    SETTLE_SECONDS,
    forget_old,
    prepare_partitions,
    settle_checks,
    tend_partitions,
)
from controller.pipeline.incident_notifications import AFTER_MAINTENANCE_SECONDS, tell_after_maintenance
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.location_registry import REFRESH_SECONDS, Roster
from controller.pipeline.loops import keep
from controller.pipeline.nats_accounts import TEND_SECONDS, ClaimsKeeper
from controller.pipeline.notifier import Notifier
from controller.pipeline.ops_alerts import WATCH_SECONDS, LocationWatch
from controller.pipeline.rollups import ROLL_UP_SECONDS, roll_up
from controller.pipeline.scheduler import Scheduler
from controller.pipeline.subscribers import KEEP_SECONDS, SubscriberConsumers
from controller.settings import ControllerSettings
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.streaming.access_review import REVIEW_SECONDS, review
from controller.streaming.follower import follow_events
from controller.streaming.hub import Room
from controller.trust.claims import controller_credentials, system_credentials
from controller.vault import Vault
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire.signing import Signer

log = structlog.get_logger()

_STORE_PAUSE_SECONDS = 1.0
_PIPELINE_CONNECTIONS = 6


class Server(uvicorn.Server):
    """uvicorn that leaves signals to us: it stops when told, after the requests under way."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: ControllerSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SchemaError when the database needs a migration, OSError on a busy port."""
    listener = _bind(settings.host, settings.port)
    name = f"{socket.gethostname()}-{os.getpid()}"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    url = settings.database_url.reveal()
    trust = settings.trust_file.value
    broker = settings.broker(controller_credentials(trust, utc_now()))._replace(replicas=settings.nats_replicas)
    async with (
        Database.open(url) as db,
        Database.open(url, size=_PIPELINE_CONNECTIONS) as pipeline_db,  # a flood of requests must not hold up results
        Bus.open(broker, name=f"controller {name}") as bus,
        Bus.open(settings.broker(system_credentials(trust, utc_now())), name=f"claims {name}") as system_bus,
        open_senders(
            relay=_relay(settings),
            sms_url=settings.sms_url,
            allowed=tuple(network.value for network in settings.notify_allow_networks),
        ) as senders,
    ):
        vault = Vault(settings.vault_keys)
        metrics = Metrics()
        live = Room()
        metrics.pools = {"api": db, "pipeline": pipeline_db}
        signer = Signer(trust.requests[0])
        dispatcher = Dispatcher(pipeline_db, bus, vault, signer, metrics.counts)
        api = create_api(
            Services(
                database=db,
                vault=vault,
                dispatcher=dispatcher,
                bus=bus,
                outlets=Outlets(senders),
                rate_limit=settings.rate_limit,
                metrics=metrics,
                live=live,
                metrics_per_monitor=settings.metrics_per_monitor,
            )
        )
        server = Server(
            uvicorn.Config(
                api,
                http=Connection,
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                # uvicorn would believe whoever connects from this machine.
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=[str(proxy.value) for proxy in settings.trusted_proxies],
                timeout_graceful_shutdown=max(1, int(settings.drain_seconds)),
            )
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(_serve(server, listener, stop), name="api")
                telling = tasks.create_task(_tell_live(db, bus, live), name="live")
                notifier = Notifier(pipeline_db, vault, senders, counts=metrics.counts)
                watch = LocationWatch(pipeline_db, bus, [address.value for address in settings.ops_email])
                claims = ClaimsKeeper(pipeline_db, system_bus, trust)
                pipeline = tasks.create_task(
                    _pipeline(pipeline_db, bus, url, name, signer, dispatcher, notifier, watch, claims, metrics),
                    name="pipeline",
                )
                pipeline.add_done_callback(lambda _: stop.set())
                log.info("controller_started", host=settings.host, port=settings.port)
                await stop.wait()
                log.info("controller_stopping")
                live.stop()  # uvicorn would wait for clients that never end
                server.should_exit = True
                await serving
                refused = pipeline.result() if pipeline.done() else None
                pipeline.cancel()
                telling.cancel()
        except ExceptionGroup as group:
            raise _first_cause(group) from None
    if refused is not None:
        raise refused
    log.info("controller_stopped")


async def _tell_live(db: Database, bus: Bus, live: Room) -> None:
    """Keep open streams told of what happens, and held to what their clients may see."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep("live", lambda: follow_events(bus, live)))
        tasks.create_task(keep("live_access", lambda: review(db, live), every_seconds=REVIEW_SECONDS))


async def _serve(server: Server, listener: socket.socket, stop: asyncio.Event) -> None:
    await server.serve(sockets=[listener])
    if not stop.is_set():
        raise RuntimeError("the API server ended by itself")


def _relay(settings: ControllerSettings) -> Relay | None:
    if settings.smtp_host is None or settings.smtp_from is None:
        return None
    return Relay(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=RelayTls(settings.smtp_tls),
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.smtp_from,
    )


async def _pipeline(
    db: Database,
    bus: Bus,
    url: str,
    name: str,
    signer: Signer,
    dispatcher: Dispatcher,
    notifier: Notifier,
    watch: LocationWatch,
    claims: ClaimsKeeper,
    metrics: Metrics,
) -> SchemaError | None:
    """Everything but the API, until cancelled; or why this version must not work on that database."""
    try:
        await _ready_store(db)
    except SchemaError as error:
        return error
    roster = Roster(db, bus, signer)
    counts = metrics.counts
    scheduler = Scheduler(db, url, name, roster, dispatcher, counts)
    ingestor = Ingestor(db, bus, counts)
    seen_database, seen_broker = watch_database(db), watch_broker(bus, lambda: roster.locations)
    metrics.show(seen_database, seen_broker, leading=lambda: scheduler.leading, clock=lambda: roster.clock_offset_ms)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep("heartbeats", roster.follow_heartbeats))
        tasks.create_task(keep("roster", roster.refresh, every_seconds=REFRESH_SECONDS))
        tasks.create_task(keep("claims", claims.tend, every_seconds=TEND_SECONDS))
        tasks.create_task(keep("scheduler", scheduler.lead_once))
        tasks.create_task(keep("ingest", ingestor.ingest))
        tasks.create_task(keep("judge", lambda: judge_looks(db), every_seconds=JUDGE_SECONDS))
        tasks.create_task(keep("forsaken", lambda: end_forsaken(db), every_seconds=FORSAKEN_SECONDS))
        tasks.create_task(keep("events", lambda: tell_events(db, bus, counts), every_seconds=TELL_SECONDS))
        tasks.create_task(notifier.run())
        tasks.create_task(
            keep("maintenance_over", lambda: tell_after_maintenance(db), every_seconds=AFTER_MAINTENANCE_SECONDS)
        )
        tasks.create_task(keep("see_database", seen_database.look, every_seconds=LOOK_SECONDS))
        tasks.create_task(keep("see_broker", seen_broker.look, every_seconds=LOOK_SECONDS))
        tasks.create_task(keep("subscribers", SubscriberConsumers(db, bus).keep, every_seconds=KEEP_SECONDS))
        tasks.create_task(keep("watch", watch.look, every_seconds=WATCH_SECONDS))
        tasks.create_task(keep("settle", lambda: settle_checks(db, counts), every_seconds=SETTLE_SECONDS))
        tasks.create_task(keep("rollups", lambda: roll_up(db), every_seconds=ROLL_UP_SECONDS))
        tasks.create_task(keep("sessions", lambda: forget_old(db), every_seconds=FORGET_SECONDS))
        tasks.create_task(keep("partitions", lambda: tend_partitions(db), every_seconds=PARTITION_SECONDS))
    return None


async def _ready_store(db: Database) -> None:
    """Wait for PostgreSQL as long as it takes; the API answers meanwhile. Raises SchemaError."""
    told = False
    while True:
        try:
            await require_current(db)
            await prepare_partitions(db)
        except StoreUnavailableError as error:
            if not told:
                told = True
                log.warning("database_away", error=str(error))
            await asyncio.sleep(_STORE_PAUSE_SECONDS)
        else:
            return


def _first_cause(group: ExceptionGroup[Exception]) -> Exception:
    cause: Exception = group
    while isinstance(cause, ExceptionGroup):
        cause = cause.exceptions[0]
    return cause


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts, so that a busy one is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(1024)
    listener.setblocking(False)
    return listener
