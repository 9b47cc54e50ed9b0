"""An agent, composed of its parts: one process that takes checks and runs them, alone or beside others of its kind."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

import structlog

from agent.checks.loop_lag import Lag
from agent.checks.runner import Station
from agent.dialogue.connection import Reach
from agent.fitness import Fitness
from agent.intake.worker import KINDS, Worker
from agent.metrics.counts import Counts
from agent.metrics.listener import Gather, serving
from agent.metrics.reading import Agent, Source
from agent.net.resolve import Resolver
from agent.net.tls import Trust
from agent.settings import Settings
from agent.throttling.limiter import Counter, Desk
from agent.throttling.limiter_client import FarDesk, reaching
from agent.throttling.permits import Turns
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus
from shared.wire.messages import Unfitness
from shared.wire.signing import Verifier

log = structlog.get_logger()


async def run_agent(settings: Settings, trust: Trust, stop: asyncio.Event, parent: socket.socket | None = None) -> None:
    """Run one process of an agent until `stop` is set, or until its `parent`, which keeps the desk, is gone."""
    lag = Lag()
    counts = Counts()
    async with AsyncExitStack() as stack:
        stack.enter_context(lag.watching())
        resolver = await stack.enter_async_context(Resolver.open(settings.control_name))
        desk: Counter
        if parent is None:
            desk = new_desk(settings)
            await stack.enter_async_context(looking(settings, resolver, desk.found))
        else:
            desk = far = await stack.enter_async_context(reaching(parent))
            await stack.enter_async_context(_stopping_with(far.gone, stop))
        station = Station(
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
            station,
            Checker(station, desk, exempt=station.reach.allowed, counts=counts),
            Verifier(settings.verify_keys),
            concurrency=settings.concurrency,
            per_second=settings.starts_per_second,
            drain_seconds=settings.drain_seconds,
        )
        source = Source(counts, worker.gauges)
        if isinstance(desk, FarDesk):
            desk.read = source.read
        else:

            async def gather() -> Agent:
                return Agent([source.read()], [], desk.unfit)

            await stack.enter_async_context(telling(settings, gather))
        log.info("agent_started", agent=station.agent, location=station.location, kinds=KINDS)
        await worker.run(stop)


def new_desk(settings: Settings) -> Desk:
    """The desk of a whole agent. At most half of what one process has in hand may wait for a turn at an address."""
    turns = Turns(
        at_once=settings.per_address_concurrency,
        per_second=settings.per_address_starts_per_second,
        most_waiting=max(1, settings.concurrency // 2),
    )
    return Desk(turns, RefusedLogins(), monotonic)


@asynccontextmanager
async def looking(
    settings: Settings, resolver: Resolver, found: Callable[[list[Unfitness]], None]
) -> AsyncIterator[None]:
    """Look at what this machine can do, again and again, and tell `found`."""
    allowed = tuple(network.value for network in settings.allow_networks)
    fitness = Fitness(resolver, settings.port25_hosts.value, allowed)
    task = asyncio.create_task(fitness.keep_looking(found), name="look-at-fitness")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def telling(settings: Settings, gather: Gather) -> AsyncIterator[None]:
    """Serve the metrics of a whole agent, where a port is set. A port that is taken is told, and checks go on."""
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
    """Run until SIGTERM or SIGINT, and stop in order at the first of them, at once at the second.

    Exit status: 0 after an orderly stop, 1 when cut short.
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
