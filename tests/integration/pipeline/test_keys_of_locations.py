"""What the pipeline does about keys of locations, locations that are gone, and agents of other versions."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from nats.js.errors import NotFoundError

from agent.checks.unsealed_logins import UnsealedLogins
from controller.store.locations import keys as location_keys
from controller.store.locations import locations
from shared.clock import utc_now
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.messages import CheckRequest, Heartbeat
from shared.wire.sealing import SealError, new_key_pair
from shared.wire.targets import KINDS, Secret
from tests.integration.pipeline.scheduling import controller
from tests.integration.pipeline.test_clocks import watched
from tests.integration.pipeline.world import World, eventually

LOGIN = {"auth": {"user": "alice", "pass": "wonderland"}}


def may_log_in(request: CheckRequest, key: Secret) -> bool:
    """Whether an agent with this key in its enrolment has the login."""
    with suppress(SealError):
        login, _ = UnsealedLogins().open(
            request.sealed_logins, key, monitor=request.monitor_id, location=request.location
        )
        return login.password.reveal() == "wonderland"
    return False


async def rotated(world: World) -> Secret:
    """A new key for location DE; the older one stays for an hour."""
    private, public = new_key_pair()
    async with location_keys.rotating(world.db, "de") as rotation:
        assert rotation
        await rotation.store(sealing_key=public, nats_user=f"U{public}", keep=timedelta(hours=1))
    return private


async def asked(world: World, monitor: UUID, kind: str = "smtp", country: str = "DE") -> CheckRequest:
    """The next request for this monitor."""

    async def found() -> list[CheckRequest]:
        await world.value("UPDATE monitor SET target_changed_at = clock_timestamp() WHERE public_id = $1", monitor)
        requests = await world.take_requests(country, kind=kind)
        return [request for request in requests if request.monitor_id == monitor]

    return (await eventually(found))[-1]


async def test_while_keys_are_changed_agents_with_either_file_have_every_login(world: World, database_url: str) -> None:
    await world.value(
        "INSERT INTO location_key (location_id, sealing_key, nats_user)"
        " SELECT id, public_key, 'Uold' FROM location WHERE code = 'de'"
    )
    old = world.sealing_keys["de"]
    async with controller(world, database_url) as it:
        config = it.vault.conceal(LOGIN, None, field="smtpConfig")
        monitor = await world.monitor(config=config, countries=["DE"], interval=3600)
        before = await asked(world, monitor)
        assert (may_log_in(before, old), before.older_sealed_logins) == (True, [])
        new = await rotated(world)

        async def sealed_to_both() -> CheckRequest | None:
            request = await asked(world, monitor)
            assert may_log_in(request, old)
            return request if may_log_in(request, new) else None

        request = await eventually(sealed_to_both)
        assert request is not None
        assert before.sealed_login in request.older_sealed_logins, "what was sealed before is not sealed again"
        await world.value("UPDATE location_key SET ends_at = now() WHERE nats_user = 'Uold'")

        async def sealed_to_one() -> bool:
            request = await asked(world, monitor)
            assert may_log_in(request, new)
            return not may_log_in(request, old)

        assert await eventually(sealed_to_one)


async def test_a_removed_location_leaves_no_consumer_and_is_asked_nothing(world: World, database_url: str) -> None:
    async with controller(world, database_url) as it:
        await locations.set_enabled(world.db, "de", enabled=False)
        assert await locations.remove(world.db, "de")

        async def consumers() -> set[str]:
            found = await world.bus.client.jsm().consumers_info(subjects.CHECKS)
            return {str(each.name) for each in found}

        async def gone() -> bool:
            return await consumers() == {f"us-{kind}" for kind in KINDS}

        await eventually(gone)
        await world.monitor()
        assert [here.code for here in it.roster.locations] == ["us"]
        await world.heartbeat("DE")
        assert await eventually(lambda: world.take_requests("US"))
        with pytest.raises(NotFoundError):
            await world.bus.client.jsm().consumer_info(subjects.CHECKS, "de-smtp")
    assert not (await locations.sightings(world.db)).agents.keys() - {here.id for here in it.roster.locations}


async def test_a_location_is_asked_only_for_kinds_that_one_of_its_agents_knows(world: World, database_url: str) -> None:
    async with controller(world, database_url, ready=()):
        await world.heartbeat("US")
        await world.heartbeat("DE", "older", kinds=("smtp",))
        monitor = await world.monitor(kind="pop3", config={"mailHost": "pop.example.com"}, countries=["DE"])

        async def left_out() -> bool:
            return bool(await world.value("SELECT count(*) FROM dispatch WHERE reason = 'no_agent'"))

        await eventually(left_out)
        assert await world.take_requests("DE", kind="pop3") == []
        await world.heartbeat("DE", "newer", kinds=(*KINDS, "gravity"))
        request = await asked(world, monitor, kind="pop3")
        assert request.location == "de"
        assert await world.take_requests("DE", kind="smtp") == []


async def test_two_locations_of_a_country_are_each_asked_by_themselves(world: World, database_url: str) -> None:
    await world.value("UPDATE location SET country_code = 'DE'")
    async with controller(world, database_url, ready=()):
        for location in ("de", "us"):
            body = msgspec.json.encode(heartbeat_of(location))
            await world.bus.send(subjects.agent("DE", location, "one"), body)
        await world.monitor(countries=["DE"], interval=3600)
        for location in ("de", "us"):
            [request] = await eventually(lambda here=location: world.take_requests(here))  # type: ignore[misc]
            assert (request.location, request.country) == (location, "DE")


def heartbeat_of(location: str) -> Heartbeat:
    now = utc_now()
    return Heartbeat(
        agent="one", location=location, country="DE", kinds=list(KINDS), version="9", started_at=now, sent_at=now
    )


async def test_time_is_told_in_inboxes_only(world: World) -> None:
    """A controller may publish everywhere, and whoever asks names the subject of the answer."""
    await world.bus.publish(Message(subjects.check("DE", "de", "smtp"), b"waits", message_id="waits"))
    manager = world.bus.client.jsm()
    async with watched(world):
        for body in (b"", msgspec.json.encode(heartbeat_of("de"))):
            for reply in ("test.stays", f"$JS.API.STREAM.PURGE.{subjects.CHECKS}", subjects.ALL_CHECKS[:-1] + "x"):
                await world.bus.client.publish(subjects.agent("DE", "de", "one"), body, reply=reply)
        answered = await world.bus.ask(subjects.agent("DE", "de", "doctor"), b"", 5)
    assert answered
    assert (await manager.stream_info("STAYS")).state.messages == 0
    assert (await manager.stream_info(subjects.CHECKS)).state.messages == 1
