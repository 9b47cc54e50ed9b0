"""How streams end (lost access, a slow reader, a controller that stops), and how many may be open."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest

from controller.model import Principal, Role
from controller.store.accounts import people as accounts
from controller.streaming.event_filter import EventFilter
from controller.streaming.frames import StreamPosition
from controller.streaming.hub import HubLimits, StreamHub
from controller.streaming.stream import Stream
from controller.streaming.stream_event import StreamEvent
from controller.streaming.subscription import Bounds, Holder
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.api.conftest import ORGANIZATION, Api
from tests.integration.api.people import Person, organization_of, person
from tests.integration.api.stream.stream_client import RESULTS, StreamClient, an_event, ids, open_streams

QUICK = Bounds(comment_seconds=0.1, write_seconds=0.3, grace_seconds=0.1)
Change = Callable[[Api, Person], Awaitable[object]]


def sql(statement: str) -> Change:
    """A change of a person by a statement whose `$1` is the id of the account."""

    async def change(api: Api, user: Person) -> None:
        await api.value(statement, user.id)

    return change


async def _delete(api: Api, user: Person) -> None:
    await accounts.delete(api.database, user.id)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(sql("DELETE FROM session WHERE account_id = $1"), "revoked", id="the person logged out"),
        pytest.param(
            sql("UPDATE session SET expires_at = now() - interval '1 ms' WHERE account_id = $1"),
            "revoked",
            id="the session expired",
        ),
        pytest.param(
            sql("UPDATE session SET idle_until = now() - interval '1 ms' WHERE account_id = $1"),
            "revoked",
            id="the session was idle",
        ),
        pytest.param(_delete, "revoked", id="the person was deleted"),
        pytest.param(
            sql("UPDATE account SET role = 'readonly' WHERE id = $1"), "access_changed", id="the role changed"
        ),
        pytest.param(
            sql("UPDATE account SET customer_ids = '{}' WHERE id = $1"), "access_changed", id="the customers changed"
        ),
    ],
)
async def test_a_stream_ends_when_its_person_loses_access(api: Api, bus: Bus, change: Change, reason: str) -> None:
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    another = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with (
        open_streams(api, bus) as streams,
        streams.listen(headers=user.headers) as listener,
        streams.listen(headers=another.headers) as other,
    ):
        before = await streams.publish_many(1)
        assert ids(await listener.events(1)) == before
        await change(api, user)
        (end,) = await listener.rest()
        assert (end.event, end.json["reason"]) == ("end", reason)
        after = await streams.publish_many(1)
        assert ids(await other.events(2)) == before + after


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM api_token WHERE id = $1", "UPDATE api_token SET expires_at = now() - interval '1 ms' WHERE id = $1"],
    ids=["the token is revoked", "the token expires"],
)
async def test_a_revoked_or_expired_token_ends_its_streams(api: Api, bus: Bus, statement: str) -> None:
    token = await api.token(await organization_of(api, "Ours"))
    number = await api.value("SELECT max(id) FROM api_token")
    headers = {"Authorization": f"Bearer {token}"}
    async with open_streams(api, bus) as streams, streams.listen(headers=headers) as listener:
        await api.value(statement, number)
        (end,) = await listener.rest()
        assert (end.event, end.json["reason"]) == ("end", "revoked")
        assert (await streams.refused(headers=headers))[0] == 401
        assert not streams.hub.streams()


async def test_a_change_that_leaves_the_access_alone_ends_no_stream(api: Api, bus: Bus) -> None:
    admin = await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))
    ours = str(await organization_of(api, "Ours"))
    async with (
        open_streams(api, bus) as streams,
        streams.listen(RESULTS, {"organizationId": ours}, headers=admin.headers) as listener,
    ):
        await api.value("UPDATE account SET first_name = 'N', last_login_at = now() WHERE id = $1", admin.id)
        for _ in range(3):  # between comments, the access is reviewed a few times
            assert (block := await listener.block())
            assert not block.data
        names = await streams.publish_many(1)
        assert ids(await listener.events(1)) == names


async def test_a_reader_that_falls_behind_is_disconnected_and_can_resume(api: Api, bus: Bus) -> None:
    """Only its queue was full, so the stream can still send the reason before it ends."""
    bounds = Bounds(events=50, comment_seconds=0.1)
    async with open_streams(api, bus, bounds=bounds) as streams, streams.listen() as listener:
        names = await streams.publish_many(1)
        last = (await listener.events(1))[-1].id
        (stream,) = streams.hub.streams()
        for number in range(60):
            stream.queue(b": %d\n\n" % number)  # without a pause, as in a burst from the broker
        (end,) = await listener.rest()
        assert (end.event, end.json["reason"]) == ("end", "slow_reader")
        names += await streams.publish_many(3)
        async with streams.listen(last=last) as again:
            assert ids(await again.events(3)) == names[1:]


async def test_a_burst_ends_no_reader_that_keeps_up(api: Api, bus: Bus) -> None:
    """A burst is passed on in portions, so that readers can read in between."""
    async with open_streams(api, bus, bounds=Bounds(events=60)) as streams, streams.listen() as listener:
        names = await streams.publish_many(500)
        assert ids(await listener.events(500)) == names


async def test_an_end_gives_no_id_of_an_event_that_was_not_sent(api: Api, bus: Bus) -> None:
    """A comment is due just when a stream ends with an event still queued. Its id must not be that of the event, or a
    client that resumes there would miss the event.
    """
    hub = StreamHub(bounds=Bounds(comment_seconds=0.0))
    hub.begin(StreamPosition("19a", 6))
    hub.ready()
    holder = Holder(principal=Principal(works_in=1, role=Role.ADMIN, token_id=1), credential=b"x")
    subscription = hub.open(EventFilter(organization=ORGANIZATION, types=frozenset({"result"})), holder)
    async with aclosing(Stream(hub, bus, api.database, subscription, None).chunks()) as chunks:
        while b"19a-6" not in await anext(chunks):
            pass
        await anext(chunks)  # now the stream waits for the next event
        next_chunk = asyncio.create_task(anext(chunks))
        await asyncio.sleep(0)
        event = an_event()
        subject = subjects.event(event.organization_id, event.customer_id, event.monitor_id, "result")
        hub.deliver(StreamEvent(StreamPosition("19a", 7), subject, msgspec.json.encode(event)))
        assert subscription.waiting
        hub.stop()
        rest = await next_chunk + b"".join([chunk async for chunk in chunks])
    assert b"19a-7" not in rest
    assert b"stopping" in rest
    hub.close(subscription)


async def test_a_reader_that_is_stuck_is_cut_off(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus, bounds=QUICK) as streams:
        with _stuck(streams) as stuck:
            await _fill(streams)
            async with asyncio.timeout(10):
                while streams.hub.streams():
                    await asyncio.sleep(0.02)
            await _closed(stuck)


async def test_many_slow_readers_neither_delay_others_nor_use_much_memory(api: Api, bus: Bus) -> None:
    bounds = Bounds(events=200, bytes=200_000, comment_seconds=0.1)
    async with open_streams(api, bus, bounds=bounds) as streams:
        stuck = [_stuck(streams) for _ in range(20)]
        async with streams.listen() as listener:
            names: list[str] = []
            for _ in range(10):
                names += await streams.publish_many(100)
                assert ids(await listener.events(100)) == names[-100:]
            waiting = [stream for stream in streams.hub.streams() if not stream.over]
            assert all(stream._bytes <= bounds.bytes for stream in waiting)
        for each in stuck:
            each.close()


async def test_a_stop_ends_every_stream_within_a_second(api: Api, bus: Bus) -> None:
    """This includes streams that are stuck, and streams that still read stored events."""
    async with open_streams(api, bus, limits=HubLimits(ring_events=2)) as streams:
        await streams.publish_many(50)
        stuck = _stuck(streams)
        await _fill(streams)
        async with (
            streams.listen() as live,
            streams.hub.reading,
            streams.listen(last=streams.id_of(1)) as behind,
        ):
            async with _seconds_of_the_loop() as seconds:
                streams.hub.stop()
                ends = [(await listener.rest())[-1] for listener in (live, behind)]
                assert [end.json["reason"] for end in ends] == ["stopping", "stopping"]
                async with asyncio.timeout(10):
                    while streams.hub.streams():
                        await asyncio.sleep(0.01)
                assert seconds() < 1
            async with streams.listen() as late:
                (end,) = await late.rest()
                assert end.json["reason"] == "stopping"
        stuck.close()


async def test_the_number_of_streams_is_limited_for_a_caller_and_for_the_controller(api: Api, bus: Bus) -> None:
    limits = HubLimits(streams=3, streams_of_one=2)
    other = {"Authorization": f"Bearer {api.customer_token}"}
    async with open_streams(api, bus, limits=limits) as streams:
        async with streams.listen(), streams.listen():
            assert await streams.refused() == (429, "Too many open streams: 2 at most")
            async with streams.listen(headers=other):
                assert await streams.refused(headers=other) == (429, "Too many open streams on this controller")
        async with asyncio.timeout(10):
            while streams.hub.streams():  # until the disconnected clients are noticed
                await asyncio.sleep(0.01)
        async with streams.listen(), streams.listen():
            assert len(streams.hub.streams()) == 2


def _stuck(streams: StreamClient) -> socket.socket:
    """A client that requests a stream and never reads."""
    host, _, port = streams.address.removeprefix("http://").partition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    token = streams.api.client.headers["Authorization"]
    client.sendall(f"GET {RESULTS} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    return client


async def _fill(streams: StreamClient) -> None:
    """Queue more than sockets and buffers hold, so that writing to a client that does not read has to wait."""
    async with asyncio.timeout(10):
        while not streams.hub.streams():
            await asyncio.sleep(0.01)
        (stream,) = streams.hub.streams()
        frame = b": " + b"x" * 60_000 + b"\n\n"
        while not (stream.over or (stream.waiting and stream._writing)):
            stream.queue(frame)
            await asyncio.sleep(0.002)


@asynccontextmanager
async def _seconds_of_the_loop() -> AsyncIterator[Callable[[], float]]:
    """The seconds in which the event loop has run since. A stall of the whole machine does not count."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    try:
        yield lambda: ticks / 100
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])


async def _closed(client: socket.socket) -> None:
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        try:
            while await loop.sock_recv(client, 65536):
                pass
        except ConnectionResetError:
            pass
