"""Ops are warned once when locations fall silent or a clock is off, and once when it is over; nobody else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.decisions.received_results import RejectionReason
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.ops.location_watch import LocationWatch
from controller.store.checks.dead_letters import DeadLetter, store_dead_letters
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from tests.integration.pipeline.small_installation import SmallInstallation

OPS = "ops@example.net"


class Clock:
    """A clock that advances only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class OpsNoticeCase:
    """Three locations, and an ops watch that has been running for two minutes."""

    def __init__(self, small_installation: SmallInstallation, watch: LocationWatch, clock: Clock) -> None:
        self.installation = small_installation
        self.watch = watch
        self.clock = clock

    async def heartbeat(
        self, country: str, seconds_ago: float, *, agent: str = "agent-1", clock_ms: Any = None
    ) -> None:
        await self.installation.value(
            "INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at, clock_offset_ms)"
            " SELECT id, $2, '{smtp}', '1', now(), clock_timestamp() - make_interval(secs => $3), $4"
            " FROM location WHERE code = $1 ON CONFLICT (location_id, name)"
            " DO UPDATE SET last_seen_at = excluded.last_seen_at, clock_offset_ms = excluded.clock_offset_ms",
            country.lower(),
            agent,
            float(seconds_ago),
            clock_ms,
        )

    async def review(self, seconds_later: float = 2.0) -> None:
        self.clock.now += seconds_later
        await self.watch.review()

    async def notices(self) -> list[tuple[str, str, bool]]:
        """Of each notice the receiver, the title, and whether it says that something is over."""
        return [
            (receiver, notice["title"], notice["over"])
            for receiver, notice in await self.installation.rows("SELECT receiver, notice FROM delivery ORDER BY id")
        ]


@pytest.fixture
async def case(database_url: str, bus: Bus) -> AsyncIterator[OpsNoticeCase]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        small_installation = SmallInstallation(db, bus)
        await small_installation.begin("DE", "FR", "US")
        clock = Clock()
        case = OpsNoticeCase(small_installation, LocationWatch(db, bus, [OPS], clock=clock), clock)
        for country in ("DE", "FR", "US"):
            await case.heartbeat(country, 0)
        for _ in range(15):
            await case.review(8.0)
        yield case


async def test_a_silent_location_is_reported_once_and_its_return_once(case: OpsNoticeCase) -> None:
    await case.heartbeat("DE", 50)
    await case.review()
    assert await case.notices() == []
    await case.heartbeat("DE", 61)
    for _ in range(5):
        await case.review()
    silent = (OPS, "Location de silent, 1 of 3", False)
    assert await case.notices() == [silent]
    await case.heartbeat("DE", 1)
    for _ in range(5):
        await case.review()
    assert await case.notices() == [silent, (OPS, "Location de back", True)]
    numbers = await case.installation.rows("SELECT DISTINCT notice ->> 'subjectId' FROM delivery")
    assert len(numbers) == 1  # the notice of the return refers to that of the silence
    await case.heartbeat("DE", 70)
    await case.review()
    assert (await case.notices())[2:] == [silent]


async def test_unexpected_results_are_reported_once_for_each_location_and_once_when_they_end(
    case: OpsNoticeCase,
) -> None:
    def message(location: str, why: RejectionReason) -> DeadLetter:
        return DeadLetter(f"mailprobe.result.{location}.{location}", why, "in words", b"{}")

    await store_dead_letters(
        case.installation.db,
        [message("us", RejectionReason.UNKNOWN_ORIGIN), message("xx", RejectionReason.NOT_EXPECTED)],
    )
    await case.review()
    assert await case.notices() == []  # of a monitor deleted long ago, and of a location removed since
    await store_dead_letters(
        case.installation.db,
        [message("de", RejectionReason.NOT_EXPECTED)] * 2 + [message("fr", RejectionReason.WRONG_CHECK_ID)],
    )
    await case.review()
    await store_dead_letters(case.installation.db, [message("de", RejectionReason.NOT_EXPECTED)])
    await case.review()
    warning = (OPS, "Unrequested results: locations de, fr", False)
    assert await case.notices() == [warning]
    [(paragraphs,)] = await case.installation.rows("SELECT notice ->> 'paragraphs' FROM delivery")
    assert "DE (de): 2 in the last hour or two, the latest at" in paragraphs
    await case.installation.value("UPDATE dead_letter_count SET last_at = now() - interval '61 min'")
    for _ in range(3):
        await case.review()
    assert await case.notices() == [warning, (OPS, "No more unrequested results: locations de, fr", True)]
    await store_dead_letters(case.installation.db, [message("fr", RejectionReason.ANOTHER_LOCATION)])
    await case.review()
    assert (await case.notices())[2:] == [(OPS, "Unrequested results: location fr", False)]


