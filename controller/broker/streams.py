"""The JetStream streams and consumers of Mailprobe, which the controller creates and updates."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from nats.errors import Error as NatsError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from shared.nats.bus import Bus
from shared.nats.errors import BusError, describe
from shared.wire import subjects

ACK_WAIT_SECONDS = 10.0
MAX_DELIVER = 3
INGEST_WAIT_SECONDS = 30.0
DUPLICATES_SECONDS = 120.0
"""For how long the broker recognizes an event that it has."""

_GIB = 1024**3

_STREAMS = (
    StreamConfig(
        name=subjects.CHECKS,
        subjects=[subjects.ALL_CHECKS],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        duplicate_window=120,
        max_age=300,  # a safety net: every request has its own TTL
        allow_msg_ttl=True,
    ),
    StreamConfig(
        name=subjects.RESULTS,
        subjects=[subjects.ALL_RESULTS],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        duplicate_window=120,
        max_bytes=2 * _GIB,
        discard=DiscardPolicy.NEW,
    ),
    StreamConfig(
        name=subjects.EVENTS,
        subjects=[subjects.ALL_EVENTS],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        duplicate_window=DUPLICATES_SECONDS,  # what controllers left is in unpublished_results
        max_age=24 * 3600,
        max_bytes=1 * _GIB,
    ),
)

_INGESTING = {subjects.INGEST: subjects.EVERY_RESULT, subjects.INGEST_BATCHES: subjects.EVERY_RESULT_BATCH}


async def ensure_streams(bus: Bus) -> None:
    """Create or update the three streams and the consumers of results. Raises BusError."""
    manager = bus.client.jsm()
    try:
        for each in _STREAMS:
            config = each.evolve(num_replicas=bus.replicas)
            try:
                await manager.stream_info(str(config.name))
            except NotFoundError:
                await manager.add_stream(config)
            else:
                await manager.update_stream(config)
        for name, each_subject in _INGESTING.items():
            await manager.add_consumer(
                subjects.RESULTS,
                ConsumerConfig(
                    durable_name=name,
                    filter_subject=each_subject,
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=INGEST_WAIT_SECONDS,
                    max_ack_pending=20_000,
                ),
            )
    except (NatsError, OSError, TimeoutError) as error:
        raise BusError(describe(error)) from error


async def ensure_check_consumer(bus: Bus, *, country: str, location: str, kind: str) -> None:
    """Create the durable consumer that a location's agents share for one kind of check. Raises BusError."""
    try:
        await bus.client.jsm().add_consumer(
            subjects.CHECKS,
            ConsumerConfig(
                durable_name=subjects.check_consumer(location, kind),
                filter_subject=subjects.check(country, location, kind),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=MAX_DELIVER,
                max_ack_pending=20_000,
            ),
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise BusError(describe(error)) from error


async def ensure_event_consumer(bus: Bus, *, durable: str, subject: str) -> None:
    """Create the durable consumer by which a subscriber reads events of `subject`, from the oldest one stored.

    Raises BusError.
    """
    try:
        await bus.client.jsm().add_consumer(
            subjects.EVENTS,
            ConsumerConfig(
                durable_name=durable,
                filter_subject=subject,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=30,
                max_ack_pending=10_000,
            ),
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise BusError(describe(error)) from error


async def event_consumers(bus: Bus) -> list[str]:
    """The names of all consumers of EVENTS. Raises BusError."""
    try:
        return [info.name for info in await _consumers(bus, subjects.EVENTS)]
    except (NatsError, OSError, TimeoutError) as error:
        raise BusError(describe(error)) from error


async def remove_event_consumer(bus: Bus, *, durable: str) -> None:
    """Delete the consumer of a subscriber, if it exists. Raises BusError."""
    try:
        with suppress(NotFoundError):
            await bus.client.jsm().delete_consumer(subjects.EVENTS, durable)
    except (NatsError, OSError, TimeoutError) as error:
        raise BusError(describe(error)) from error


async def remove_check_consumers(bus: Bus, locations: Collection[str]) -> None:
    """Delete the consumers of these locations, also for kinds of check that only a later version knows.

    Raises BusError.
    """
    manager = bus.client.jsm()
    try:
        found = await _consumers(bus, subjects.CHECKS)
        for name in [
            each.name for each in found if subjects.location_of_check(each.config.filter_subject) in locations
        ]:
            with suppress(NotFoundError):
                await manager.delete_consumer(subjects.CHECKS, name)
    except (NatsError, OSError, TimeoutError) as error:
        raise BusError(describe(error)) from error


async def _consumers(bus: Bus, stream: str) -> list[ConsumerInfo]:
    found: list[ConsumerInfo] = []
    while page := await bus.client.jsm().consumers_info(stream, offset=len(found)):
        found += page
    return found
