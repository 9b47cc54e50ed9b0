"""Puts an agent process together from its parts. It runs alone, or as one of several processes of an agent."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any

import structlog

from agent.checks.loop_lag import LoopLag
from agent.checks.runner import ProbeContext
from agent.dialogue.reach import Reach
from agent.fitness import Fitness
from agent.intake.worker import KINDS, Worker
from agent.metrics.counts import Counts
from agent.metrics.reading import AgentMetrics, ReadingSource, rendered
from agent.net.resolve import Resolver
from agent.net.tls import Trust
from agent.settings import Settings
from agent.throttling.limiter import Limiter, PermitSource
from agent.throttling.limiter_client import LimiterClient, connect_to_limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.refused_logins_file import remembering
from agent.throttling.throttled_check import Checker
from shared.metrics_listener import PortError, Render, bound, serving
from shared.nats.bus import Bus
from shared.nats.location_signing import LocationSigner
from shared.wire.messages import Unfitness
from shared.wire.signing import Verifier

log = structlog.get_logger()

KEYS_ENDED = 77
"""The exit status of an agent whose location's keys were ended: EX_NOPERM of sysexits.h."""


def log_keys_ended(location: str) -> None:
    log.error(
        "keys_ended",
        location=location,
        reason="this location's keys were ended",
        advice=f"if the location is disabled: mailprobe-controller locations enable {location}; else give this agent a"
        f" new enrolment file: mailprobe-controller locations rotate {location}",
    )


async def run_agent(settings: Settings, trust: Trust, stop: asyncio.Event, parent: socket.socket | None = None) -> int:
    """Run one agent process until `stop` is set, until its `parent`, which has the limiter, is gone, or until NATS has
    refused it for good. Returns the exit status: 0 or KEYS_ENDED.
    """
    lag = LoopLag()
    counts = Counts()
    async with AsyncExitStack() as stack:
        stack.enter_context(lag.watching())
        resolver = await stack.enter_async_context(Resolver.open(settings.control_name))
        limiter: PermitSource
        if parent is None:
            logins = await stack.enter_async_context(remembering(settings.refused_logins_file))
            limiter = new_limiter(settings, logins)
            await stack.enter_async_context(examining_fitness(settings, resolver, limiter.found))
        else:
            limiter = client = await stack.enter_async_context(connect_to_limiter(parent))
            await stack.enter_async_context(_stopping_after(client.gone.wait, stop, lambda: log.warning("parent_gone")))
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
        ended = asyncio.Event()

        def refused() -> None:
            ended.set()
            if parent is None:  # else the parent says it, once for all its processes
                log_keys_ended(settings.location)

        await stack.enter_async_context(_stopping_after(bus.refused, stop, refused))
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

            async def render() -> bytes:
                return await rendered(AgentMetrics([source.read()], [], limiter.unfit))

            await stack.enter_async_context(serving_metrics(settings, render))
        log.info("agent_started", agent=context.agent, location=context.location, kinds=KINDS)
        await worker.run(stop)
    return KEYS_ENDED if ended.is_set() else 0


def new_limiter(settings: Settings, logins: RefusedLogins) -> Limiter:
    """The limiter of a whole agent. As many checks may wait for a permit as half the concurrency of one process."""
    permits = Permits(
        at_once=settings.per_address_concurrency,
        per_second=settings.per_address_starts_per_second,
        most_waiting=max(1, settings.concurrency // 2),
    )
    return Limiter(permits, logins, monotonic)


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
async def serving_metrics(settings: Settings, render: Render) -> AsyncIterator[None]:
    """Serve the metrics of a whole agent if a port is set. A port that is already in use is logged; checks go on."""
    async with AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            try:
                listener = bound(settings.metrics_host, settings.metrics_port)
            except PortError as error:
                log.error("metrics_not_served", port=settings.metrics_port, error=str(error))
            else:
                await stack.enter_async_context(serving(listener, render))
        yield


@asynccontextmanager
async def _stopping_after(
    ending: Callable[[], Coroutine[Any, Any, object]], stop: asyncio.Event, report: Callable[[], None]
) -> AsyncIterator[None]:
    """Set `stop` when `ending` has returned, and call `report` if nobody else had set it."""

    async def follow() -> None:
        await ending()
        if not stop.is_set():
            report()
        stop.set()

    task = asyncio.create_task(follow(), name="stop-after")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until_signalled(settings: Settings, trust: Trust, parent: socket.socket | None = None) -> int:
    """Run until SIGTERM or SIGINT; the first signal stops in order, the second one at once.

    Exit status: 0 after an orderly stop, 1 if interrupted, KEYS_ENDED when NATS has refused the agent for good.
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
        return await agent
    except asyncio.CancelledError:
        return 1