async def test_locations_that_die_together_are_reported_together(case: OpsNoticeCase) -> None:
    for country, ago in (("DE", 60.5), ("FR", 55), ("US", 51)):
        await case.heartbeat(country, ago)
    await case.review()
    assert await case.notices() == []  # two more are about to be silent
    for country, ago in (("DE", 70), ("FR", 64.5), ("US", 60.5)):
        await case.heartbeat(country, ago)
    await case.review()
    assert await case.notices() == [(OPS, "Locations de, fr, us silent, 3 of 3", False)]
    await case.heartbeat("US", 0)
    await case.review()
    await case.heartbeat("DE", 0)
    await case.heartbeat("FR", 0)
    await case.review()
    assert (await case.notices())[1:] == [(OPS, "Locations de, fr, us back", True)]


async def test_one_that_stays_behind_does_not_hold_up_the_others_for_long(case: OpsNoticeCase) -> None:
    await case.heartbeat("DE", 76)
    await case.heartbeat("FR", 40)
    await case.review()
    assert await case.notices() == [(OPS, "Location de silent, 1 of 3", False)]
    await case.heartbeat("FR", 61)
    await case.review()
    assert (await case.notices())[1:] == [(OPS, "Location fr silent, 1 of 3", False)]
    await case.heartbeat("DE", 0)
    for _ in range(7):
        await case.review()
    assert len(await case.notices()) == 2  # the other location may be about to come back, too
    for _ in range(3):
        await case.heartbeat("DE", 0)
        await case.review()
    assert (await case.notices())[2:] == [(OPS, "Location de back", True)]


async def test_another_agent_of_the_location_is_enough(case: OpsNoticeCase) -> None:
    await case.heartbeat("DE", 500)
    await case.heartbeat("DE", 3, agent="agent-2")
    await case.review()
    assert await case.notices() == []


@pytest.mark.parametrize("of_operators", [True, False])
async def test_a_location_under_maintenance_of_the_operators_may_be_silent(
    case: OpsNoticeCase, *, of_operators: bool
) -> None:
    organization = await case.installation.value("SELECT min(id) FROM organization")
    if not of_operators:
        organization = await case.installation.value("INSERT INTO organization (name) VALUES ('Other') RETURNING id")
    window = await case.installation.value(
        "INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect)"
        " VALUES ($1, 'Move', 'UTC', now(), 'silence') RETURNING id",
        organization,
    )
    await case.installation.value(
        "INSERT INTO maintenance_target (window_id, location_id) SELECT $1, id FROM location WHERE code = 'de'", window
    )
    await case.installation.value(
        "INSERT INTO maintenance_occurrence (window_id, planned_at, from_at) VALUES ($1, now(), now())", window
    )
    await case.heartbeat("DE", 100)
    await case.review()
    silent = [(OPS, "Location de silent, 1 of 3", False)]
    assert await case.notices() == ([] if of_operators else silent)
    await case.installation.value("DELETE FROM maintenance_window")
    await case.review()
    assert await case.notices() == silent


async def test_a_disabled_location_and_one_that_never_had_an_agent_are_not_silent(case: OpsNoticeCase) -> None:
    await case.installation.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('new', 'New', 'SE', 'x')"
    )
    await case.heartbeat("DE", 500)
    await case.installation.value("UPDATE location SET enabled = false WHERE code = 'de'")
    await case.review()
    assert await case.notices() == []
    await case.installation.value("UPDATE location SET enabled = true WHERE code = 'de'")
    await case.review()
    assert [title for _, title, _ in await case.notices()] == ["Location de silent, 1 of 3"]
    await case.installation.value("UPDATE location SET enabled = false WHERE code = 'de'")
    await case.review()
    assert await case.installation.rows("SELECT * FROM ops_notice") == []
    assert len(await case.notices()) == 1


