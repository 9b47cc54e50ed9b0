"""Keeps results until the broker has them, and a while longer for requests that are redelivered.

Its size is bounded: each waiting result holds a slot of the worker, and accepted ones are dropped, oldest first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from uuid import UUID

import structlog

from shared.nats.bus import Message
from shared.nats.errors import BusError
from shared.nats.location_signing import LocationSigner

log = structlog.get_logger()

RECENT_RESULTS = 5000
_BATCH_SECONDS = 0.01
"""How long a result waits for others to be sent with it. This saves an agent at full speed a seventh of its CPU: many
results go in one packet, and their acknowledgements in another."""
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3.0


class Outbox:
    """Signs results and sends them to one subject by `publish`, which raises BusError if the broker did not store one.

    A result is signed once and kept with its signature.
    """

    def __init__(
        self,
        subject: str,
        publish: Callable[[Message], Awaitable[None]],
        signer: LocationSigner,
        *,
        recent: int = RECENT_RESULTS,
    ) -> None:
        self._subject = subject
        self._publish = publish
        self._signer = signer
        self._most_recent = recent
        self._waiting: dict[UUID, Message] = {}
        self._since: dict[UUID, float] = {}
        self._recent: OrderedDict[UUID, Message] = OrderedDict()
        self._held_back = False
        self._batch: asyncio.Event | None = None

    @property
    def waiting(self) -> int:
        """How many results the broker does not have yet."""
        return len(self._waiting)

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest of them has waited; 0 if there is none."""
        return monotonic() - next(iter(self._since.values())) if self._since else 0.0

    def __contains__(self, check_id: UUID) -> bool:
        """Whether the result of a check is still here."""
        return check_id in self._waiting or check_id in self._recent

    async def send(self, check_id: UUID, body: bytes) -> None:
        """Return when the broker has the result; retries for ever, with growing pauses."""
        headers = self._signer.result(self._subject, body)
        message = Message(self._subject, body, self._signer.message_id(check_id), headers=headers)
        self._waiting[check_id] = message
        self._since[check_id] = monotonic()
        try:
            await self._send_until_accepted(message)
        finally:
            self._since.pop(check_id, None)
        self._waiting.pop(check_id, None)
        self._recent[check_id] = message
        self._recent.move_to_end(check_id)
        while len(self._recent) > self._most_recent:
            self._recent.popitem(last=False)

    async def send_again(self, check_id: UUID) -> None:
        """Send a result that is still here again; the broker drops a duplicate. Raises KeyError."""
        await self._send_until_accepted(self._waiting.get(check_id) or self._recent[check_id])

    async def _send_until_accepted(self, message: Message) -> None:
        pause = _FIRST_PAUSE_SECONDS
        await self._wait_for_batch()
        while True:
            try:
                await self._publish(message)
            except BusError as error:
                if not self._held_back:
                    self._held_back = True
                    log.warning("results_held_back", error=str(error), waiting=len(self._waiting))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                if self._held_back:
                    self._held_back = False
                    log.info("results_accepted_again", waiting=len(self._waiting))
                return

    async def _wait_for_batch(self) -> None:
        if self._batch is None:
            self._batch = asyncio.Event()
            asyncio.get_running_loop().call_later(_BATCH_SECONDS, self._release_batch)
        await self._batch.wait()

    def _release_batch(self) -> None:
        if self._batch is not None:
            self._batch.set()
            self._batch = None
