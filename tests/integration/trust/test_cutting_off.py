"""Keys that are revoked in the database are revoked on the broker and stay so; all others keep working."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
import structlog
from nats.aio.client import Client

from controller.store.locations import locations
from controller.store.locations.keys import revoked_users
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.credentials import Credentials
from shared.nats.errors import BusError
from tests.integration.pipeline.small_installation import eventually
from tests.integration.trust.site import Site, logged_in


async def test_a_disabled_location_is_cut_off_at_once_and_enabled_it_comes_in_with_the_same_key(site: Site) -> None:
    german, american = await site.add("de", "DE"), await site.add("us", "US")
    await site.reconcile()
    async with logged_in(site.server.url, german) as agent, logged_in(site.server.url, american) as elsewhere:
        await locations.set_enabled(site.database, "de", enabled=False)
        await site.reconcile()
        await gone(agent)
        assert elsewhere.is_connected
    assert not await site.may_log_in(german)
    assert await site.may_log_in(american)
    await locations.set_enabled(site.database, "de", enabled=True)
    await site.reconcile()
    assert await site.may_log_in(german)


async def test_new_keys_work_beside_the_old_ones_until_those_end(site: Site) -> None:
    old = await site.add()
    new = await site.rotate("de", timedelta(hours=1))
    await site.reconcile()
    assert await site.may_log_in(old)
    assert await site.may_log_in(new)
    async with logged_in(site.server.url, old) as agent, logged_in(site.server.url, new) as replaced:
        await site.value("UPDATE location_key SET ends_at = now() - interval '1 ms' WHERE nats_user = $1", old.user)
        await site.reconcile()
        await gone(agent)
        assert replaced.is_connected


async def test_leaked_keys_end_at_once_and_those_made_in_the_same_second_work(site: Site) -> None:
    leaked = await site.add()
    new = await site.rotate("de", timedelta())
    await site.reconcile()
    assert not await site.may_log_in(leaked)
    assert await site.may_log_in(new)


async def test_a_key_made_by_a_clock_that_is_ahead_is_cut_off_too(site: Site) -> None:
    ahead = utc_now() + timedelta(days=3)
    credentials = await site.add(now=ahead)
    await site.reconcile()
    assert await site.may_log_in(credentials)
    await locations.set_enabled(site.database, "de", enabled=False)
    await site.reconcile()
    assert not await site.may_log_in(credentials)


async def test_keys_of_a_removed_location_never_work_again_also_when_it_comes_back(site: Site) -> None:
    before = await site.add()
    await locations.set_enabled(site.database, "de", enabled=False)
    assert await locations.remove(site.database, "de")
    await site.reconcile()
    assert not await site.may_log_in(before)
    after = await site.add()
    await site.reconcile()
    assert await site.may_log_in(after)
    assert not await site.may_log_in(before)


async def test_a_subscriber_is_cut_off_until_its_login_has_ended_anyway(site: Site) -> None:
    reader = await site.subscribe("sub-r", uuid4())
    await site.reconcile()
    async with logged_in(site.server.url, reader) as client:
        await site.value("UPDATE subscriber SET revoked_at = now()")
        await site.reconcile()
        await gone(client)
    assert list(await revoked_users(site.database)) == [reader.user]
    await site.value("UPDATE subscriber SET expires_at = now() - interval '25 hours'")
    assert await revoked_users(site.database) == {}


async def test_revocations_outlast_a_restart_without_a_controller_and_a_newer_configuration(site: Site) -> None:
    """A later configuration does not list what was revoked; the accounts that the server stored take precedence."""
    credentials = await cut_off(site)
    await site.stop()
    site.configure(utc_now() + timedelta(days=1))
    await site.start()
    assert not await site.may_log_in(credentials)


async def test_a_broker_that_lost_its_accounts_gets_them_again(site: Site) -> None:
    credentials = await cut_off(site)
    await site.stop()
    shutil.rmtree(site.folder / "claims")
    await site.start()
    other = await site.add("us", "US")
    await site.reconcile()
    assert await site.may_log_in(other)
    assert not await site.may_log_in(credentials)


async def test_a_broker_gets_only_what_it_does_not_know(site: Site) -> None:
    await cut_off(site)
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await site.reconcile()
    assert "claims_changed" not in [line["event"] for line in logged]


async def test_a_broker_that_is_away_is_updated_when_it_is_back(site: Site) -> None:
    credentials = await site.add()
    async with site.keeper() as keeper:
        await keeper.reconcile()
        await locations.set_enabled(site.database, "de", enabled=False)
        await site.stop()
        with pytest.raises(BusError):
            await keeper.reconcile()
        await site.start()

        async def broker_knows() -> bool:
            try:
                await keeper.reconcile()
            except BusError:
                return False
            return True

        await eventually(broker_knows)
    assert not await site.may_log_in(credentials)


async def test_an_agent_that_is_cut_off_logs_it_once_and_comes_back_by_itself(site: Site) -> None:
    credentials = await site.add()
    await site.reconcile()
    with structlog.testing.capture_logs() as logged:
        async with Bus.open(Broker(site.server.url, credentials, location="de"), name="agent") as agent:
            await agent.wait_connected()
            await locations.set_enabled(site.database, "de", enabled=False)
            await site.reconcile()
            await eventually(partial(refused_often, site))
            await locations.set_enabled(site.database, "de", enabled=True)
            await site.reconcile()
            async with asyncio.timeout(30):
                await agent.wait_connected()
    problems = [(line["event"], line.get("error")) for line in logged if line["log_level"] != "info"]
    assert problems == [
        ("nats_closed_by_server", "nats: user authentication revoked"),
        ("nats_login_refused", "nats: 'Authorization Violation'"),
    ]


async def refused_often(site: Site) -> bool:
    """Whether at least three logins have failed."""
    return (site.folder / "nats.log").read_text().count("authentication error") >= 3


async def gone(client: Client) -> None:
    async with asyncio.timeout(20):
        while client.is_connected:
            await asyncio.sleep(0.02)


async def cut_off(site: Site) -> Credentials:
    """The credentials of a location that was disabled, which the broker knows."""
    credentials = await site.add()
    await locations.set_enabled(site.database, "de", enabled=False)
    await site.reconcile()
    assert not await site.may_log_in(credentials)
    return credentials
