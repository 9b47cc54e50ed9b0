"""A client that broke off goes on exactly where it was: nothing lost, nothing twice, or told what may be lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from controller.broker.streams import ensure_streams
from controller.streaming.hub import Limits, Room
from controller.streaming.subscription import Bounds
from controller.trust.keys import Trust as Installation
from controller.trust.server_config import server_config
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.fakes.installation import as_controller
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.live_desk import EVENTS, RESULTS, Desk, ids, on_air

SMALL_RING = Limits(ring_events=3)


@pytest.mark.parametrize("limits", [Limits(), SMALL_RING], ids=["from the ring", "from the broker"])
async def test_a_client_goes_on_behind_its_last_event(api: Api, bus: Bus, limits: Limits) -> None:
    async with on_air(api, bus, limits=limits) as desk:
        names = await desk.tell_many(20)
        async with desk.listening() as first:
            await first.events_up_to(20)
        for query, header in ((desk.id_of(7), None), (desk.id_of(1), desk.id_of(7)), (desk.id_of(7), "")):
            async with desk.listening(RESULTS, {"lastEventId": query}, last=header) as again:
                names += await desk.tell_many(1)
                assert ids(await again.events(len(names) - 7)) == names[7:], "the header wins over the query"


async def test_an_id_that_came_with_a_comment_is_a_place_as_well(api: Api, bus: Bus) -> None:
    """So that a filter which seldom matches does not fall behind what is kept."""
    async with on_air(api, bus) as desk:
        async with desk.listening(RESULTS, {"customerId": OTHER_CUSTOMER}) as listener:
            await desk.tell_many(9)
            await listener.events_up_to(9)
        own = await desk.tell_many(1, customer=OTHER_CUSTOMER)
        async with desk.listening(RESULTS, {"customerId": OTHER_CUSTOMER}, last=desk.id_of(9)) as again:
            assert ids(await again.events_up_to(10)) == own


async def test_nothing_is_lost_or_repeated_while_events_come_and_clients_break_off(api: Api, bus: Bus) -> None:
    """The change from the past to the present, at any moment, from the broker and from the ring."""
    count = 1_500
    async with on_air(api, bus, limits=Limits(ring_events=150)) as desk:
        told: list[str] = []

        async def tell() -> None:
            sizes = cycle((1, 29, 7, 16))
            while len(told) < count:
                told.extend(await desk.tell_many(next(sizes)))
                await asyncio.sleep(0.002)

        async def listen(wait: float) -> list[str]:
            """Breaking off again and again."""
            heard: list[str] = []
            last, sizes = desk.id_of(0), cycle((1, 170, 13, 64, 2, 101))
            while len(heard) < count:
                async with desk.listening(EVENTS, last=last) as listener:
                    for block in await listener.events(min(next(sizes), count - len(heard))):
                        heard.append(block.json["eventId"])
                        last = block.id
                await asyncio.sleep(wait)
            return heard

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(tell())
            listeners = [tasks.create_task(listen(wait)) for wait in (0.0, 0.01, 0.04)]
        for listener in listeners:
            heard = listener.result()
            assert heard == told[: len(heard)]


async def test_a_controller_that_was_restarted_goes_on_for_its_clients(api: Api, bus: Bus) -> None:
    """Its ring begins with what was told last, so that they need not read the broker one by one."""
    async with on_air(api, bus) as desk, desk.listening() as listener:
        names = await desk.tell_many(5)
        last = (await listener.events(3))[-1].id
    names += await _tell(api, bus, 4)
    async with on_air(api, bus) as desk:
        assert desk.room.place
        assert len(desk.room.after(desk.room.place._replace(sequence=3), 10) or ()) == 6
        async with desk.listening(last=last) as listener:
            assert ids(await listener.events(6)) == names[3:]
        async with desk.listening() as fresh:
            assert await fresh.events_up_to(9) == []


async def test_what_is_not_kept_any_more_is_told_as_a_gap(api: Api, bus: Bus) -> None:
    async with on_air(api, bus, limits=SMALL_RING) as desk:
        names = await desk.tell_many(10)
        await _up_to(desk, 10)  # or the ring would hold some of those that are gone
        await bus.client.jsm().purge_stream(subjects.EVENTS, seq=7)  # the first that stays
        async with desk.listening(last=desk.id_of(2)) as listener:
            gap = await listener.event()
            assert (gap.event, gap.id) == ("gap", desk.id_of(6))
            assert (gap.json["reason"], gap.json["from"], gap.json["to"]) == ("expired", desk.id_of(3), desk.id_of(6))
            assert gap.json["message"]
            assert ids(await listener.events(4)) == names[6:]
        async with desk.listening(last=gap.id) as again:
            assert (await again.event()).event == "result", "the gap is told once"


@pytest.mark.parametrize("kept", [0, 4], ids=["an empty one", "one with events"])
async def test_an_id_of_another_stream_is_told_as_a_gap(api: Api, bus: Bus, kept: int) -> None:
    async with on_air(api, bus) as desk:
        names = await desk.tell_many(kept)
        for last in ("1234-2", desk.id_of(99)):  # made anew since, or an older copy was put back
            async with desk.listening(last=last) as listener:
                gap = await listener.event()
                assert (gap.event, gap.id) == ("gap", desk.id_of(0))
                assert (gap.json["reason"], gap.json["to"]) == ("replaced", None)
                names += await desk.tell_many(1)
                assert ids(await listener.events(len(names))) == names


async def test_a_stream_that_is_made_anew_is_told_to_who_is_listening(api: Api, bus: Bus) -> None:
    async with on_air(api, bus) as desk, desk.listening() as listener:
        await desk.tell_many(3)
        before = (await listener.events(3))[-1].id
        await bus.client.jsm().delete_stream(subjects.EVENTS)
        await ensure_streams(bus)
        names = await desk.tell_many(2)
        gap, *found = await listener.events(3)
        assert (gap.event, gap.json["reason"]) == ("gap", "replaced")
        assert gap.json["from"] == before.replace("-3", "-4")
        assert ids(found) == names
        assert found[0].id.endswith("-1")
        assert found[0].id != before.replace("-3", "-1")


async def test_what_a_listener_missed_while_the_broker_was_away_is_told_when_it_is_back(
    api: Api, installation: Installation, tmp_path: Path
) -> None:
    """It dies and is started again; streams stay open, also one that was opened meanwhile."""
    server = nats.prepare(tmp_path / "nats", server_config(installation, utc_now()))
    async with supervising() as supervisor:
        await supervisor.start(server.part(tmp_path / "nats.log"))
        broker = as_controller(server.url, installation)
        async with Bus.open(broker, name="controller") as bus, Bus.open(broker, name="another controller") as other:
            await bus.wait_connected()
            await other.wait_connected()
            await ensure_streams(bus)
            async with on_air(api, bus) as desk, desk.listening() as listener:
                names = await desk.tell_many(2)
                assert ids(await listener.events(2)) == names
                os.kill(supervisor.pids["nats"], signal.SIGKILL)
                await _until(lambda: not (bus.connected or other.connected))
                async with desk.listening(last=desk.id_of(1)) as meanwhile:
                    assert ids(await meanwhile.events(1)) == names[1:]
                    for each in (listener, meanwhile):
                        comment = await each.block()
                        assert comment
                        assert comment.comments == ("still here",)
                    await _until(lambda: other.connected)
                    names += await Desk(api, other, desk.room, "").tell_many(2)
                    assert ids(await meanwhile.events(2)) == names[2:]
                assert ids(await listener.events(2)) == names[2:]


async def test_comments_go_on_while_a_stream_waits_for_its_turn_to_read(api: Api, bus: Bus) -> None:
    async with on_air(api, bus, limits=Limits(ring_events=2, readers=1)) as desk:
        names = await desk.tell_many(8)
        await _up_to(desk, 8)
        async with desk.room.reading, desk.listening(last=desk.id_of(0)) as listener:
            for _ in range(3):
                block = await listener.block()
                assert block
                assert (block.comments, block.id, block.data) == (("still here",), desk.id_of(0), "")
        async with desk.listening(last=desk.id_of(0)) as listener:
            assert ids(await listener.events(8)) == names


async def test_a_client_that_breaks_off_before_its_first_event_loses_nothing(api: Api, bus: Bus) -> None:
    """It is told at once where it is, not with the first comment 15 seconds later."""
    async with on_air(api, bus, bounds=Bounds()) as desk:
        names = await desk.tell_many(3)
        for last in (None, desk.id_of(1)):
            async with desk.listening(RESULTS, {"customerId": OTHER_CUSTOMER}, last=last) as listener:
                first = await listener.block()
            assert first
            assert not first.data
            names += await desk.tell_many(2)
            async with desk.listening(last=first.id) as again:
                behind = names[first.sequence :]
                assert ids(await again.events(len(behind))) == behind


async def test_a_stream_waits_for_its_controller_to_reach_the_broker(api: Api, bus: Bus) -> None:
    """A refusal would end a browser's stream for ever."""
    await bus.client.jsm().delete_stream(subjects.EVENTS)
    async with (
        on_air(api, bus, bounds=Bounds(), ready=False) as desk,
        desk.listening() as fresh,
        desk.listening(last="1234-2") as resumed,
    ):
        assert (block := await resumed.block())
        assert (block.id, block.data) == ("1234-2", ""), "where it was"
        await ensure_streams(bus)
        assert (block := await fresh.block())
        assert (block.id, block.data) == (desk.id_of(0), ""), "as soon as that is known"
        names = await desk.tell_many(2)
        assert ids(await fresh.events(2)) == names
        gap, *found = await resumed.events(3)
        assert gap.json["reason"] == "replaced"
        assert ids(found) == names


async def test_a_stream_that_waits_for_the_broker_tells_comments_and_ends_as_any_other(api: Api, bus: Bus) -> None:
    await bus.client.jsm().delete_stream(subjects.EVENTS)
    async with on_air(api, bus, ready=False) as desk:
        async with desk.listening():
            assert len(desk.room.streams()) == 1
        await _until(lambda: not desk.room.streams())  # it left
        async with desk.listening() as listener:
            for _ in range(2):
                assert (block := await listener.block())
                assert (block.comments, block.id) == (("still here",), "")
            desk.room.stop()
            (end,) = await listener.rest()
            assert (end.event, end.json["reason"]) == ("end", "stopping")


async def _tell(api: Api, bus: Bus, count: int) -> list[str]:
    """While no controller listens."""
    return await Desk(api, bus, Room(), "").tell_many(count)


async def _up_to(desk: Desk, sequence: int) -> None:
    """Until its room was told that event."""
    await _until(lambda: desk.room.place is not None and desk.room.place.sequence >= sequence)


async def _until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.01)
