"""Puts an agent process together from its parts. It runs alone, or as one of several processes of an agent."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

import structlog

from agent.checks.loop_lag import LoopLag
from agent.checks.runner import ProbeContext
from agent.dialogue.connection import Reach
from agent.fitness import Fitness
from agent.intake.worker import KINDS, Worker
from agent.metrics.counts import Counts
from agent.metrics.listener import Gather, serving
from agent.metrics.reading import AgentMetrics, ReadingSource
from agent.net.resolve import Resolver
from agent.net.tls import Trust
from agent.settings import Settings
from agent.throttling.limiter import Limiter, PermitSource
from agent.throttling.limiter_client import LimiterClient, connect_to_limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus
from shared.nats.location_signing import LocationSigner
from shared.wire.messages import Unfitness
from shared.wire.signing import Verifier

log = structlog.get_logger()


async def run_agent(settings: Settings, trust: Trust, stop: asyncio.Event, parent: socket.socket | None = None) -> None:
    """Run one agent process until `stop` is set, or until its `parent`, which has the limiter, is gone."""
    lag = LoopLag()
    counts = Counts()
    async with AsyncExitStack() as stack:
        stack.enter_context(lag.watching())
        resolver = await stack.enter_async_context(Resolver.open(settings.control_name))
        limiter: PermitSource
        if parent is None:
            limiter = new_limiter(settings)
            await stack.enter_async_context(examining_fitness(settings, resolver, limiter.found))
        else:
            limiter = client = await stack.enter_async_context(connect_to_limiter(parent))
            await stack.enter_async_context(_stopping_with(client.gone, stop))
        context = ProbeContext(
            agent=settings.agent_name,
            location=settings.location,
            country=settings.country,
            sealing_key=settings.sealing_key,
            reach=Reach(
                resolver=resolver,
                trust=trust,
                client_name=settings.ehlo_name,
                allowed=tuple(network.value for network in settings.allow_networks),
            ),
            lag=lag,
        )

        async def connected() -> None:
            worker.heartbeats.connected()

        name = f"agent {settings.agent_name}"
        bus = await stack.enter_async_context(Bus.open(settings.broker, name=name, on_connect=connected))
        worker = Worker(
            bus,
            context,
            Checker(context, limiter, exempt=context.reach.allowed, counts=counts),
            Verifier(settings.verify_keys),
            LocationSigner(settings.nats_credentials.value.seed),
            concurrency=settings.concurrency,
            per_second=settings.starts_per_second,
            drain_seconds=settings.drain_seconds,
            others=limiter if isinstance(limiter, LimiterClient) else None,
        )
        source = ReadingSource(counts, worker.gauges)
        if isinstance(limiter, LimiterClient):
            limiter.read = source.read
        else:

            async def gather() -> AgentMetrics:
                return AgentMetrics([source.read()], [], limiter.unfit)

            await stack.enter_async_context(serving_metrics(settings, gather))
        log.info("agent_started", agent=context.agent, location=context.location, kinds=KINDS)
        await worker.run(stop)


def new_limiter(settings: Settings) -> Limiter:
    """The limiter of a whole agent. As many checks may wait for a permit as half the concurrency of one process."""
    permits = Permits(
        at_once=settings.per_address_concurrency,
        per_second=settings.per_address_starts_per_second,
        most_waiting=max(1, settings.concurrency // 2),
    )
    return Limiter(permits, RefusedLogins(), monotonic)


@asynccontextmanager
async def examining_fitness(
    settings: Settings, resolver: Resolver, found: Callable[[list[Unfitness]], None]
) -> AsyncIterator[None]:
    """Examine repeatedly what this machine cannot do, and call `found` with it each time."""
    allowed = tuple(network.value for network in settings.allow_networks)
    fitness = Fitness(resolver, settings.port25_hosts.value, allowed)
    task = asyncio.create_task(fitness.keep_examining(found), name="examine-fitness")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def serving_metrics(settings: Settings, gather: Gather) -> AsyncIterator[None]:
    """Serve the metrics of a whole agent if a port is set. A port that is already in use is logged; checks go on."""
    async with AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            try:
                await stack.enter_async_context(serving(settings.metrics_host, settings.metrics_port, gather))
            except OSError as error:
                log.error("metrics_not_served", port=settings.metrics_port, error=error.strerror)
        yield


@asynccontextmanager
async def _stopping_with(gone: asyncio.Event, stop: asyncio.Event) -> AsyncIterator[None]:
    async def follow() -> None:
        await gone.wait()
        if not stop.is_set():
            log.warning("parent_gone")
        stop.set()

    task = asyncio.create_task(follow(), name="stop-with-parent")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until_signalled(settings: Settings, trust: Trust, parent: socket.socket | None = None) -> int:
    """Run until SIGTERM or SIGINT; the first signal stops in order, the second one at once.

    Exit status: 0 after an orderly stop, 1 if interrupted.
    """
    stop = asyncio.Event()
    agent = asyncio.ensure_future(run_agent(settings, trust, stop, parent))

    def signalled() -> None:
        if stop.is_set():
            agent.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    try:
        await agent
    except asyncio.CancelledError:
        return 1
    return 0
