"""Ops hear once that locations fell silent, or that a clock is off, and once that it is over; nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.metrics.counts import Parked
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.ops_alerts import LocationWatch
from controller.store.checks.dead_letters import ParkedMessage, park
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from tests.integration.pipeline.world import World

OPS = "ops@example.net"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """Three locations, and a watch that has been watching for two minutes."""

    def __init__(self, world: World, watch: LocationWatch, clock: Clock) -> None:
        self.world = world
        self.watch = watch
        self.clock = clock

    async def heard(self, country: str, seconds_ago: float, *, agent: str = "agent-1", clock_ms: Any = None) -> None:
        await self.world.value(
            "INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at, clock_offset_ms)"
            " SELECT id, $2, '{smtp}', '1', now(), clock_timestamp() - make_interval(secs => $3), $4"
            " FROM location WHERE code = $1 ON CONFLICT (location_id, name)"
            " DO UPDATE SET last_seen_at = excluded.last_seen_at, clock_offset_ms = excluded.clock_offset_ms",
            country.lower(),
            agent,
            float(seconds_ago),
            clock_ms,
        )

    async def look(self, seconds_later: float = 2.0) -> None:
        self.clock.now += seconds_later
        await self.watch.look()

    async def told(self) -> list[tuple[str, str, bool]]:
        """Receiver, title, and whether it says that something is over."""
        return [
            (receiver, notice["title"], notice["over"])
            for receiver, notice in await self.world.rows("SELECT receiver, notice FROM delivery ORDER BY id")
        ]


@pytest.fixture
async def scene(database_url: str, bus: Bus) -> AsyncIterator[Scene]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        world = World(db, bus)
        await world.begin("DE", "FR", "US")
        clock = Clock()
        scene = Scene(world, LocationWatch(db, bus, [OPS], clock=clock), clock)
        for country in ("DE", "FR", "US"):
            await scene.heard(country, 0)
        for _ in range(15):
            await scene.look(8.0)
        yield scene


async def test_a_silent_location_is_told_once_and_its_return_once(scene: Scene) -> None:
    await scene.heard("DE", 50)
    await scene.look()
    assert await scene.told() == []
    await scene.heard("DE", 61)
    for _ in range(5):
        await scene.look()
    silent = (OPS, "Location de silent, 1 of 3", False)
    assert await scene.told() == [silent]
    await scene.heard("DE", 1)
    for _ in range(5):
        await scene.look()
    assert await scene.told() == [silent, (OPS, "Location de back", True)]
    numbers = await scene.world.rows("SELECT DISTINCT notice ->> 'subjectId' FROM delivery")
    assert len(numbers) == 1  # the return answers the notice it belongs to
    await scene.heard("DE", 70)
    await scene.look()
    assert (await scene.told())[2:] == [silent]


async def test_results_that_nobody_asked_for_are_told_once_for_each_location_and_once_that_no_more_came(
    scene: Scene,
) -> None:
    def message(location: str, why: Parked) -> ParkedMessage:
        return ParkedMessage(f"mailprobe.result.{location}.{location}", why, "in words", b"{}")

    await park(scene.world.db, [message("us", Parked.UNKNOWN_ORIGIN), message("xx", Parked.NOBODY_ASKED)])
    await scene.look()
    assert await scene.told() == []  # a monitor deleted long ago, and a location removed since
    await park(scene.world.db, [message("de", Parked.NOBODY_ASKED)] * 2 + [message("fr", Parked.WRONG_CHECK_ID)])
    await scene.look()
    await park(scene.world.db, [message("de", Parked.NOBODY_ASKED)])
    await scene.look()
    told = (OPS, "Results nobody asked for: locations de, fr", False)
    assert await scene.told() == [told]
    [(paragraphs,)] = await scene.world.rows("SELECT notice ->> 'paragraphs' FROM delivery")
    assert "DE (de): 2 in the last hour or two, the latest at" in paragraphs
    await scene.world.value("UPDATE parked_tally SET last_at = now() - interval '61 min'")
    for _ in range(3):
        await scene.look()
    assert await scene.told() == [told, (OPS, "No more results that nobody asked for: locations de, fr", True)]
    await park(scene.world.db, [message("fr", Parked.ANOTHER_LOCATION)])
    await scene.look()
    assert (await scene.told())[2:] == [(OPS, "Results nobody asked for: location fr", False)]


async def test_locations_that_die_together_are_told_together(scene: Scene) -> None:
    for country, ago in (("DE", 60.5), ("FR", 55), ("US", 51)):
        await scene.heard(country, ago)
    await scene.look()
    assert await scene.told() == []  # two more are on their way
    for country, ago in (("DE", 70), ("FR", 64.5), ("US", 60.5)):
        await scene.heard(country, ago)
    await scene.look()
    assert await scene.told() == [(OPS, "Locations de, fr, us silent, 3 of 3", False)]
    await scene.heard("US", 0)
    await scene.look()
    await scene.heard("DE", 0)
    await scene.heard("FR", 0)
    await scene.look()
    assert (await scene.told())[1:] == [(OPS, "Locations de, fr, us back", True)]


async def test_one_that_stays_behind_does_not_hold_up_the_others_for_long(scene: Scene) -> None:
    await scene.heard("DE", 76)
    await scene.heard("FR", 40)
    await scene.look()
    assert await scene.told() == [(OPS, "Location de silent, 1 of 3", False)]
    await scene.heard("FR", 61)
    await scene.look()
    assert (await scene.told())[1:] == [(OPS, "Location fr silent, 1 of 3", False)]
    await scene.heard("DE", 0)
    for _ in range(7):
        await scene.look()
    assert len(await scene.told()) == 2  # the other may be about to come back, too
    for _ in range(3):
        await scene.heard("DE", 0)
        await scene.look()
    assert (await scene.told())[2:] == [(OPS, "Location de back", True)]


async def test_another_agent_of_the_location_is_enough(scene: Scene) -> None:
    await scene.heard("DE", 500)
    await scene.heard("DE", 3, agent="agent-2")
    await scene.look()
    assert await scene.told() == []


async def test_a_disabled_location_and_one_that_never_had_an_agent_are_not_silent(scene: Scene) -> None:
    await scene.world.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('new', 'New', 'SE', 'x')"
    )
    await scene.heard("DE", 500)
    await scene.world.value("UPDATE location SET enabled = false WHERE code = 'de'")
    await scene.look()
    assert await scene.told() == []
    await scene.world.value("UPDATE location SET enabled = true WHERE code = 'de'")
    await scene.look()
    assert [title for _, title, _ in await scene.told()] == ["Location de silent, 1 of 3"]
    await scene.world.value("UPDATE location SET enabled = false WHERE code = 'de'")
    await scene.look()
    assert await scene.world.rows("SELECT * FROM ops_trouble") == []
    assert len(await scene.told()) == 1


async def test_what_nobody_could_hear_is_not_silence(scene: Scene) -> None:
    """The controller, the database or the broker was away: the watch begins anew."""
    for country in ("DE", "FR", "US"):
        await scene.heard(country, 300)
    await scene.look(120.0)
    for _ in range(29):
        await scene.look()
    assert await scene.told() == []
    await scene.look()
    await scene.look()
    assert [title for _, title, _ in await scene.told()] == ["Locations de, fr, us silent, 3 of 3"]


async def test_several_controllers_tell_once(scene: Scene) -> None:
    others = []
    for _ in range(4):
        watch = LocationWatch(scene.world.db, scene.world.bus, [OPS], clock=scene.clock)
        watch._since, watch._looked_at = 0.0, scene.clock.now
        others.append(watch)
    for country in ("DE", "FR"):
        await scene.heard(country, 90)
    scene.clock.now += 2
    await asyncio.gather(*(watch.look() for watch in [scene.watch, *others]))
    assert len(await scene.told()) == 1
    for country in ("DE", "FR"):
        await scene.heard(country, 0)
    scene.clock.now += 2
    await asyncio.gather(*(watch.look() for watch in [scene.watch, *others]))
    assert [over for _, _, over in await scene.told()] == [False, True]


async def test_ops_channels_are_told_each_once_and_no_customer_is(scene: Scene) -> None:
    insert = (
        "INSERT INTO notification_channel (organization_id, customer_id, type, name, config, for_ops, is_active)"
        " SELECT organization_id, CASE WHEN $5 THEN id END, $1, $2, $3, $4, $6 FROM customer"
    )
    await scene.world.value(insert, "webhook", "On call", {"url": "https://hooks.example.com/x"}, True, False, True)
    await scene.world.value(insert, "email", "Mail", {"email": f"{OPS}, second@example.net"}, True, False, True)
    await scene.world.value(insert, "email", "Everybody", {"email": "all@example.net"}, False, False, True)
    await scene.world.value(insert, "email", "Customer", {"email": "customer@example.net"}, False, True, True)
    await scene.world.value(insert, "email", "Off", {"email": "off@example.net"}, True, False, False)
    await scene.world.value("INSERT INTO organization (name) VALUES ('Other')")
    await scene.world.value(
        "INSERT INTO notification_channel (organization_id, type, name, config, for_ops)"
        """ SELECT max(id), 'email', 'Theirs', '{"email": "theirs@example.net"}', true FROM organization"""
    )
    await scene.heard("DE", 61)
    await scene.look()
    told = await scene.world.rows("SELECT type, receiver, channel_id IS NULL FROM delivery ORDER BY receiver")
    assert told == [("webhook", "On call", False), ("email", OPS, True), ("email", "second@example.net", False)]


async def test_a_clock_that_is_off_is_told_once_and_when_it_is_right_again(scene: Scene) -> None:
    await scene.heard("DE", 0, clock_ms=1999.0)
    await scene.look()
    assert await scene.told() == []
    await scene.heard("DE", 0, clock_ms=-2500.0)
    for _ in range(3):
        await scene.look()
    assert await scene.told() == [(OPS, "Clock off: de/agent-1", False)]
    paragraphs = await scene.world.value("SELECT notice -> 'paragraphs' ->> 0 FROM delivery")
    assert paragraphs == "The clock of agent de/agent-1 is 2.5 s behind the broker's."
    await scene.heard("DE", 0, clock_ms=-1500.0)  # near the edge: not yet
    await scene.look()
    assert len(await scene.told()) == 1
    await scene.heard("DE", 0, clock_ms=20.0)
    for _ in range(3):
        await scene.look()
    assert (await scene.told())[1:] == [(OPS, "Clock right again: de/agent-1", True)]
