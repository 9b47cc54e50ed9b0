"""One scope's feed: what is computed how often, and what happens when something is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.errors import NotFoundError
from controller.http.problems import UNAVAILABLE
from controller.http.services import Services
from controller.model import Principal, Role
from controller.pages.live.changes import Changes
from controller.pages.live.feed import Feed
from controller.pages.live.frames import ViewMessage
from controller.pages.live.live_pages import LivePages
from controller.pages.live.views import Context, LiveView
from controller.streaming.event_filter import EventFilter
from controller.streaming.frames import StreamPosition
from controller.streaming.hub import StreamHub
from controller.streaming.stream_event import StreamEvent
from controller.streaming.subscription import Bounds, Holder, Subscription
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.api.people import organization_of
from tests.integration.api.stream.stream_client import read_block

EPOCH = "19a"
TYPES = frozenset({"result", "verdict", "incident"})


@dataclass
class Connection:
    """Stands in for the bus, of which a feed only needs to know whether it is connected."""

    connected: bool = True


class CountedView(LiveView):
    """A page that every event concerns. It counts how often it is computed, and may fail."""

    def __init__(self, address: str = "/counted") -> None:
        super().__init__(address)
        self.computed: list[set[str]] = []
        self.error: Exception | None = None

    async def message(self, context: Context, changes: Changes, *, refresh: bool) -> ViewMessage | None:  # noqa: ARG002
        if self.error:
            raise self.error
        if not changes.monitors():
            return None
        self.computed.append(changes.monitors())
        return ViewMessage(view=self.address, patch=dict.fromkeys(sorted(changes.monitors()), "x"))


@dataclass
class Scoped:
    """A hub with the feed of one scope, which has `counted` among its pages."""

    pages: LivePages
    hub: StreamHub
    bus: Connection
    holder: Holder
    event_filter: EventFilter
    counted: CountedView
    sequence: int = 0

    @property
    def feed(self) -> Feed:
        (feed,) = self.pages._feeds.values()
        return feed

    def open(self, *views: str) -> Subscription:
        stream = self.hub.open(self.event_filter, self.holder)
        feed = self.pages.attach(stream, (), self.hub.position)
        feed._views.setdefault(self.counted.address, self.counted)
        feed.attach(stream, views or [self.counted.address], self.hub.position)
        return stream

    def happen(self, monitor: UUID, event_type: str = "result") -> None:
        self.sequence += 1
        subject = subjects.event(UUID(ORGANIZATION), UUID(CUSTOMER), monitor, event_type)
        self.hub.deliver(StreamEvent(StreamPosition(EPOCH, self.sequence), subject, b"{}"))


@asynccontextmanager
async def scope(api: Api, pace: float = 0.05) -> AsyncIterator[Scoped]:
    hub = StreamHub(bounds=Bounds(pace_seconds=pace))
    hub.begin(StreamPosition(EPOCH, 0))
    hub.ready()
    bus = Connection()
    services = Services(
        database=api.database,
        vault=api.vault,
        dispatcher=api.dispatcher,
        bus=cast("Bus", bus),
        outlets=api.outlets,
        live=hub,
    )
    holder = Holder(
        principal=Principal(works_in=await organization_of(api, "Ours"), role=Role.USER, token_id=1), credential=b"x"
    )
    made = Scoped(
        LivePages(services), hub, bus, holder, EventFilter(organization=ORGANIZATION, types=TYPES), CountedView()
    )
    yield made
    for stream in hub.streams():
        hub.close(stream)
        await made.pages.detach(stream)
    assert not made.pages._feeds
    assert not hub._observers


async def test_a_page_that_many_have_open_is_computed_once(api: Api) -> None:
    async with scope(api) as scoped:
        streams = [scoped.open() for _ in range(100)]
        monitors = [uuid4() for _ in range(20)]
        for monitor in monitors:
            scoped.happen(monitor)
        texts = await asyncio.gather(*(_view(stream) for stream in streams))
        assert len(set(texts)) == 1
        assert scoped.counted.computed == [{str(monitor) for monitor in monitors}]


async def test_what_comes_within_a_turn_is_one_message(api: Api) -> None:
    async with scope(api, pace=0.3) as scoped:
        stream = scoped.open()
        first, second, third = uuid4(), uuid4(), uuid4()
        await _beat(stream)  # the first turn is over
        for monitor in (first, second, first):
            scoped.happen(monitor)
            await asyncio.sleep(0.02)
        assert msgspec.json.decode(await _view(stream))["patch"].keys() == {str(first), str(second)}
        scoped.happen(third, "verdict")
        assert msgspec.json.decode(await _view(stream))["patch"].keys() == {str(third)}


async def test_no_beat_is_sent_while_the_broker_is_away(api: Api) -> None:
    """A page without beats says that it is not live."""
    async with scope(api) as scoped:
        stream = scoped.open()
        await _beat(stream)
        scoped.bus.connected = False
        with pytest.raises(TimeoutError):
            await _beat(stream, within=0.4)
        scoped.bus.connected = True
        await _beat(stream)


async def test_what_cannot_be_computed_now_is_computed_later(api: Api) -> None:
    async with scope(api) as scoped:
        stream = scoped.open()
        await _beat(stream)
        scoped.counted.error = UNAVAILABLE[0]("the database is away")
        monitor, another = uuid4(), uuid4()
        scoped.happen(monitor)
        with pytest.raises(TimeoutError):
            await _beat(stream, within=0.4)
        scoped.happen(another)
        scoped.counted.error = None
        assert msgspec.json.decode(await _view(stream))["patch"].keys() == {str(monitor), str(another)}
        await _beat(stream)


@pytest.mark.parametrize("error", [NotFoundError(), ZeroDivisionError()], ids=["there is no such page", "a bug"])
async def test_a_page_that_fails_keeps_no_other_page_from_its_messages(api: Api, error: Exception) -> None:
    async with scope(api) as scoped:
        scoped.counted.error = error
        monitor = uuid4()
        stream = scoped.open(scoped.counted.address, f"/monitors/{monitor}")
        scoped.happen(monitor)
        assert msgspec.json.decode(await _view(stream))["view"] == f"/monitors/{monitor}"
        await _beat(stream)


async def test_each_scope_has_its_own_feed(api: Api) -> None:
    async with scope(api) as scoped:
        scoped.open()
        assert len(scoped.pages._feeds) == 1
        principal = scoped.holder.principal
        for other in (
            msgspec.structs.replace(principal, role=Role.READONLY),
            msgspec.structs.replace(principal, customer_ids=frozenset({1})),
            msgspec.structs.replace(principal, account_id=3, token_id=None),
        ):
            stream = scoped.hub.open(scoped.event_filter, Holder(principal=other, credential=b"y"))
            scoped.pages.attach(stream, ["/"], None)
        same = Holder(principal=msgspec.structs.replace(principal, token_id=2), credential=b"z")
        scoped.pages.attach(scoped.hub.open(scoped.event_filter, same), ["/"], None)
        assert len(scoped.pages._feeds) == 4


async def _view(stream: Subscription) -> str:
    """The data of the next message about a page."""
    return await _next(stream, "view")


async def _beat(stream: Subscription, within: float = 5.0) -> str:
    return await _next(stream, "beat", within)


async def _next(stream: Subscription, event: str, within: float = 5.0) -> str:
    """The data of the next such event; those before it are dropped."""
    async with asyncio.timeout(within):
        while True:
            await stream.wait(within)
            blocks = [read_block(text) for text in stream.take().decode().split("\n\n") if text]
            for block in blocks:
                if block.event == event:
                    return block.data
