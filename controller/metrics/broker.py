"""Metrics of the broker: the streams, results to ingest, and checks that no agent has taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import Metric

from controller.broker.backlog import Backlog, ConsumerBacklog, backlog
from controller.broker.streams import ensure_streams
from controller.metrics.cached_collector import CachedCollector, gauge
from controller.model import Location
from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.targets import KINDS


def broker_collector(bus: Bus, locations: Callable[[], Sequence[Location]]) -> CachedCollector[Backlog]:
    """A collector of the broker's state, with check consumers of these locations only. Its refresh raises BusError."""

    made = False

    async def read() -> Backlog:
        nonlocal made
        if not made:
            await bus.require_connected()
            await ensure_streams(bus)  # a new broker has none to read
            made = True
        return await backlog(bus)

    def families(backlog: Backlog) -> Iterator[Metric]:
        yield from _streams(backlog)
        yield from _ingest(backlog)
        yield from _checks(backlog, [here.code for here in locations()])

    return CachedCollector("broker", read, families)


def _streams(backlog: Backlog) -> Iterator[Metric]:
    streams = backlog.streams.items()
    yield gauge(
        "mailprobe_stream_messages",
        "Messages in each stream. CHECKS: requests that no agent has acknowledged; RESULTS: results not stored yet;"
        " EVENTS: the history that subscribers can read. In a message are up to 16 requests, or up to 64 results.",
        ["stream"],
        [((name,), one.messages) for name, one in streams],
    )
    yield gauge(
        "mailprobe_stream_bytes", "Size of each stream.", ["stream"], [((name,), one.bytes) for name, one in streams]
    )
    yield gauge(
        "mailprobe_stream_bytes_limit",
        "At this size RESULTS accepts no more, so agents keep their results, and EVENTS drops its oldest messages.",
        ["stream"],
        [((name,), one.limit_bytes) for name, one in streams if one.limit_bytes is not None],
    )
    yield gauge(
        "mailprobe_stream_oldest_seconds",
        "Age of the oldest message. For EVENTS this is how far back a subscriber can read.",
        ["stream"],
        [((name,), one.oldest_seconds) for name, one in streams],
    )
    yield gauge(
        "mailprobe_stream_consumers",
        "Consumers of each stream. For EVENTS these are the subscribers.",
        ["stream"],
        [((name,), one.consumers) for name, one in streams],
    )


def _ingest(backlog: Backlog) -> Iterator[Metric]:
    found = [backlog.consumers.get((subjects.RESULTS, name)) for name in (subjects.INGEST, subjects.INGEST_BATCHES)]
    consumers = [one for one in found if one is not None]
    if consumers:
        yield gauge(
            "mailprobe_ingest_pending",
            "Messages, each with up to 64 results, that no controller has taken yet. If this grows, ingest is too slow"
            " or has stopped.",
            [],
            [((), sum(one.pending for one in consumers))],
        )
        yield gauge(
            "mailprobe_ingest_unacknowledged",
            "Messages with results that a controller has taken but not stored yet.",
            [],
            [((), sum(one.unacknowledged for one in consumers))],
        )


def _checks(backlog: Backlog, locations: Sequence[str]) -> Iterator[Metric]:
    waiting = [
        ((location, kind), consumer)
        for location in locations
        for kind in KINDS
        if (consumer := _consumer(backlog, location, kind)) is not None
    ]
    yield gauge(
        "mailprobe_checks_pending",
        "Messages, each with up to 16 checks, that no agent of the location has taken yet. If this grows, its agents"
        " are too few or gone.",
        ["location", "kind"],
        [(labels, consumer.pending) for labels, consumer in waiting],
    )
    yield gauge(
        "mailprobe_checks_unacknowledged",
        "Messages with checks that an agent has taken and not answered yet.",
        ["location", "kind"],
        [(labels, consumer.unacknowledged) for labels, consumer in waiting],
    )


def _consumer(backlog: Backlog, location: str, kind: str) -> ConsumerBacklog | None:
    return backlog.consumers.get((subjects.CHECKS, subjects.check_consumer(location, kind)))
