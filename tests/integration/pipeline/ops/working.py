"""A controller's location registry and an agent's worker, both on the test's broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from agent.checks.runner import ProbeContext
from agent.intake.worker import Worker
from agent.throttling.limiter import Limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from controller.pipeline.location_registry import LocationRegistry
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.location_signing import LocationSigner
from shared.wire.broker_clock import BrokerClock
from tests.fakes.installation import SIGNER, VERIFIER
from tests.integration.pipeline.small_installation import SmallInstallation


@asynccontextmanager
async def following_registry(
    small_installation: SmallInstallation, clock: BrokerClock | None = None
) -> AsyncIterator[LocationRegistry]:
    """A controller's location registry that follows heartbeats."""
    registry = LocationRegistry(small_installation.db, small_installation.bus, SIGNER, clock=clock)
    await registry.refresh()
    following = asyncio.create_task(registry.follow_heartbeats())
    try:
        await asyncio.sleep(0)
        await small_installation.bus.client.flush()
        yield registry
    finally:
        following.cancel()
        await asyncio.wait([following])


@asynccontextmanager
async def working(broker: Broker, here: ProbeContext, signer: LocationSigner) -> AsyncIterator[Worker]:
    stop = asyncio.Event()
    limiter = Limiter(Permits(at_once=5, per_second=100, most_waiting=10), RefusedLogins(), monotonic)
    async with Bus.open(broker, name="agent") as bus:
        await bus.wait_connected()
        checker = Checker(here, limiter, exempt=here.reach.allowed)
        worker = Worker(bus, here, checker, VERIFIER, signer, concurrency=10, per_second=100, drain_seconds=1)
        running = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await running
