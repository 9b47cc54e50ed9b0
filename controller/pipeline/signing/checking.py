"""Checks that what comes from a location was signed with one of its keys.

The keys are kept at hand for a second. A message is refused only by keys that were read after it came, so that one
signed with a new key is not refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from controller.metrics.counts import Counts
from controller.store.locations import signatures as store
from controller.store.platform.pool import Database
from controller.trust.location_signatures import Doubt, LocationKeys
from shared.nats.deliveries import CoreMessage, Delivery
from shared.nats.location_signing import HEARTBEAT, RESULT, signing_user
from shared.wire.messages import Heartbeat
from shared.wire.signing import SIGNATURE

_KEPT_SECONDS = 1.0


class UnvouchedError(ValueError):
    """A heartbeat was refused because of its signature."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(f"its signature: {doubt.value}")
        self.doubt = doubt


class SignatureCheck:
    """`clock` gives monotonic seconds. All methods raise StoreUnavailableError."""

    def __init__(
        self, db: Database, counts: Counts | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._counts = counts or Counts()
        self._clock = clock
        self._keys = LocationKeys()
        self._read_at = float("-inf")

    async def results(self, deliveries: Sequence[Delivery]) -> list[Doubt | None]:
        """For each message on RESULTS why it is refused; None if it is accepted."""
        if self._clock() - self._read_at >= _KEPT_SECONDS:
            await self._read()
            return await self._doubts(deliveries)
        doubts = await self._doubts(deliveries)
        doubtful = [n for n, doubt in enumerate(doubts) if doubt is not None]
        if doubtful:
            await self._read()
            for n, doubt in zip(doubtful, await self._doubts([deliveries[n] for n in doubtful]), strict=True):
                doubts[n] = doubt
        return doubts

    async def heartbeat(self, message: CoreMessage, heartbeat: Heartbeat) -> str | None:
        """The key that signed a heartbeat; None if none did and its location need not sign. Raises UnvouchedError."""
        signature = message.headers.get(SIGNATURE)
        if self._clock() - self._read_at >= _KEPT_SECONDS:
            await self._read()
        doubt = self._keys.doubt(HEARTBEAT, message.subject, message.body, signature)
        if doubt is not None:
            await self._read()
            doubt = self._keys.doubt(HEARTBEAT, message.subject, message.body, signature)
        if doubt is None:
            return None if signature is None else signing_user(signature)
        self._counts.refused_heartbeats.add((doubt,))
        await store.record_refusal(
            self._db, country=heartbeat.country, location=heartbeat.location, agent=heartbeat.agent, why=doubt
        )
        raise UnvouchedError(doubt)

    async def _read(self) -> None:
        read_at = self._clock()
        self._keys = await store.location_keys(self._db)
        self._read_at = read_at

    async def _doubts(self, deliveries: Sequence[Delivery]) -> list[Doubt | None]:
        """Verified in a thread: a full batch takes some ten milliseconds, in which the API would stand still."""
        keys = self._keys
        return await asyncio.to_thread(
            lambda: [keys.doubt(RESULT, one.subject, one.body, one.header(SIGNATURE)) for one in deliveries]
        )
