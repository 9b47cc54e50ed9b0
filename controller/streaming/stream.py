"""The life of one stream: what the client missed, from the ring or from EVENTS itself, and then what comes.

The change from one to the other happens without waiting in between, so nothing is lost there and nothing told twice.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

from controller.broker.replay import read_after, stream_state
from controller.streaming.event_filter import replay_subjects, wants
from controller.streaming.frames import (
    RETRY_MS,
    Place,
    comment_frame,
    end_frame,
    expired_frame,
    life_of,
    replaced_frame,
    retry_frame,
)
from controller.streaming.hub import Room
from controller.streaming.stream_event import Told
from controller.streaming.subscription import CHUNK_BYTES, Subscription
from shared.nats.bus import Bus
from shared.nats.cancelling import heed_cancellation
from shared.nats.errors import BusError
from shared.wire import subjects

_PAGE = 250
_FROM_RING = 500
_AWAY_SECONDS = 1.0
_LAG_SECONDS = 0.1


class Stream:
    """Up to `resume_at` the client was told everything, and is told what comes behind; None is now."""

    _place: Place
    """Known once the room has reached EVENTS; the client was told everything up to here."""

    def __init__(self, room: Room, bus: Bus, subscription: Subscription, resume_at: Place | None) -> None:
        self._room = room
        self._bus = bus
        self._subscription = subscription
        self._resume_at = resume_at
        self._comment_at = time.monotonic() + subscription.bounds.comment_seconds

    async def chunks(self) -> AsyncGenerator[bytes]:
        """What to write, in pieces that hold whole frames, until the subscription is over."""
        yield retry_frame(secrets.choice(RETRY_MS))
        for part in (self._beginning, self._missed, self._coming):
            async with aclosing(part()) as chunks:
                async for chunk in chunks:
                    yield chunk
        if self._subscription.ended is not None:
            yield end_frame(self._subscription.ended)

    async def _beginning(self) -> AsyncGenerator[bytes]:
        """Where the client can resume, as soon as that is known: it may break off before the first event."""
        if self._resume_at is not None:
            yield comment_frame(self._resume_at)
        # A refusal would be the end for a browser: EventSource connects again after a break, never after an error.
        while (now := self._room.now) is None and not self._subscription.over:
            await self._subscription.wait(self._comment_at - time.monotonic())
            if comment := self._comment(self._resume_at):
                yield comment
        if now is None:
            return
        self._subscription.take()  # nothing was told yet, but it may have been roused
        self._place = self._resume_at or now
        if self._resume_at is None:
            yield comment_frame(now)

    async def _missed(self) -> AsyncGenerator[bytes]:
        """Until it has joined those who are told what comes."""
        known = False  # whether EVENTS was seen to hold our place
        while not self._subscription.over:
            there = self._room.place
            ahead = there is not None and there.life == self._place.life and there.sequence < self._place.sequence
            told = None if ahead and not known else self._room.after(self._place, _FROM_RING)
            if told is None:
                async with aclosing(self._from_events()) as chunks:
                    async for chunk in chunks:
                        yield chunk
                known = True
            elif told:
                for chunk in _grouped(self._wanted(told)):
                    yield chunk
                self._place = Place(self._place.life, told[-1].sequence)
                await asyncio.sleep(0)  # a client that reads fast never makes us wait, and the ring is long
            else:
                self._room.join(self._subscription, self._place.sequence)
                return

    async def _coming(self) -> AsyncGenerator[bytes]:
        while not self._subscription.over:
            await self._subscription.wait(self._comment_at - time.monotonic())
            if self._subscription.over:
                return  # what waited is dropped, so the place of the room is not the client's
            chunk = self._subscription.take()
            there = self._room.place
            if there is not None and not self._subscription.waiting:  # it has all that the room was told
                self._place = Place(there.life, max(there.sequence, self._subscription.since))
                chunk += self._comment(self._place)
            else:
                chunk += self._comment(None)
            if chunk:
                yield chunk

    async def _from_events(self) -> AsyncGenerator[bytes]:
        """A page of EVENTS, and comments while it takes its time or the broker is away."""
        reading = asyncio.create_task(self._read_page(), name="live-read")
        try:
            while not (reading.done() or self._subscription.over):
                await asyncio.wait([reading], timeout=_LAG_SECONDS)
                if comment := self._comment(self._place):
                    yield comment
            if self._subscription.over:
                return
            place, frames = reading.result()
        except BusError:
            await self._subscription.wait(_AWAY_SECONDS)
            return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        for chunk in _grouped(frames):
            yield chunk
        stays, self._place = place == self._place, place
        if stays and self._room.after(place, 1) is None:
            await self._subscription.wait(_LAG_SECONDS)  # the room has yet to come as far

    async def _read_page(self) -> tuple[Place, list[bytes]]:
        """Raises BusError."""
        async with self._room.reading:
            state = await stream_state(self._bus, subjects.EVENTS)
            heed_cancellation()
            life, beginning = life_of(state.created), state.first - 1
            if life != self._place.life or self._place.sequence > state.last:
                place = Place(life, beginning)
                return place, [replaced_frame(self._place, place)]
            if self._place.sequence < beginning:
                return Place(life, beginning), [expired_frame(self._place, state.first)]
            narrow = replay_subjects(self._subscription.wanted)
            if not narrow:
                return Place(life, state.last), []
            page = await read_after(self._bus, subjects.EVENTS, self._place.sequence, narrow, at_most=_PAGE)
        told = [Told(Place(life, stored.sequence), stored.subject, stored.body) for stored in page.messages]
        last = told[-1].sequence if told else self._place.sequence
        # Where no more are pending, all that matched before the page was asked for has been read.
        return Place(life, last if page.more else max(last, state.last)), self._wanted(told)

    def _wanted(self, told: Iterable[Told]) -> list[bytes]:
        return [each.frame for each in told if wants(self._subscription.wanted, each)]

    def _comment(self, place: Place | None) -> bytes:
        """One when it is time; `place` is where the client can resume once it has read that."""
        if time.monotonic() < self._comment_at:
            return b""
        self._comment_at = time.monotonic() + self._subscription.bounds.comment_seconds
        return comment_frame(place)


def _grouped(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Together some 64 KiB each, so that a write shows whether the client reads."""
    group: list[bytes] = []
    size = 0
    for frame in frames:
        group.append(frame)
        size += len(frame)
        if size >= CHUNK_BYTES:
            yield b"".join(group)
            group, size = [], 0
    if group:
        yield b"".join(group)
