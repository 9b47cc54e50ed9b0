"""A cache of resolved addresses, which respects the TTL of their records. c-ares has a cache too, but a query to it
costs a tenth of a check.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic

from shared.wire.targets import IpFamily

LEAST_SECONDS = 1.0
"""The minimum, also for records with TTL 0 and for the hosts file, which has no TTL."""

MOST_SECONDS = 60.0
"""The maximum, because only c-ares notices when `resolv.conf` changes."""


class KnownAddresses:
    """Keeps at most `most` hosts and drops the oldest. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._known: OrderedDict[tuple[str, IpFamily], tuple[Sequence[str], float]] = OrderedDict()

    def of(self, host: str, family: IpFamily) -> Sequence[str]:
        """The cached addresses; empty if they are unknown or have expired."""
        addresses, good_until = self._known.get((host, family), ((), 0.0))
        return addresses if self._clock() < good_until else ()

    def found(self, host: str, family: IpFamily, addresses: Sequence[str], seconds: float) -> None:
        """Store `addresses`, which are valid for `seconds`."""
        self._known[host, family] = addresses, self._clock() + min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
        self._known.move_to_end((host, family))
        if len(self._known) > self._most:
            self._known.popitem(last=False)
