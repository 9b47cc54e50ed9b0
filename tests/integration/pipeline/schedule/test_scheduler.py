"""Which checks a leader requests from the locations, and when."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from uuid import UUID

import pytest

from controller.pipeline.housekeeping import settle_checks
from controller.store.monitors.scheduled import monitor_to_trigger
from shared.epoch import to_ms
from shared.wire.rounds import Purpose, check_id, next_due_ms
from shared.wire.sealing import open_login
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.integration.pipeline.scheduling import controller, requests, until_leader_knows
from tests.integration.pipeline.small_installation import SmallInstallation, eventually


async def test_a_new_monitor_is_requested_at_once_in_every_country(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url):
        monitor = await small_installation.monitor(interval=3600)
        [german], [american] = [await requests(small_installation, country, 1) for country in ("DE", "US")]
    due = await small_installation.value("SELECT target_changed_at FROM monitor")
    for request in (german, american):
        assert (request.monitor_id, request.due_at, request.purpose) == (monitor, due, Purpose.SCHEDULED)
        assert request.check_id == check_id(monitor, to_ms(due), request.location, Purpose.SCHEDULED)
        assert request.start_by == due + timedelta(seconds=60)
        assert request.timeout_seconds == 5
        assert request.target == SmtpTarget(host="smtp.example.com", port=25, tls=TlsMode.OPPORTUNISTIC)
    assert (german.country, american.country) == ("DE", "US")


async def test_the_second_round_comes_at_its_phase(small_installation: SmallInstallation, database_url: str) -> None:
    async with controller(small_installation, database_url) as it:
        monitor = await small_installation.monitor(interval=60)
        [first] = await requests(small_installation, "DE", 1)
        due_ms = next_due_ms(monitor, 60_000, to_ms(first.due_at), to_ms(first.due_at))
        it.clock.advance(due_ms - it.clock() - 300)
        [second] = await requests(small_installation, "DE", 1)
        assert 0 <= it.clock() - due_ms < 15_000
    assert to_ms(second.due_at) == due_ms


async def test_a_monitor_limited_to_one_country_is_requested_only_there(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url):
        await small_installation.monitor(interval=3600, countries=["DE"])
        assert len(await requests(small_installation, "DE", 1)) == 1
        assert await small_installation.take_requests("US", 0.3) == []


async def test_a_change_made_elsewhere_reaches_the_leader_within_a_second(
    small_installation: SmallInstallation, database_url: str
) -> None:
    """The fastest of several changes counts, because the machine may stall during one of them."""
    took: list[float] = []
    async with controller(small_installation, database_url):
        await small_installation.monitor(interval=3600)
        await requests(small_installation, "DE", 1)
        for name in ("one.example.com", "two.example.com", "three.example.com"):
            began = monotonic()
            await small_installation.value(
                "UPDATE monitor SET hostname = $1, target_changed_at = clock_timestamp()", name
            )
            [changed] = await requests(small_installation, "DE", 1)
            took.append(monotonic() - began)
            assert [server.host for server in changed.target.endpoints] == [name]
    assert min(took) < 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE monitor SET status = 'disabled'", id="disabled"),
        pytest.param("UPDATE monitor SET deleted_at = now()", id="deleted"),
    ],
)
async def test_a_monitor_that_is_no_longer_active_is_not_requested(
    small_installation: SmallInstallation, database_url: str, change: str
) -> None:
    async with controller(small_installation, database_url) as it:
        await small_installation.monitor(interval=60)
        await requests(small_installation, "DE", 1)
        await it.advance(40_000)
        await requests(small_installation, "DE", 1)
        await small_installation.value(change)
        await until_leader_knows(small_installation, "DE")
        await it.advance(60_000)
        assert await small_installation.take_requests("DE") == []
        assert not any(task.done() for task in it.tasks)


async def test_a_country_without_an_agent_leaves_a_gap_with_that_reason(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url, ready=("DE",)) as it:

        async def known() -> bool:
            return any(it.registry._abilities.values())

        await eventually(known)
        # Otherwise the scheduler waits for as long as a heartbeat takes before it considers a location silent.
        it.registry._listening_since = 0.0
        await small_installation.monitor(interval=3600)
        await requests(small_installation, "DE", 1)

        async def gaps() -> list[tuple[object, ...]]:
            await settle_checks(small_installation.db)
            return await small_installation.rows(
                "SELECT code, reason FROM gap JOIN location ON location.id = location_id"
            )

        assert await eventually(gaps) == [("us", "no_agent")]


async def test_a_password_reaches_its_location_and_nobody_else(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url) as it:
        config = it.vault.conceal({"auth": {"user": "alice", "pass": "wonderland"}}, None, field="smtpConfig")
        monitor = await small_installation.monitor(interval=3600, config=config)
        [german], [american] = [await requests(small_installation, country, 1) for country in ("DE", "US")]
    assert german.sealed_login
    assert american.sealed_login
    login = open_login(german.sealed_login, small_installation.sealing_keys["de"], monitor=monitor, location="de")
    assert (login.user, login.password.reveal()) == ("alice", "wonderland")
    with pytest.raises(Exception, match="not sealed for this location"):
        open_login(german.sealed_login, small_installation.sealing_keys["us"], monitor=monitor, location="de")
    with pytest.raises(Exception, match="not sealed for this location"):
        open_login(german.sealed_login, small_installation.sealing_keys["de"], monitor=UUID(int=1), location="de")


async def test_a_trigger_requests_a_check_now_and_leaves_a_gap_when_nobody_answers(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url) as it:
        await small_installation.monitor(interval=3600)
        await requests(small_installation, "DE", 1)
        monitor = await monitor_to_trigger(
            small_installation.db, await small_installation.value("SELECT id FROM monitor")
        )
        assert monitor
        await it.dispatcher.dispatch_triggered(monitor, it.registry.configured(["DE"]))
        [request] = await requests(small_installation, "DE", 1)
        assert request.purpose is Purpose.TRIGGERED
        await small_installation.value(
            "UPDATE dispatch SET settle_at = now() - interval '1 ms' WHERE purpose = 'triggered'"
        )
        await settle_checks(small_installation.db)
        assert await small_installation.rows("SELECT purpose, reason FROM gap") == [("triggered", "no_result")]


async def test_a_heartbeat_of_an_unknown_location_is_not_registered(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url):
        await small_installation.heartbeat("FR")
        await small_installation.heartbeat("DE", agent="agent-2")

        async def registered() -> bool:
            return bool(await small_installation.value("SELECT count(*) FROM agent") == 3)

        await eventually(registered)
        assert await small_installation.value("SELECT count(*) FROM location") == 2
