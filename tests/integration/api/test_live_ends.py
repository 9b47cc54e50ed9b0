"""How streams end: access that is taken away, slow readers, a controller that stops; and how many there may be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest

from controller.model import Principal, Role
from controller.store.accounts import people as accounts
from controller.streaming.event_filter import Wanted
from controller.streaming.frames import Place
from controller.streaming.hub import Limits, Room
from controller.streaming.stream import Stream
from controller.streaming.stream_event import Told
from controller.streaming.subscription import Bounds, Holder
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.api.conftest import ORGANIZATION, Api
from tests.integration.api.live_desk import RESULTS, Desk, an_event, ids, on_air
from tests.integration.api.people import Person, organization_of, person

QUICK = Bounds(comment_seconds=0.1, write_seconds=0.3, grace_seconds=0.1)
Change = Callable[[Api, Person], Awaitable[object]]


def sql(statement: str) -> Change:
    """What is done to a person, as `$1`."""

    async def change(api: Api, who: Person) -> None:
        await api.value(statement, who.id)

    return change


async def _delete(api: Api, who: Person) -> None:
    await accounts.delete(api.database, who.id)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(sql("DELETE FROM session WHERE account_id = $1"), "revoked", id="logged out"),
        pytest.param(sql("UPDATE session SET expires_at = now() WHERE account_id = $1"), "revoked", id="expired"),
        pytest.param(sql("UPDATE session SET idle_until = now() WHERE account_id = $1"), "revoked", id="idle"),
        pytest.param(_delete, "revoked", id="deleted"),
        pytest.param(sql("UPDATE account SET role = 'readonly' WHERE id = $1"), "access_changed", id="another role"),
        pytest.param(
            sql("UPDATE account SET customer_ids = '{}' WHERE id = $1"), "access_changed", id="other customers"
        ),
    ],
)
async def test_a_person_who_may_see_less_is_told_no_more(api: Api, bus: Bus, change: Change, reason: str) -> None:
    who = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    another = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with (
        on_air(api, bus) as desk,
        desk.listening(headers=who.headers) as listener,
        desk.listening(headers=another.headers) as other,
    ):
        before = await desk.tell_many(1)
        assert ids(await listener.events(1)) == before
        await change(api, who)
        (end,) = await listener.rest()
        assert (end.event, end.json["reason"]) == ("end", reason)
        after = await desk.tell_many(1)
        assert ids(await other.events(2)) == before + after


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM api_token WHERE id = $1", "UPDATE api_token SET expires_at = now() WHERE id = $1"],
    ids=["revoked", "expired"],
)
async def test_a_token_that_is_over_ends_its_streams(api: Api, bus: Bus, statement: str) -> None:
    token = await api.token(await organization_of(api, "Ours"))
    number = await api.value("SELECT max(id) FROM api_token")
    headers = {"Authorization": f"Bearer {token}"}
    async with on_air(api, bus) as desk, desk.listening(headers=headers) as listener:
        await api.value(statement, number)
        (end,) = await listener.rest()
        assert (end.event, end.json["reason"]) == ("end", "revoked")
        assert (await desk.refused(headers=headers))[0] == 401
        assert not desk.room.streams()


async def test_what_changes_nothing_of_what_may_be_seen_ends_nothing(api: Api, bus: Bus) -> None:
    boss = await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))
    ours = str(await organization_of(api, "Ours"))
    async with (
        on_air(api, bus) as desk,
        desk.listening(RESULTS, {"organizationId": ours}, headers=boss.headers) as listener,
    ):
        await api.value("UPDATE account SET first_name = 'N', last_login_at = now() WHERE id = $1", boss.id)
        for _ in range(3):  # comments, so a few reviews as well
            assert (block := await listener.block())
            assert not block.data
        names = await desk.tell_many(1)
        assert ids(await listener.events(1)) == names


async def test_a_reader_that_falls_behind_is_disconnected_and_can_resume(api: Api, bus: Bus) -> None:
    """As long as it can still be told, it is: here it was its queue that was full."""
    bounds = Bounds(events=50, comment_seconds=0.1)
    async with on_air(api, bus, bounds=bounds) as desk, desk.listening() as listener:
        names = await desk.tell_many(1)
        last = (await listener.events(1))[-1].id
        (stream,) = desk.room.streams()
        for told in range(60):
            stream.queue(b": %d\n\n" % told)  # at once, as a burst from the broker comes
        (end,) = await listener.rest()
        assert (end.event, end.json["reason"]) == ("end", "slow_reader")
        names += await desk.tell_many(3)
        async with desk.listening(last=last) as again:
            assert ids(await again.events(3)) == names[1:]


async def test_a_burst_ends_no_reader_that_keeps_up(api: Api, bus: Bus) -> None:
    """What arrived at once is told some at a time, so that readers have their turn in between."""
    async with on_air(api, bus, bounds=Bounds(events=60)) as desk, desk.listening() as listener:
        names = await desk.tell_many(500)
        assert ids(await listener.events(500)) == names


async def test_an_end_gives_no_id_of_what_was_not_told(bus: Bus) -> None:
    """A comment is due just as a stream is ended with an event still waiting: to resume there would skip the event."""
    room = Room(bounds=Bounds(comment_seconds=0.0))
    room.begin(Place("19a", 6))
    room.ready()
    holder = Holder(principal=Principal(works_in=1, role=Role.ADMIN, token_id=1), credential=b"x")
    subscription = room.open(Wanted(organization=ORGANIZATION, types=frozenset({"result"})), holder)
    async with aclosing(Stream(room, bus, subscription, None).chunks()) as chunks:
        while b"19a-6" not in await anext(chunks):
            pass
        await anext(chunks)  # by now it waits for what comes
        next_chunk = asyncio.create_task(anext(chunks))
        await asyncio.sleep(0)
        event = an_event()
        subject = subjects.event(event.organization_id, event.customer_id, event.monitor_id, "result")
        room.tell(Told(Place("19a", 7), subject, msgspec.json.encode(event)))
        assert subscription.waiting
        room.stop()
        rest = await next_chunk + b"".join([chunk async for chunk in chunks])
    assert b"19a-7" not in rest
    assert b"stopping" in rest
    room.close(subscription)


async def test_a_reader_that_is_stuck_is_cut_off(api: Api, bus: Bus) -> None:
    async with on_air(api, bus, bounds=QUICK) as desk:
        with _stuck(desk) as stuck:
            await _fill(desk)
            async with asyncio.timeout(10):
                while desk.room.streams():
                    await asyncio.sleep(0.02)
            await _closed(stuck)


async def test_many_slow_readers_hold_up_nobody_and_keep_no_memory(api: Api, bus: Bus) -> None:
    bounds = Bounds(events=200, bytes=200_000, comment_seconds=0.1)
    async with on_air(api, bus, bounds=bounds) as desk:
        stuck = [_stuck(desk) for _ in range(20)]
        async with desk.listening() as listener:
            names: list[str] = []
            for _ in range(10):
                names += await desk.tell_many(100)
                assert ids(await listener.events(100)) == names[-100:]
            waiting = [stream for stream in desk.room.streams() if not stream.over]
            assert all(stream._bytes <= bounds.bytes for stream in waiting)
        for each in stuck:
            each.close()


async def test_a_stop_ends_every_stream_within_a_second(api: Api, bus: Bus) -> None:
    """Also those that are stuck, and those that read the past."""
    async with on_air(api, bus, limits=Limits(ring_events=2)) as desk:
        await desk.tell_many(50)
        stuck = _stuck(desk)
        await _fill(desk)
        async with (
            desk.listening() as live,
            desk.room.reading,
            desk.listening(last=desk.id_of(1)) as behind,
        ):
            async with _seconds_of_the_loop() as seconds:
                desk.room.stop()
                ends = [(await listener.rest())[-1] for listener in (live, behind)]
                assert [end.json["reason"] for end in ends] == ["stopping", "stopping"]
                async with asyncio.timeout(10):
                    while desk.room.streams():
                        await asyncio.sleep(0.01)
                assert seconds() < 1
            async with desk.listening() as late:
                (end,) = await late.rest()
                assert end.json["reason"] == "stopping"
        stuck.close()


async def test_a_caller_may_hold_so_many_streams_and_the_controller_too(api: Api, bus: Bus) -> None:
    limits = Limits(streams=3, streams_of_one=2)
    other = {"Authorization": f"Bearer {api.customer_token}"}
    async with on_air(api, bus, limits=limits) as desk:
        async with desk.listening(), desk.listening():
            assert await desk.refused() == (429, "Too many open streams: 2 at most")
            async with desk.listening(headers=other):
                assert await desk.refused(headers=other) == (429, "Too many open streams on this controller")
        async with asyncio.timeout(10):
            while desk.room.streams():  # a client that left is noticed
                await asyncio.sleep(0.01)
        async with desk.listening(), desk.listening():
            assert len(desk.room.streams()) == 2


def _stuck(desk: Desk) -> socket.socket:
    """A client that asks and never reads."""
    host, _, port = desk.address.removeprefix("http://").partition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    token = desk.api.client.headers["Authorization"]
    client.sendall(f"GET {RESULTS} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    return client


async def _fill(desk: Desk) -> None:
    """More than sockets and buffers hold, so that writing to who does not read has to wait."""
    async with asyncio.timeout(10):
        while not desk.room.streams():
            await asyncio.sleep(0.01)
        (stream,) = desk.room.streams()
        frame = b": " + b"x" * 60_000 + b"\n\n"
        while not (stream.over or (stream.waiting and stream._writing)):
            stream.queue(frame)
            await asyncio.sleep(0.002)


@asynccontextmanager
async def _seconds_of_the_loop() -> AsyncIterator[Callable[[], float]]:
    """How long the loop has turned since: while the whole machine stands still, it does not."""
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
