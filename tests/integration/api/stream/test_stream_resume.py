"""A client that reconnects resumes where it was: nothing is lost or repeated, or a gap says what may be lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from controller.broker.streams import ensure_streams
from controller.streaming.hub import HubLimits, StreamHub
from controller.streaming.subscription import Bounds
from controller.trust.keys import Trust as Installation
from controller.trust.server_config import server_config
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from tests.fakes.installation import as_controller
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, OTHER_CUSTOMER, Api
from tests.integration.api.stream.stream_client import EVENTS, RESULTS, StreamClient, ids, open_streams

SMALL_RING = HubLimits(ring_events=3)


@pytest.mark.parametrize(
    "limits", [HubLimits(), SMALL_RING], ids=["events come from the ring", "events come from the broker"]
)
async def test_a_client_resumes_after_its_last_event(api: Api, bus: Bus, limits: HubLimits) -> None:
    async with open_streams(api, bus, limits=limits) as streams:
        names = await streams.publish_many(20)
        async with streams.listen() as first:
            await first.events_up_to(20)
        for query, header in ((streams.id_of(7), None), (streams.id_of(1), streams.id_of(7)), (streams.id_of(7), "")):
            async with streams.listen(RESULTS, {"lastEventId": query}, last=header) as again:
                names += await streams.publish_many(1)
                assert ids(await again.events(len(names) - 7)) == names[7:], "the header wins over the query"


@pytest.mark.parametrize(
    "limits", [HubLimits(), SMALL_RING], ids=["events come from the ring", "events come from the broker"]
)
async def test_a_message_that_is_no_event_stops_no_stream(api: Api, bus: Bus, limits: HubLimits) -> None:
    """It stays in EVENTS for days, so each client that resumes before it meets it."""
    subject = subjects.event(UUID(ORGANIZATION), UUID(CUSTOMER), uuid4(), "result")
    nested = b'{"x":\n' + b"[" * 5000 + b"]" * 5000 + b"}"
    async with open_streams(api, bus, limits=limits) as streams:
        names = await streams.publish_many(1)
        refusals = await bus.publish_all([Message(subject, body, str(uuid4())) for body in (nested, b"{\n")])
        assert not any(refusals)
        names += await streams.publish_many(5)
        async with streams.listen(last=streams.id_of(0)) as listener:
            received = await listener.events_up_to(8)
    assert [name for name in ids(received) if name in names] == names


async def test_a_client_can_resume_from_the_id_of_a_comment(api: Api, bus: Bus) -> None:
    """Otherwise a client whose filter seldom matches would resume before the oldest stored event."""
    async with open_streams(api, bus) as streams:
        async with streams.listen(RESULTS, {"customerId": OTHER_CUSTOMER}) as listener:
            await streams.publish_many(9)
            await listener.events_up_to(9)
        own = await streams.publish_many(1, customer=OTHER_CUSTOMER)
        async with streams.listen(RESULTS, {"customerId": OTHER_CUSTOMER}, last=streams.id_of(9)) as again:
            assert ids(await again.events_up_to(10)) == own


async def test_nothing_is_lost_or_repeated_while_clients_reconnect_under_load(api: Api, bus: Bus) -> None:
    """The clients switch from stored to live events at arbitrary moments, from the broker and from the ring."""
    count = 1_500
    async with open_streams(api, bus, limits=HubLimits(ring_events=150)) as streams:
        published: list[str] = []

        async def publish_all() -> None:
            sizes = cycle((1, 29, 7, 16))
            while len(published) < count:
                published.extend(await streams.publish_many(next(sizes)))
                await asyncio.sleep(0.002)

        async def receive(wait: float) -> list[str]:
            """Receive all events, reconnecting again and again."""
            received: list[str] = []
            last, sizes = streams.id_of(0), cycle((1, 170, 13, 64, 2, 101))
            while len(received) < count:
                async with streams.listen(EVENTS, last=last) as listener:
                    for block in await listener.events(min(next(sizes), count - len(received))):
                        received.append(block.json["eventId"])
                        last = block.id
                await asyncio.sleep(wait)
            return received

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(publish_all())
            listeners = [tasks.create_task(receive(wait)) for wait in (0.0, 0.01, 0.04)]
        for listener in listeners:
            received = listener.result()
            assert received == published[: len(received)]


async def test_clients_resume_at_a_controller_that_was_restarted(api: Api, bus: Bus) -> None:
    """The ring starts with the latest events, so that clients need not read the broker one by one."""
    async with open_streams(api, bus) as streams, streams.listen() as listener:
        names = await streams.publish_many(5)
        last = (await listener.events(3))[-1].id
    names += await _publish_while_stopped(api, bus, 4)
    async with open_streams(api, bus) as streams:
        assert streams.hub.position
        assert len(streams.hub.after(streams.hub.position._replace(sequence=3), 10) or ()) == 6
        async with streams.listen(last=last) as listener:
            assert ids(await listener.events(6)) == names[3:]
        async with streams.listen() as fresh:
            assert await fresh.events_up_to(9) == []


async def test_events_that_are_no_longer_stored_are_reported_as_a_gap(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus, limits=SMALL_RING) as streams:
        names = await streams.publish_many(10)
        await _wait_for_event(streams, 10)  # otherwise the ring could still hold some of the purged events
        await bus.client.jsm().purge_stream(subjects.EVENTS, seq=7)  # the first sequence that stays
        async with streams.listen(last=streams.id_of(2)) as listener:
            gap = await listener.event()
            assert (gap.event, gap.id) == ("gap", streams.id_of(6))
            assert (gap.json["reason"], gap.json["from"], gap.json["to"]) == (
                "expired",
                streams.id_of(3),
                streams.id_of(6),
            )
            assert gap.json["message"]
            assert ids(await listener.events(4)) == names[6:]
        async with streams.listen(last=gap.id) as again:
            assert (await again.event()).event == "result", "the gap is reported once"


@pytest.mark.parametrize("kept", [0, 4], ids=["the stream is empty", "the stream holds events"])
async def test_an_id_of_another_stream_is_reported_as_a_gap(api: Api, bus: Bus, kept: int) -> None:
    async with open_streams(api, bus) as streams:
        names = await streams.publish_many(kept)
        for last in ("1234-2", streams.id_of(99)):  # the stream was created anew since, or an older copy was restored
            async with streams.listen(last=last) as listener:
                gap = await listener.event()
                assert (gap.event, gap.id) == ("gap", streams.id_of(0))
                assert (gap.json["reason"], gap.json["to"]) == ("replaced", None)
                names += await streams.publish_many(1)
                assert ids(await listener.events(len(names))) == names


async def test_a_stream_that_is_created_anew_is_reported_to_open_clients(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams, streams.listen() as listener:
        await streams.publish_many(3)
        before = (await listener.events(3))[-1].id
        await bus.client.jsm().delete_stream(subjects.EVENTS)
        await ensure_streams(bus)
        names = await streams.publish_many(2)
        gap, *found = await listener.events(3)
        assert (gap.event, gap.json["reason"]) == ("gap", "replaced")
        assert gap.json["from"] == before.replace("-3", "-4")
        assert ids(found) == names
        assert found[0].id.endswith("-1")
        assert found[0].id != before.replace("-3", "-1")


async def test_events_missed_while_the_broker_was_away_are_sent_when_it_is_back(
    api: Api, installation: Installation, tmp_path: Path
) -> None:
    """The broker is killed and started again. Streams stay open, even one that was opened while the broker was away."""
    server = nats.prepare(tmp_path / "nats", server_config(installation, utc_now()))
    async with supervising() as supervisor:
        await supervisor.start(server.part(tmp_path / "nats.log"))
        broker = as_controller(server.url, installation)
        async with Bus.open(broker, name="controller") as bus, Bus.open(broker, name="another controller") as other:
            await bus.wait_connected()
            await other.wait_connected()
            await ensure_streams(bus)
            async with open_streams(api, bus) as streams, streams.listen() as listener:
                names = await streams.publish_many(2)
                assert ids(await listener.events(2)) == names
                os.kill(supervisor.pids["nats"], signal.SIGKILL)
                await _wait_until(lambda: not (bus.connected or other.connected))
                async with streams.listen(last=streams.id_of(1)) as meanwhile:
                    assert ids(await meanwhile.events(1)) == names[1:]
                    for each in (listener, meanwhile):
                        comment = await each.block()
                        assert comment
                        assert comment.comments == ("still here",)
                    await _wait_until(lambda: other.connected)
                    names += await StreamClient(api, other, streams.hub, "").publish_many(2)
                    assert ids(await meanwhile.events(2)) == names[2:]
                assert ids(await listener.events(2)) == names[2:]


async def test_comments_continue_while_a_stream_waits_to_read_stored_events(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus, limits=HubLimits(ring_events=2, readers=1)) as streams:
        names = await streams.publish_many(8)
        await _wait_for_event(streams, 8)
        async with streams.hub.reading, streams.listen(last=streams.id_of(0)) as listener:
            for _ in range(3):
                block = await listener.block()
                assert block
                assert (block.comments, block.id, block.data) == (("still here",), streams.id_of(0), "")
        async with streams.listen(last=streams.id_of(0)) as listener:
            assert ids(await listener.events(8)) == names


async def test_a_client_that_disconnects_before_its_first_event_loses_nothing(api: Api, bus: Bus) -> None:
    """The stream sends its position at once, not with the first comment 15 seconds later."""
    async with open_streams(api, bus, bounds=Bounds()) as streams:
        names = await streams.publish_many(3)
        for last in (None, streams.id_of(1)):
            async with streams.listen(RESULTS, {"customerId": OTHER_CUSTOMER}, last=last) as listener:
                first = await listener.block()
            assert first
            assert not first.data
            names += await streams.publish_many(2)
            async with streams.listen(last=first.id) as again:
                behind = names[first.sequence :]
                assert ids(await again.events(len(behind))) == behind


async def test_a_stream_waits_for_its_controller_to_reach_the_broker(api: Api, bus: Bus) -> None:
    """A refusal would end a browser's stream for ever, so the stream opens and waits."""
    await bus.client.jsm().delete_stream(subjects.EVENTS)
    async with (
        open_streams(api, bus, bounds=Bounds(), ready=False) as streams,
        streams.listen() as fresh,
        streams.listen(last="1234-2") as resumed,
    ):
        assert (block := await resumed.block())
        assert (block.id, block.data) == ("1234-2", ""), "the position of the request"
        await ensure_streams(bus)
        assert (block := await fresh.block())
        assert (block.id, block.data) == (streams.id_of(0), ""), "the position, as soon as it is known"
        names = await streams.publish_many(2)
        assert ids(await fresh.events(2)) == names
        gap, *found = await resumed.events(3)
        assert gap.json["reason"] == "replaced"
        assert ids(found) == names


async def test_a_stream_that_waits_for_the_broker_sends_comments_and_ends_like_any_other(api: Api, bus: Bus) -> None:
    await bus.client.jsm().delete_stream(subjects.EVENTS)
    async with open_streams(api, bus, ready=False) as streams:
        async with streams.listen():
            assert len(streams.hub.streams()) == 1
        await _wait_until(lambda: not streams.hub.streams())  # until the disconnect is noticed
        async with streams.listen() as listener:
            for _ in range(2):
                assert (block := await listener.block())
                assert (block.comments, block.id) == (("still here",), "")
            streams.hub.stop()
            (end,) = await listener.rest()
            assert (end.event, end.json["reason"]) == ("end", "stopping")


async def _publish_while_stopped(api: Api, bus: Bus, count: int) -> list[str]:
    """Publish results while no controller runs."""
    return await StreamClient(api, bus, StreamHub(), "").publish_many(count)


async def _wait_for_event(streams: StreamClient, sequence: int) -> None:
    """Wait until the hub has received that event."""
    await _wait_until(lambda: streams.hub.position is not None and streams.hub.position.sequence >= sequence)


async def _wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
