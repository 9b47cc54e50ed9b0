"""How many requests a minute a caller may make, counted by all controllers together (docs/compatibility.md, U20)."""

from __future__ import annotations

import ipaddress
import math
from datetime import timedelta
from time import monotonic

import msgspec

from controller.errors import LimitedError
from controller.store.accounts import request_counts
from controller.store.platform.pool import Database, StoreUnwritableError

WINDOW = timedelta(minutes=1)
_MOST_REMEMBERED = 10_000
_V6_NETWORK = 64


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """The number of requests that a caller has left in this window, and the seconds until the window ends."""

    limit: int
    remaining: int
    seconds_left: int


class RequestLimits:
    """Counts requests in the database. A caller without requests left is refused from memory until its window ends."""

    def __init__(self, database: Database, per_minute: int) -> None:
        self._database = database
        self._per_minute = per_minute
        self._refused_until: dict[str, float] = {}

    async def admit(self, who: str, *, apart: int | None = None) -> Quota | None:
        """Count a request; `remaining` is -1 for a request beyond the limit. Returns None without a limit, and
        while the database can only be read. `apart` is the limit of a kind of request that is counted separately.

        Raises StoreUnavailableError.
        """
        if not self._per_minute:
            return None
        limit = self._per_minute
        if apart is not None:
            who, limit = f"{who} apart", apart
        now = monotonic()
        until = self._refused_until.get(who, now)
        if until > now:
            return Quota(limit=limit, remaining=-1, seconds_left=math.ceil(until - now))
        try:
            count = await request_counts.count(self._database, who, WINDOW)
        except StoreUnwritableError:
            return None
        remaining = max(-1, limit - count.requests)
        if remaining < 0:
            self._remember(who, now, now + count.seconds_left)
        return Quota(limit=limit, remaining=remaining, seconds_left=math.ceil(count.seconds_left))

    def _remember(self, who: str, now: float, until: float) -> None:
        if len(self._refused_until) >= _MOST_REMEMBERED:
            self._refused_until = {name: end for name, end in self._refused_until.items() if end > now}
        if len(self._refused_until) < _MOST_REMEMBERED:
            self._refused_until[who] = until


def network_of(text: str) -> str:
    """The address to count requests by; for IPv6 its /64 network, because one client may use all addresses of it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _V6_NETWORK), strict=False))
    return text


async def require_few(database: Database, who: str, window: timedelta, most: int, message: str) -> None:
    """Count one more attempt. Raises LimitedError after `most` attempts in a window."""
    count = await request_counts.count(database, who, window)
    if count.requests > most:
        raise LimitedError(message, max(1, math.ceil(count.seconds_left)))
