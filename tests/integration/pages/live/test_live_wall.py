"""What a wall is sent while it is open, and how the stream of a screen ends."""

from __future__ import annotations

from controller.http.cookies import SCREEN, SCREEN_PATH
from shared.nats.bus import Bus
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.stream.stream_client import a_verdict
from tests.integration.pages.listed import monitor, nothing_there, verdict
from tests.integration.pages.live.live_client import Follower, following, live_pages
from tests.integration.pages.screens.conftest import new_screen

__all__ = ["nothing_there"]

STREAM = f"{SCREEN_PATH}/live"


async def test_a_wall_is_sent_whole_to_who_opens_it_and_then_what_changed(api: Api, bus: Bus) -> None:
    made = await monitor(api, "Relay")
    await verdict(api, made, "up")
    async with live_pages(api, bus) as streams, following(streams, "/wall") as follower:
        first = await follower.view()
        assert (first["view"], first["states"], first["stale"]) == ("/wall", "u", False)
        assert first["dots"].endswith("1 monitor: 1 up")
        await follower.beats(2)
        await verdict(api, made, "down")
        await streams.publish(a_verdict())
        now = await follower.view()
        assert now["states"] == "d"
        assert "Relay" in now["patch"]["board"]


async def test_results_alone_send_nothing(api: Api, bus: Bus) -> None:
    await verdict(api, await monitor(api, "Relay"), "up")
    async with live_pages(api, bus) as streams, following(streams, "/wall") as follower:
        await follower.view()
        await streams.publish_many(20)
        await follower.beats(3)


async def test_after_a_gap_everything_is_sent_again(api: Api, bus: Bus) -> None:
    await verdict(api, await monitor(api, "Relay"), "up")
    async with live_pages(api, bus) as streams, following(streams, "/wall", since="1-1") as follower:
        assert (await follower.view())["stale"]
        assert (await follower.view())["states"] == "u"


async def test_who_opens_the_same_wall_later_gets_all_of_it(api: Api, bus: Bus) -> None:
    await verdict(api, await monitor(api, "Relay"), "up")
    async with live_pages(api, bus) as streams, following(streams, "/wall") as follower:
        await follower.view()
        async with following(streams, "/wall") as other:
            assert (await other.view())["states"] == "u"


async def test_a_screen_follows_its_own_wall_whatever_it_names(api: Api, bus: Bus) -> None:
    await verdict(api, await monitor(api, "ours"), "down")
    await verdict(api, await monitor(api, "other", customerId=OTHER_CUSTOMER), "up")
    cookie = {"Cookie": f"{SCREEN}={await new_screen(api, customer=OTHER_CUSTOMER)}"}
    async with (
        live_pages(api, bus) as streams,
        streams.listen(STREAM, {"view": "/wall"}, headers=cookie) as listener,
    ):
        follower = Follower(listener)
        message = await follower.view()
        while message["stale"]:
            message = await follower.view()
        assert (message["states"], "ours" in message["patch"]["board"]) == ("u", False)
        assert message["view"].startswith(f"/wall?customer={OTHER_CUSTOMER}")


async def test_the_stream_of_a_revoked_screen_ends(api: Api, bus: Bus) -> None:
    cookie = {"Cookie": f"{SCREEN}={await new_screen(api)}"}
    async with live_pages(api, bus) as streams, streams.listen(STREAM, headers=cookie) as listener:
        await api.value("UPDATE screen_token SET revoked_at = now()")
        assert await Follower(listener).end() == "revoked"
