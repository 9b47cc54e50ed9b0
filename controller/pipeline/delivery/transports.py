"""How many deliveries of each transport this controller sends at once. A transport that is the controller's own, as the
mail relay and the text message service are, fails for all channels alike: it then gets one at a time, with pauses.

A channel whose own receiver fails is limited in the database, because all controllers share it (delivery_lane).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from controller.decisions.notification.retries import is_outage, probe_pause
from controller.notify.channels import ChannelGroup
from controller.notify.registry import CHANNELS
from controller.store.notifications.claims import Claimed, Slots


class TransportLimit(NamedTuple):
    """How many deliveries are sent at once, and how many more to receivers that fail, which so delay no others."""

    at_once: int
    probes: int


LIMITS = {
    ChannelGroup.EMAIL: TransportLimit(8, 1),
    ChannelGroup.SMS: TransportLimit(4, 1),
    ChannelGroup.WEBHOOK: TransportLimit(128, 32),
    ChannelGroup.APPRISE: TransportLimit(8, 3),
}
TRANSPORTS = {name: kind.group.value for name, kind in CHANNELS.items()}
_MOST_REMEMBERED = 1000


class TransportState:
    """Whether the controller's own transport works. `clock` gives monotonic seconds."""

    def __init__(self, group: ChannelGroup, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._group = group
        self._clock = clock
        self._failures = 0
        self._paused_until = float("-inf")
        self._failed: dict[int, None] = {}

    @property
    def failing(self) -> bool:
        return self._failures > 0

    def slots(self, under_way: Iterable[Claimed]) -> list[Slots]:
        """How many more deliveries may be claimed beside those under way."""
        probing = [one.failures > 0 for one in under_way if CHANNELS[one.type].group is self._group]
        limit = LIMITS[self._group]
        if not self.failing:
            return [
                Slots(self._group, failing=False, free=limit.at_once - probing.count(False)),
                Slots(self._group, failing=True, free=limit.probes - probing.count(True)),
            ]
        may_probe = not probing and self._clock() >= self._paused_until
        return [Slots(self._group, failing=False, free=1)] if may_probe else []

    def fails(self, delivery: int) -> None:
        """Note that the transport failed with this delivery. Of several that fail in one pause, the first counts."""
        if len(self._failed) < _MOST_REMEMBERED:
            self._failed[delivery] = None
        if self._clock() >= self._paused_until:
            self._failures += 1
            self._paused_until = self._clock() + probe_pause(self._failures).total_seconds()

    def works(self) -> list[int]:
        """Note that the transport works. Returns the deliveries that failed in an outage, which is now over."""
        over = list(self._failed) if is_outage(self._failures) else []
        self._failures, self._paused_until = 0, float("-inf")
        self._failed.clear()
        return over
