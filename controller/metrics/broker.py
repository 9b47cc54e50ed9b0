"""What waits in the broker: streams, results to ingest, checks that no agent has taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import Metric

from controller.broker.backlog import Backlog, ConsumerBacklog, backlog
from controller.metrics.cached_collector import Seen, gauge
from controller.model import Location
from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.targets import KINDS


def watch_broker(bus: Bus, locations: Callable[[], Sequence[Location]]) -> Seen[Backlog]:
    """Consumers are told of these locations only. Its look raises BusError."""

    def families(seen: Backlog) -> Iterator[Metric]:
        yield from _streams(seen)
        yield from _ingest(seen)
        yield from _checks(seen, [here.code for here in locations()])

    return Seen("broker", lambda: backlog(bus), families)


def _streams(seen: Backlog) -> Iterator[Metric]:
    told = seen.streams.items()
    yield gauge(
        "mailprobe_stream_messages",
        "Messages in each stream. CHECKS: requests no agent has answered for; RESULTS: results not stored yet;"
        " EVENTS: the history that subscribers can read.",
        ["stream"],
        [((name,), one.messages) for name, one in told],
    )
    yield gauge(
        "mailprobe_stream_bytes", "Size of each stream.", ["stream"], [((name,), one.bytes) for name, one in told]
    )
    yield gauge(
        "mailprobe_stream_bytes_limit",
        "At this size RESULTS takes no more, so agents keep their results, and EVENTS drops its oldest.",
        ["stream"],
        [((name,), one.limit_bytes) for name, one in told if one.limit_bytes is not None],
    )
    yield gauge(
        "mailprobe_stream_oldest_seconds",
        "Age of the oldest message; of EVENTS how far back a subscriber can read.",
        ["stream"],
        [((name,), one.oldest_seconds) for name, one in told],
    )
    yield gauge(
        "mailprobe_stream_consumers",
        "Consumers of each stream; of EVENTS the subscribers.",
        ["stream"],
        [((name,), one.consumers) for name, one in told],
    )


def _ingest(seen: Backlog) -> Iterator[Metric]:
    consumer = seen.consumers.get((subjects.RESULTS, subjects.INGEST))
    if consumer is not None:
        yield gauge(
            "mailprobe_ingest_pending",
            "Results no controller has taken yet. Growing: ingest is too slow or stands still.",
            [],
            [((), consumer.pending)],
        )
        yield gauge(
            "mailprobe_ingest_unacknowledged",
            "Results a controller has taken and not stored yet.",
            [],
            [((), consumer.unacknowledged)],
        )


def _checks(seen: Backlog, locations: Sequence[str]) -> Iterator[Metric]:
    waiting = [
        ((location, kind), consumer)
        for location in locations
        for kind in KINDS
        if (consumer := _consumer(seen, location, kind)) is not None
    ]
    yield gauge(
        "mailprobe_checks_pending",
        "Checks no agent of the location has taken yet. Growing: its agents are too few, or gone.",
        ["location", "kind"],
        [(labels, consumer.pending) for labels, consumer in waiting],
    )
    yield gauge(
        "mailprobe_checks_unacknowledged",
        "Checks an agent has in hand.",
        ["location", "kind"],
        [(labels, consumer.unacknowledged) for labels, consumer in waiting],
    )


def _consumer(seen: Backlog, location: str, kind: str) -> ConsumerBacklog | None:
    return seen.consumers.get((subjects.CHECKS, subjects.check_consumer(location, kind)))
