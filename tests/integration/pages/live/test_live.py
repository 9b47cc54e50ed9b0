"""What open pages are sent: only what concerns them, and to everybody the same."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.model import Role
from controller.streaming.hub import HubLimits
from controller.streaming.subscription import Bounds
from shared.nats.bus import Bus
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.outages import add_delivery, make_locations, outage
from tests.integration.api.people import organization_of, person
from tests.integration.api.stream.stream_client import MONITOR, StreamClient, a_verdict, open_streams
from tests.integration.pages.live.live_client import LIVE, PACE, following, live_pages

PAGE = f"/monitors/{MONITOR}"
OTHER = f"/monitors/{uuid4()}"
STRANGE = "aaaaaaaa-0000-4000-8000-00000000000f"


async def test_a_page_is_out_of_date_when_something_happened_to_what_it_shows(api: Api, bus: Bus) -> None:
    async with live_pages(api, bus) as streams, following(streams, PAGE, OTHER, "/incidents") as follower:
        await follower.settled()
        await streams.publish()
        assert await follower.view() == {"view": PAGE, "patch": {}, "shown": None, "stale": True}
        await follower.beats(3)
        await streams.publish(a_verdict())
        assert [(await follower.view())["view"] for _ in range(2)] == [PAGE, "/incidents"]
        await follower.beats(3)


async def test_many_events_make_one_message_in_each_turn(api: Api, bus: Bus) -> None:
    async with live_pages(api, bus, pace=0.5) as streams, following(streams, PAGE) as follower:
        await follower.settled()
        for _ in range(5):
            await streams.publish_many(20)
        assert (await follower.view())["stale"]
        await follower.beats(2)


async def test_a_beat_has_the_time_and_what_is_wrong(api: Api, bus: Bus) -> None:
    made = [await api.create(name=f"m{number}") for number in range(4)]
    for monitor, verdict in zip(made, ("down", "down", "partial", "up"), strict=True):
        await _judge(api, monitor["publicId"], verdict)
    await api.value("UPDATE monitor SET status = 'disabled' WHERE public_id = $1", UUID(made[0]["publicId"]))
    async with live_pages(api, bus) as streams, following(streams) as follower:
        (first,) = await follower.beats(1)
        assert (first.json["down"], first.json["partial"]) == (1, 1)
        await _judge(api, made[1]["publicId"], "up")
        await streams.publish(a_verdict())
        while (beat := (await follower.beats(1))[0]).json["down"]:
            pass
        assert beat.json["partial"] == 1
        assert beat.id == str(streams.hub.position)
        assert beat.json["now"] > first.json["now"]
    await api.value("DELETE FROM monitor_state")


async def test_nobody_learns_of_what_happens_to_others(api: Api, bus: Bus) -> None:
    limited = await person(
        api, Role.USER, organization=await organization_of(api, "Ours"), customers=[api.other_customer]
    )
    async with (
        live_pages(api, bus) as streams,
        following(streams, PAGE, "/incidents", headers=limited.headers) as follower,
        following(streams, PAGE, headers={"Authorization": f"Bearer {api.strange_token}"}) as stranger,
        following(streams, PAGE) as ours,
    ):
        for each in (follower, stranger, ours):
            await each.settled()
        await streams.publish()
        await streams.publish(a_verdict())
        assert (await ours.view())["stale"]
        await follower.beats(3)
        await stranger.beats(3)
        await streams.publish(customer=OTHER_CUSTOMER)
        assert (await follower.view())["view"] == PAGE


async def test_a_page_that_missed_something_is_out_of_date_and_another_is_not(api: Api, bus: Bus) -> None:
    async with live_pages(api, bus) as streams:
        async with following(streams) as before:
            await before.settled()
            at = str(streams.hub.position)
            await streams.publish()
            await streams.publish(monitor=uuid4())
            await _position(streams, 2)
        async with following(streams, PAGE, OTHER, since=at) as late:
            assert (await late.view())["view"] == PAGE
            await late.beats(3)
        async with following(streams, PAGE, since=at, last=str(streams.hub.position)) as resumed:
            await resumed.beats(3)


@pytest.mark.parametrize(
    "since", [None, "nonsense", "1-1"], ids=["it does not know", "it is none", "it is of another stream"]
)
async def test_a_page_of_an_unknown_position_is_out_of_date(api: Api, bus: Bus, since: str | None) -> None:
    async with live_pages(api, bus) as streams, following(streams, PAGE, OTHER, since=since) as follower:
        assert {(await follower.view())["view"] for _ in range(2)} == {PAGE, OTHER}
        await follower.beats(3)


async def test_after_a_loss_of_events_every_page_is_out_of_date(api: Api, bus: Bus) -> None:
    async with live_pages(api, bus) as streams, following(streams, PAGE, OTHER) as follower:
        await follower.settled()
        assert streams.hub.position
        streams.hub.skip(streams.hub.position.sequence + 5)
        assert {(await follower.view())["view"] for _ in range(2)} == {PAGE, OTHER}


async def test_the_page_of_an_incident_follows_its_monitor_and_its_deliveries(api: Api, bus: Bus) -> None:
    await make_locations(api)
    monitor = await api.create()
    found = await outage(api, monitor)
    page = f"/incidents/{found.incident.public_id}"
    async with live_pages(api, bus) as streams, following(streams, page, f"/incidents/{uuid4()}") as follower:
        await follower.settled()
        await streams.publish()
        await streams.publish(monitor=UUID(monitor["publicId"]))
        await follower.beats(4)
        event = msgspec.structs.replace(a_verdict(), monitor_id=UUID(monitor["publicId"]))
        await streams.publish(event)
        assert (await follower.view())["view"] == page
        await add_delivery(api, found, "email", None)
        await api.value("UPDATE delivery SET state = 'waiting'")
        assert (await follower.view())["view"] == page
        await api.value("UPDATE delivery SET state = 'sent'")
        await follower.view()
        await follower.beats(6)
    await api.value("DELETE FROM delivery")


async def test_the_locations_are_fetched_again_and_again(api: Api, bus: Bus) -> None:
    async with live_pages(api, bus) as streams, following(streams, "/locations") as follower:
        assert [(await follower.view())["view"] for _ in range(2)] == ["/locations", "/locations"]


async def test_lost_access_ends_the_stream(api: Api, bus: Bus) -> None:
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with live_pages(api, bus) as streams, following(streams, PAGE, headers=user.headers) as follower:
        await follower.settled()
        await api.value("DELETE FROM session WHERE account_id = $1", user.id)
        assert await follower.end() == "revoked"
        assert not streams.hub._observers


async def test_a_stop_ends_the_stream(api: Api, bus: Bus) -> None:
    async with live_pages(api, bus) as streams, following(streams, PAGE) as follower:
        await follower.settled()
        streams.hub.stop()
        assert await follower.end() == "stopping"


async def test_a_stream_that_is_not_read_ends(api: Api, bus: Bus) -> None:
    bounds = Bounds(events=3, pace_seconds=PACE)
    async with open_streams(api, bus, bounds=bounds) as streams, following(streams, PAGE) as follower:
        await follower.settled()
        (stream,) = streams.hub.streams()
        for _ in range(4):
            stream.queue(b": x\n\n")
        assert await follower.end() == "slow_reader"


async def test_streams_of_pages_count_among_all_streams(api: Api, bus: Bus) -> None:
    async with (
        open_streams(api, bus, limits=HubLimits(streams_of_one=1)) as streams,
        following(streams, PAGE),
    ):
        assert (await streams.refused("/api/results/stream"))[0] == 429


@pytest.mark.parametrize(
    "views", [["/"] * 41, ["no-path"], ["/" + "x" * 2000]], ids=["too many", "no path", "too long"]
)
async def test_views_are_limited(api: Api, bus: Bus, views: list[str]) -> None:
    async with live_pages(api, bus) as streams:
        headers = {"Accept": "text/html; fragment", "Authorization": api.client.headers["Authorization"]}
        answer = await api.client.get(f"{streams.address}{LIVE}", params={"view": views}, headers=headers)
    assert answer.status_code == 400


async def _judge(api: Api, monitor: str, verdict: str) -> None:
    await api.value(
        "INSERT INTO monitor_state (monitor_id, state, verdict, stable)"
        " SELECT id, '{}', $2, true FROM monitor WHERE public_id = $1"
        " ON CONFLICT (monitor_id) DO UPDATE SET verdict = EXCLUDED.verdict",
        UUID(monitor),
        verdict,
    )


async def _position(streams: StreamClient, sequence: int) -> None:
    while not streams.hub.position or streams.hub.position.sequence < sequence:
        await asyncio.sleep(0.01)
