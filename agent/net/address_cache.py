"""Addresses found lately, kept for as long as their records say. c-ares keeps them too, but to ask it costs a tenth of
what a check costs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic

from shared.wire.targets import IpFamily

LEAST_SECONDS = 1.0
"""Also of a record that says 0, and of the hosts file, which says nothing."""

MOST_SECONDS = 60.0
"""Not longer, because only c-ares notices when `resolv.conf` changes."""


class KnownAddresses:
    """Of at most `most` hosts; those found longest ago go. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._known: OrderedDict[tuple[str, IpFamily], tuple[Sequence[str], float]] = OrderedDict()

    def of(self, host: str, family: IpFamily) -> Sequence[str]:
        """Empty when they are not known any more."""
        addresses, good_until = self._known.get((host, family), ((), 0.0))
        return addresses if self._clock() < good_until else ()

    def found(self, host: str, family: IpFamily, addresses: Sequence[str], seconds: float) -> None:
        """`addresses` are good for `seconds`."""
        self._known[host, family] = addresses, self._clock() + min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
        self._known.move_to_end((host, family))
        if len(self._known) > self._most:
            self._known.popitem(last=False)