async def test_time_without_a_working_controller_is_not_silence(case: OpsNoticeCase) -> None:
    """When the controller, the database or the broker was away, the watch begins anew."""
    for country in ("DE", "FR", "US"):
        await case.heartbeat(country, 300)
    await case.review(120.0)
    for _ in range(29):
        await case.review()
    assert await case.notices() == []
    await case.review()
    await case.review()
    assert [title for _, title, _ in await case.notices()] == ["Locations de, fr, us silent, 3 of 3"]


async def test_several_controllers_warn_once(case: OpsNoticeCase) -> None:
    others = []
    for _ in range(4):
        watch = LocationWatch(case.installation.db, case.installation.bus, [OPS], clock=case.clock)
        watch._since, watch._reviewed_at = 0.0, case.clock.now
        others.append(watch)
    for country in ("DE", "FR"):
        await case.heartbeat(country, 90)
    case.clock.now += 2
    await asyncio.gather(*(watch.review() for watch in [case.watch, *others]))
    assert len(await case.notices()) == 1
    for country in ("DE", "FR"):
        await case.heartbeat(country, 0)
    case.clock.now += 2
    await asyncio.gather(*(watch.review() for watch in [case.watch, *others]))
    assert [over for _, _, over in await case.notices()] == [False, True]


async def test_each_ops_channel_is_notified_once_and_no_customer_is(case: OpsNoticeCase) -> None:
    insert = (
        "INSERT INTO notification_channel (organization_id, customer_id, type, name, config, for_ops, is_active)"
        " SELECT organization_id, CASE WHEN $5 THEN id END, $1, $2, $3, $4, $6 FROM customer"
    )
    await case.installation.value(
        insert, "webhook", "On call", {"url": "https://hooks.example.com/x"}, True, False, True
    )
    await case.installation.value(
        insert, "email", "Mail", {"email": f"{OPS.upper()}, second@example.net"}, True, False, True
    )
    await case.installation.value(insert, "email", "Everybody", {"email": "all@example.net"}, False, False, True)
    await case.installation.value(insert, "email", "Customer", {"email": "customer@example.net"}, False, True, True)
    await case.installation.value(insert, "email", "Off", {"email": "off@example.net"}, True, False, False)
    await case.installation.value("INSERT INTO organization (name) VALUES ('Other')")
    await case.installation.value(
        "INSERT INTO notification_channel (organization_id, type, name, config, for_ops)"
        """ SELECT max(id), 'email', 'Theirs', '{"email": "theirs@example.net"}', true FROM organization"""
    )
    await case.heartbeat("DE", 61)
    await case.review()
    deliveries = await case.installation.rows(
        "SELECT type, receiver, channel_id IS NULL FROM delivery ORDER BY receiver"
    )
    assert deliveries == [("webhook", "On call", False), ("email", OPS, True), ("email", "second@example.net", False)]


async def test_a_clock_that_is_off_is_reported_once_and_when_it_is_right_again(case: OpsNoticeCase) -> None:
    await case.heartbeat("DE", 0, clock_ms=1999.0)
    await case.review()
    assert await case.notices() == []
    await case.heartbeat("DE", 0, clock_ms=-2500.0)
    for _ in range(3):
        await case.review()
    assert await case.notices() == [(OPS, "Clock off: de/agent-1", False)]
    paragraphs = await case.installation.value("SELECT notice -> 'paragraphs' ->> 0 FROM delivery")
    assert paragraphs == "The clock of agent de/agent-1 is 2.5 s behind the broker's."
    await case.heartbeat("DE", 0, clock_ms=-1500.0)  # below the limit, but not by enough
    await case.review()
    assert len(await case.notices()) == 1
    await case.heartbeat("DE", 0, clock_ms=20.0)
    for _ in range(3):
        await case.review()
    assert (await case.notices())[1:] == [(OPS, "Clock right again: de/agent-1", True)]
