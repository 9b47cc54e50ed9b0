"""The loops by which the installation watches itself: its locations and agents, monitors that no location may check,
signatures, canaries and what became of them, networks that take STARTTLS away, the dead man's switch, and how long
history is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import NamedTuple

from controller.metrics.process import Metrics
from controller.model.retention import Kept
from controller.notify.email.sender import EmailSender
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.loops import keep
from controller.pipeline.ops import canaries, canary_watch, dead_mans_switch, network_watch
from controller.pipeline.ops.canaries import Canaries
from controller.pipeline.ops.canary_watch import CanaryWatch
from controller.pipeline.ops.dead_mans_switch import DeadMansSwitch
from controller.pipeline.ops.location_watch import WATCH_SECONDS, LocationWatch
from controller.pipeline.ops.network_watch import NetworkWatch
from controller.pipeline.ops.unchecked import REVIEW_SECONDS, UncheckedMonitors
from controller.pipeline.retention.review import REVIEW_SECONDS as RETENTION_SECONDS
from controller.pipeline.retention.review import RetentionReview
from controller.pipeline.signing.review import REVIEW_SECONDS as SIGNATURES_SECONDS
from controller.pipeline.signing.review import SignatureReview
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from shared.secret import Secret
from shared.wire.signing import Signer
from shared.wire.targets import Target


class SelfWatch(NamedTuple):
    """The operators' addresses, the relay of notices, what names the problems of database and broker, this controller's
    name and how long it is set to keep history and blocks of it, the target of canaries, and the URL of the dead man's
    switch.
    """

    addresses: Sequence[str]
    relay: EmailSender
    problems: Callable[[], Iterable[str]]
    name: str
    keeps: Kept
    canary_target: Target | None = None
    heartbeat_url: Secret | None = None

    def loops(
        self,
        db: Database,
        bus: Bus,
        registry: LocationRegistry,
        signer: Signer,
        metrics: Metrics,
        leading: Callable[[], bool],
    ) -> Iterator[Coroutine[None, None, None]]:
        """The loops, each to be run until it is cancelled."""
        locations = LocationWatch(db, bus, self.addresses)
        yield keep("ops_alerts", locations.review, every_seconds=WATCH_SECONDS)
        unchecked = UncheckedMonitors(db, bus, self.addresses)
        yield keep("unchecked_monitors", unchecked.review, every_seconds=REVIEW_SECONDS)
        signatures = SignatureReview(db, self.addresses)
        yield keep("signatures", signatures.review, every_seconds=SIGNATURES_SECONDS)
        retention = RetentionReview(db, self.name, self.keeps, self.addresses)
        yield keep("retention", retention.review, every_seconds=RETENTION_SECONDS)
        sender = Canaries(db, bus, registry, signer, leading, self.canary_target)
        yield keep("canaries", sender.send_due, every_seconds=canaries.ATTEMPT_SECONDS)
        watch = CanaryWatch(db, bus, self.addresses)
        yield keep("canary_watch", watch.review, every_seconds=canary_watch.WATCH_SECONDS)
        networks = NetworkWatch(db, self.addresses)
        yield keep("network_watch", networks.review, every_seconds=network_watch.WATCH_SECONDS)
        if self.heartbeat_url is not None:
            switch = DeadMansSwitch(db, self.heartbeat_url, self.relay, self.problems, leading, self.addresses)
            metrics.heartbeat_fetched_at = lambda: switch.fetched_at
            seconds = dead_mans_switch.ATTEMPT_SECONDS
            yield keep("dead_mans_switch", switch.fetch_when_due, every_seconds=seconds)
