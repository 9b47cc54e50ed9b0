"""A controller that serves event streams on a real port, and clients that publish events and read streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import msgspec

from controller.application import create_application
from controller.http.services import Services
from controller.pipeline.loops import keep
from controller.streaming.access_review import review
from controller.streaming.follower import follow_events
from controller.streaming.hub import HubLimits, StreamHub
from controller.streaming.subscription import Bounds
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.events import VerdictEvent
from shared.wire.failures import FailureSource
from shared.wire.messages import Event, EventType
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.api.serving import serving
from tests.integration.pipeline.small_installation import a_result

RESULTS = "/api/results/stream"
EVENTS = "/api/events/stream"
STREAM = "/api/v1/stream"
MONITOR = UUID("33333333-3333-4333-8333-333333333333")
_SECONDS = 10.0


class Block(NamedTuple):
    """The fields and comments between two empty lines of a stream."""

    event: str
    id: str
    data: str
    comments: tuple[str, ...]
    retry: str

    @property
    def sequence(self) -> int:
        return int(self.id.rpartition("-")[2])

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.data)
        return found


def read_block(text: str) -> Block:
    """Parse a block as WHATWG HTML, section 9.2.6, requires of clients."""
    fields = {"event": "", "id": "", "retry": ""}
    data, comments = [], []
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            comments.append(value)
        elif name == "data":
            data.append(value)
        else:
            fields[name] = value
    return Block(data="\n".join(data), comments=tuple(comments), **fields)


class Listener:
    """A client that reads one open stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._chunks = answer.aiter_text()
        self._text = ""

    async def block(self) -> Block | None:
        """The next block; None at the end of the stream. Raises TimeoutError after ten seconds."""
        async with asyncio.timeout(_SECONDS):
            while "\n\n" not in self._text:
                try:
                    self._text += await anext(self._chunks)
                except StopAsyncIteration:
                    assert not self._text, self._text
                    return None
        text, _, self._text = self._text.partition("\n\n")
        return read_block(text)

    async def event(self) -> Block:
        """The next block with data."""
        while block := await self.block():
            if block.data:
                return block
        raise AssertionError("the stream ended")

    async def events(self, count: int) -> list[Block]:
        return [await self.event() for _ in range(count)]

    async def events_up_to(self, sequence: int) -> list[Block]:
        """All events until a comment shows that the stream has passed that sequence."""
        found = []
        while block := await self.block():
            if block.data:
                found.append(block)
            elif block.id and block.sequence >= sequence:
                return found
        raise AssertionError("the stream ended")

    async def rest(self) -> list[Block]:
        """All events until the stream ends."""
        found = []
        while block := await self.block():
            if block.data:
                found.append(block)
        return found


@dataclass
class StreamClient:
    """Opens streams of one controller and publishes events for them."""

    api: Api
    bus: Bus
    hub: StreamHub
    address: str

    @asynccontextmanager
    async def listen(
        self,
        path: str = RESULTS,
        query: Mapping[str, str] | None = None,
        *,
        last: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Listener]:
        """Open a stream, with the organization's token unless `headers` are given."""
        sent = {"Authorization": self.api.client.headers["Authorization"]} if headers is None else {**headers}
        if last is not None:
            sent["Last-Event-ID"] = last
        async with (
            httpx.AsyncClient(base_url=self.address, timeout=_SECONDS, trust_env=False) as client,
            client.stream("GET", path, headers=sent, params=query) as answer,
        ):
            assert answer.status_code == 200, (await answer.aread()).decode()
            listener = Listener(answer)
            first = await listener.block()
            assert first
            assert 1000 <= int(first.retry) < 3000
            yield listener

    async def refused(
        self,
        path: str = RESULTS,
        query: Mapping[str, str | Sequence[str]] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Request a stream that is refused; return the status and the message."""
        sent = {"Authorization": self.api.client.headers["Authorization"]} if headers is None else {**headers}
        async with httpx.AsyncClient(base_url=self.address, timeout=_SECONDS, trust_env=False) as client:
            answer = await client.get(path, headers=sent, params=query)
        return answer.status_code, answer.json()["message"]

    def id_of(self, sequence: int) -> str:
        assert self.hub.position
        return f"{self.hub.position.epoch}-{sequence}"

    async def publish(self, event: Event | VerdictEvent | None = None, **fields: Any) -> Event | VerdictEvent:
        """Publish an event as the controller does: this one, or a result with these fields."""
        made = an_event(**fields) if event is None else event
        subject = subjects.event(made.organization_id, made.customer_id, made.monitor_id, made.type.value)
        await self.bus.publish(Message(subject, msgspec.json.encode(made), str(made.event_id)))
        return made

    async def publish_many(self, count: int, **fields: Any) -> list[str]:
        """Publish `count` results; return their event ids."""
        made = [an_event(**fields) for _ in range(count)]
        refusals = await self.bus.publish_all(
            [
                Message(
                    subjects.event(each.organization_id, each.customer_id, each.monitor_id, each.type.value),
                    msgspec.json.encode(each),
                    str(each.event_id),
                )
                for each in made
            ]
        )
        assert not any(refusals)
        return [str(each.event_id) for each in made]


def an_event(
    *,
    customer: str = CUSTOMER,
    organization: str = ORGANIZATION,
    monitor: UUID = MONITOR,
    country: str = "DE",
    source: FailureSource | None = None,
    kind: str = "smtp",
) -> Event:
    result = a_result(monitor, country, source=source)
    return Event(
        event_id=uuid4(),
        type=EventType.RESULT,
        organization_id=UUID(organization),
        customer_id=UUID(customer),
        monitor_id=monitor,
        occurred_at=utc_now(),
        status=result.status,
        result=result,
        kind=kind,
    )


def a_verdict(*, customer: str = CUSTOMER, kind: str = "smtp") -> VerdictEvent:
    return VerdictEvent(
        event_id=uuid4(),
        type=EventType.VERDICT,
        organization_id=UUID(ORGANIZATION),
        customer_id=UUID(customer),
        monitor_id=MONITOR,
        occurred_at=utc_now(),
        verdict="down",
        previous="up",
        reason="r",
        kind=kind,
    )


def ids(blocks: list[Block]) -> list[str]:
    """The event ids of the blocks."""
    return [block.json["eventId"] for block in blocks]


@asynccontextmanager
async def open_streams(
    api: Api,
    bus: Bus,
    *,
    limits: HubLimits | None = None,
    bounds: Bounds | None = None,
    ready: bool = True,
    port: int = 0,
) -> AsyncIterator[StreamClient]:
    """Run a controller until the block ends. It comments every tenth of a second, because tests read the position of a
    stream from its comments.
    """
    hub = StreamHub(limits, bounds or Bounds(comment_seconds=0.1))
    services = Services(
        database=api.database, vault=api.vault, dispatcher=api.dispatcher, bus=bus, outlets=api.outlets, live=hub
    )
    async with serving(create_application(services), drain_seconds=5, port=port) as address:
        tasks = [
            asyncio.create_task(keep("live", lambda: follow_events(bus, hub))),
            asyncio.create_task(keep("live_access", lambda: review(api.database, hub), every_seconds=0.05)),
        ]
        try:
            async with asyncio.timeout(_SECONDS):
                while ready and not hub._ready:
                    await asyncio.sleep(0.01)
            yield StreamClient(api, bus, hub, address)
        finally:
            hub.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
