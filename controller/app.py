"""Composes the controller process: the API and the pipeline on one event loop, started and stopped in order."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager

import structlog
import uvicorn

from controller.application import create_application
from controller.broker.login import report_ended_keys
from controller.broker.streams import ensure_streams
from controller.http.connection import IDLE_SECONDS, Connection
from controller.http.services import Services
from controller.long_lived import set_apart
from controller.metrics.process import Metrics
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import open_senders
from controller.notify.email.relay import Relay, RelayTls
from controller.off_loop import share_interpreter
from controller.operations.channels.channels import Outlets
from controller.pipeline.all_loops import run_pipeline
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.loops import keep
from controller.pipeline.nats_accounts import NatsAccounts
from controller.pipeline.on_call.calendars import Calendars
from controller.pipeline.ops.dependency_loops import watch_dependencies
from controller.pipeline.ops.dependency_notices import DependencyNotices
from controller.pipeline.ops.direct_mail import DirectMail
from controller.pipeline.ops.health import DependencyHealth
from controller.pipeline.ops.self_watch import SelfWatch
from controller.settings import ControllerSettings
from controller.store.platform.pool import Database
from controller.streaming.access_review import REVIEW_SECONDS, review
from controller.streaming.follower import follow_events
from controller.streaming.hub import StreamHub
from controller.trust.claims import controller_credentials, system_credentials
from controller.vault import Vault
from shared.clock import utc_now
from shared.metrics_listener import Render, bound, serving
from shared.nats.bus import Bus
from shared.wire.signing import Signer

log = structlog.get_logger()

_PIPELINE_CONNECTIONS = 6
_WATCH_CONNECTIONS = 2


class ControllerServer(uvicorn.Server):
    """uvicorn without its signal handlers: it stops when `should_exit` is set, after the open requests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: ControllerSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises SchemaError when the database needs a migration, PortError."""
    share_interpreter()
    set_apart(thoroughly=True)
    with ExitStack() as listeners:  # before anything else starts, so that a busy port is reported at once
        listener = listeners.enter_context(closing(bound(settings.host, settings.port)))
        port = settings.metrics_port
        scraped = port and listeners.enter_context(closing(bound(settings.metrics_host, port)))
        await _run(settings, stop, listener, scraped or None)


async def _run(
    settings: ControllerSettings, stop: asyncio.Event, listener: socket.socket, metrics_listener: socket.socket | None
) -> None:
    name = f"{socket.gethostname()}-{os.getpid()}"
    url = settings.database_url.reveal()
    trust = settings.trust_file.value
    broker = settings.broker(controller_credentials(trust, utc_now()))._replace(replicas=settings.nats_replicas)
    health = DependencyHealth()
    async with (
        Database.open(url, on_failure=health.store_failed) as db,
        # So that many API requests do not delay results.
        Database.open(url, size=_PIPELINE_CONNECTIONS, on_failure=health.store_failed) as pipeline_db,
        # So that waiting for busy connections is not taken for a database that does not answer.
        Database.open(url, size=_WATCH_CONNECTIONS, on_failure=health.store_failed) as watch_db,
        Bus.open(broker, name=f"controller {name}") as bus,
        Bus.open(settings.broker(system_credentials(trust, utc_now())), name=f"nats accounts {name}") as system_bus,
        open_senders(
            relay=_relay(settings),
            sms_url=settings.sms_url,
            allowed=tuple(network.value for network in settings.notify_allow_networks),
        ) as senders,
    ):
        vault = Vault(settings.vault_keys)
        metrics = Metrics()
        hub = StreamHub()
        metrics.pools = {"api": db, "pipeline": pipeline_db}
        metrics.failing = health.problems.keys
        public_url = settings.public_url or PublicUrl()
        signer = Signer(trust.requests[0])
        dispatcher = Dispatcher(pipeline_db, bus, vault, signer, metrics.counts)
        services = Services(
            database=db,
            vault=vault,
            dispatcher=dispatcher,
            bus=bus,
            outlets=Outlets(senders),
            rate_limit=settings.rate_limit,
            metrics=metrics,
            live=hub,
            metrics_per_monitor=settings.metrics_per_monitor,
            metrics_token=settings.metrics_token_file.value if settings.metrics_token_file else None,
            public_url=public_url,
            health=health,
            enrolment=settings,
        )
        server = _server(services, settings)
        try:
            async with _serving_metrics(metrics_listener, services.exposition.text), asyncio.TaskGroup() as tasks:
                api = tasks.create_task(_serve(server, listener, stop), name="api")
                streaming = tasks.create_task(_stream_events(db, bus, hub), name="streaming")
                notifier = Notifier(pipeline_db, vault, senders, counts=metrics.counts, public_url=public_url)
                ops_email = [address.value for address in settings.ops_email]
                self_watch = SelfWatch(
                    addresses=ops_email,
                    relay=senders.email,
                    problems=lambda: health.problems,
                    name=name,
                    keeps=settings.keeps,
                    canary_target=settings.canary_target.value if settings.canary_target else None,
                    heartbeat_url=settings.heartbeat_url,
                )
                accounts = NatsAccounts(pipeline_db, system_bus, trust)
                pipeline = tasks.create_task(
                    run_pipeline(
                        pipeline_db,
                        bus,
                        url,
                        name,
                        signer,
                        dispatcher,
                        notifier,
                        accounts,
                        metrics,
                        self_watch,
                        Calendars(pipeline_db, vault, senders.webhook),
                    ),
                    name="pipeline",
                )
                mail = DirectMail(senders.email, ops_email, public_url)
                reports = DependencyNotices(watch_db, health, mail, name, ops_email, leading=lambda: metrics.leading)
                watching = tasks.create_task(
                    watch_dependencies(watch_db, bus, health, metrics.counts, reports, mail), name="dependencies"
                )
                pipeline.add_done_callback(lambda _: stop.set())
                login = tasks.create_task(keep("login", lambda: report_ended_keys(bus)), name="login")
                set_apart()
                log.info("controller_started", host=settings.host, port=settings.port)
                await stop.wait()
                log.info("controller_stopping")
                hub.stop()  # uvicorn would wait for clients that never disconnect
                server.should_exit = True
                await api
                refused = pipeline.result() if pipeline.done() else None
                pipeline.cancel()
                streaming.cancel()
                watching.cancel()
                login.cancel()
        except ExceptionGroup as group:
            raise _first_cause(group) from None
    if refused is not None:
        raise refused
    log.info("controller_stopped")


def _server(services: Services, settings: ControllerSettings) -> ControllerServer:
    return ControllerServer(
        uvicorn.Config(
            create_application(services),
            http=Connection,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            # By default uvicorn would trust every proxy on this machine.
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=[str(proxy.value) for proxy in settings.trusted_proxies],
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=max(1, int(settings.drain_seconds)),
        )
    )


async def _stream_events(db: Database, bus: Bus, hub: StreamHub) -> None:
    """Feed open streams with events, and end those whose clients have lost access."""

    async def follow() -> None:
        await bus.require_connected()
        await ensure_streams(bus)  # a new broker has none to read
        await follow_events(bus, hub)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep("stream_events", follow))
        tasks.create_task(keep("stream_access", lambda: review(db, hub), every_seconds=REVIEW_SECONDS))


async def _serve(server: ControllerServer, listener: socket.socket, stop: asyncio.Event) -> None:
    await server.serve(sockets=[listener])
    if not stop.is_set():
        raise RuntimeError("the API server stopped unexpectedly")


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


def _first_cause(group: ExceptionGroup[Exception]) -> Exception:
    cause: Exception = group
    while isinstance(cause, ExceptionGroup):
        cause = cause.exceptions[0]
    return cause


@asynccontextmanager
async def _serving_metrics(listener: socket.socket | None, render: Render) -> AsyncIterator[None]:
    """Serve `/metrics` on a port of its own, if there is one, until the last loop has ended."""
    if listener is None:
        yield
        return
    async with serving(listener, render):
        yield
