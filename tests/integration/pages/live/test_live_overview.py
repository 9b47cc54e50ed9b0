"""The overview while it is open: changed rows, what stands above them, and which rows belong on the page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.model import Role
from controller.operations.overview.overview import bar_time
from controller.pages.live import overview
from shared.clock import utc_now
from shared.nats.bus import Bus
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.outages import outage
from tests.integration.api.people import organization_of, person
from tests.integration.api.stream.stream_client import StreamClient, a_verdict
from tests.integration.pages.listed import latest, monitor, nothing_there, verdict
from tests.integration.pages.live.live_client import Follower, following, live_pages

__all__ = ["nothing_there"]


@pytest.fixture(autouse=True)
def half_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars do not begin a new slice during a test, which makes every overview be fetched anew."""
    now = utc_now()
    monkeypatch.setattr(overview, "bar_time", lambda _: bar_time(now))


async def test_only_rows_that_changed_are_sent(api: Api, bus: Bus) -> None:
    first, second = await _up(api, "First"), await _up(api, "Second")
    async with live_pages(api, bus) as streams, following(streams, "/") as follower:
        await _listed(follower, first, second)
        await latest(api, first, "de-nbg", failure="refused")
        await streams.publish(monitor=UUID(first))
        message = await _about(follower, f"m-{first}")
        assert message["patch"].keys() <= {f"m-{first}", "overview-head"}
        assert "refused" in message["patch"][f"m-{first}"]
        assert f"m-{second}" not in message["patch"]


async def test_a_verdict_brings_the_head_and_the_rows_that_belong_on_the_page(api: Api, bus: Bus) -> None:
    first = await _up(api, "First")
    async with live_pages(api, bus, pace=0.2) as streams, following(streams, "/?state=down") as follower:
        await _listed(follower)
        await verdict(api, first, "down", ago="0 s")
        await _judged(streams, first)
        message = await _about(follower, "overview-head")
        assert "1 down" in message["patch"]["overview-head"]
        assert message["shown"] == [first]
        assert f"m-{first}" not in message["patch"]  # no row is put under somebody's cursor


async def test_somebody_who_comes_later_gets_rows_that_others_do_not_have(api: Api, bus: Bus) -> None:
    first, second = await _up(api, "First"), await _up(api, "Second")
    await verdict(api, first, "down", ago="1 minute")
    async with live_pages(api, bus) as streams, following(streams, "/?state=down") as early:
        await _listed(early, first)
        await verdict(api, second, "down", ago="0 s")
        async with following(streams, "/?state=down") as late:
            await _listed(late, first, second)
            for monitor_id in (first, second):
                await streams.publish(monitor=UUID(monitor_id))
                for follower in (early, late):
                    await _about(follower, f"m-{monitor_id}")


async def test_messages_hold_nothing_of_one_person_and_only_buttons_of_the_role(api: Api, bus: Bus) -> None:
    made = await api.create(name="Failing")
    await outage(api, made)
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    reader = await person(api, Role.READONLY, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with (
        live_pages(api, bus) as streams,
        following(streams, "/", headers=user.headers) as follower,
        following(streams, "/", headers=reader.headers) as reading,
    ):
        heads = [(await _about(each, "overview-head"))["patch"]["overview-head"] for each in (follower, reading)]
        assert ["Acknowledge" in head for head in heads] == [True, False]
        assert 'name="_csrf_token" value=""' in heads[0]


async def test_other_customers_monitors_never_appear(api: Api, bus: Bus) -> None:
    mine = await _up(api, "Mine")
    others = str((await api.create(name="Theirs", customerId=OTHER_CUSTOMER))["publicId"])
    limited = await person(api, Role.USER, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with live_pages(api, bus) as streams, following(streams, "/", headers=limited.headers) as follower:
        await _listed(follower, mine)
        await streams.publish(monitor=UUID(others), customer=OTHER_CUSTOMER)
        await streams.publish(monitor=UUID(others))  # as if the event was wrong
        await streams.publish(monitor=UUID(mine))
        message = await _about(follower, f"m-{mine}")
        assert others not in msgspec.json.encode(message).decode()


async def test_a_new_country_makes_the_page_out_of_date(api: Api, bus: Bus) -> None:
    first = await _up(api, "First")
    async with live_pages(api, bus) as streams, following(streams, "/") as follower:
        await _listed(follower, first)
        await latest(api, first, "fi-hel")
        await streams.publish(monitor=UUID(first))
        while not (await follower.view())["stale"]:
            pass


async def test_a_filter_that_the_page_refuses_has_no_messages(api: Api, bus: Bus) -> None:
    first = await _up(api, "First")
    async with live_pages(api, bus) as streams, following(streams, "/?state=nonsense") as follower:
        await follower.settled()
        await _judged(streams, first)
        await follower.beats(4)


async def _up(api: Api, name: str) -> str:
    public_id = await monitor(api, name)
    await verdict(api, public_id, "up")
    await latest(api, public_id, "de-nbg")
    return public_id


async def _judged(streams: StreamClient, monitor_id: str) -> None:
    await streams.publish(msgspec.structs.replace(a_verdict(), monitor_id=UUID(monitor_id)))


async def _listed(follower: Follower, *monitors: str) -> None:
    """Wait for the message that says that the page lists these."""
    while set((await follower.view())["shown"] or ()) != set(monitors):
        pass


async def _about(follower: Follower, element: str) -> dict[str, Any]:
    """The next message with this element."""
    while element not in (message := await follower.view())["patch"]:
        assert not message["stale"]
    return message
