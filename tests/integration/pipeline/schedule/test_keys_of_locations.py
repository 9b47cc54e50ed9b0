"""How the pipeline handles keys of locations, removed locations, and agents of other versions."""

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
from shared.secret import Secret
from shared.wire import subjects
from shared.wire.messages import CheckRequest, Heartbeat
from shared.wire.sealing import SealError, new_key_pair
from shared.wire.targets import KINDS
from tests.integration.pipeline.ops.working import following_registry
from tests.integration.pipeline.scheduling import controller
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

LOGIN = {"auth": {"user": "alice", "pass": "wonderland"}}


def may_log_in(request: CheckRequest, key: Secret) -> bool:
    """Whether an agent with this key in its enrolment can read the login."""
    with suppress(SealError):
        [login] = UnsealedLogins().of(request, key, request.location).logins.values()
        return login.password.reveal() == "wonderland"
    return False


async def rotated(small_installation: SmallInstallation) -> Secret:
    """Give location DE a new key; the older one stays valid for an hour."""
    private, public = new_key_pair()
    async with location_keys.rotating(small_installation.db, "de") as rotation:
        assert rotation
        await rotation.store(sealing_key=public, nats_user=f"U{public}", keep=timedelta(hours=1))
    return private


async def next_request(
    small_installation: SmallInstallation, monitor: UUID, kind: str = "smtp", country: str = "DE"
) -> CheckRequest:
    """The next request for this monitor."""

    async def found() -> list[CheckRequest]:
        await small_installation.value(
            "UPDATE monitor SET target_changed_at = clock_timestamp() WHERE public_id = $1", monitor
        )
        requests = await small_installation.take_requests(country, kind=kind)
        return [request for request in requests if request.monitor_id == monitor]

    return (await eventually(found))[-1]


async def test_while_keys_are_changed_agents_with_either_file_have_every_login(
    small_installation: SmallInstallation, database_url: str
) -> None:
    await small_installation.value(
        "INSERT INTO location_key (location_id, sealing_key, nats_user)"
        " SELECT id, public_key, 'Uold' FROM location WHERE code = 'de'"
    )
    old = small_installation.sealing_keys["de"]
    async with controller(small_installation, database_url) as it:
        config = it.vault.conceal(LOGIN, None, field="smtpConfig")
        monitor = await small_installation.monitor(config=config, countries=["DE"], interval=3600)
        before = await next_request(small_installation, monitor)
        assert (may_log_in(before, old), before.older_sealed_logins) == (True, [])
        new = await rotated(small_installation)

        async def sealed_to_both() -> CheckRequest | None:
            request = await next_request(small_installation, monitor)
            assert may_log_in(request, old)
            return request if may_log_in(request, new) else None

        request = await eventually(sealed_to_both)
        assert request is not None
        assert before.sealed_login in request.older_sealed_logins, "what was sealed before is not sealed again"
        await small_installation.value(
            "UPDATE location_key SET ends_at = now() - interval '1 ms' FROM location WHERE sealing_key <> public_key"
        )

        async def sealed_to_one() -> bool:
            request = await next_request(small_installation, monitor)
            assert may_log_in(request, new)
            return not may_log_in(request, old)

        assert await eventually(sealed_to_one)


async def test_a_removed_location_leaves_no_consumer_and_gets_no_requests(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url) as it:
        await locations.set_enabled(small_installation.db, "de", enabled=False)
        assert await locations.remove(small_installation.db, "de")

        async def consumers() -> set[str]:
            found = await small_installation.bus.client.jsm().consumers_info(subjects.CHECKS)
            return {str(each.name) for each in found}

        async def gone() -> bool:
            return await consumers() == {f"us-{kind}" for kind in KINDS}

        await eventually(gone)
        await small_installation.monitor()
        assert [here.code for here in it.registry.locations] == ["us"]
        await small_installation.heartbeat("DE")
        assert await eventually(lambda: small_installation.take_requests("US"))
        with pytest.raises(NotFoundError):
            await small_installation.bus.client.jsm().consumer_info(subjects.CHECKS, "de-smtp")
    assert not (await locations.sightings(small_installation.db)).agents.keys() - {
        here.id for here in it.registry.locations
    }


async def test_a_location_gets_only_requests_of_kinds_that_one_of_its_agents_knows(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url, ready=()):
        await small_installation.heartbeat("US")
        await small_installation.heartbeat("DE", "older", kinds=("smtp",))
        monitor = await small_installation.monitor(
            kind="pop3", config={"mailHost": "pop.example.com"}, countries=["DE"]
        )

        async def left_out() -> bool:
            return bool(await small_installation.value("SELECT count(*) FROM dispatch WHERE reason = 'kind_unknown'"))

        await eventually(left_out)
        assert await small_installation.take_requests("DE", kind="pop3") == []
        await small_installation.heartbeat("DE", "newer", kinds=(*KINDS, "gravity"))
        request = await next_request(small_installation, monitor, kind="pop3")
        assert request.location == "de"
        assert await small_installation.take_requests("DE", kind="smtp") == []


async def test_two_locations_of_a_country_each_get_their_own_requests(
    small_installation: SmallInstallation, database_url: str
) -> None:
    await small_installation.value("UPDATE location SET country_code = 'DE'")
    async with controller(small_installation, database_url, ready=()):
        for location in ("de", "us"):
            body = msgspec.json.encode(heartbeat_of(location))
            await small_installation.bus.send(subjects.agent("DE", location, "one"), body)
        await small_installation.monitor(countries=["DE"], interval=3600)
        for location in ("de", "us"):
            [request] = await eventually(lambda here=location: small_installation.take_requests(here))  # type: ignore[misc]
            assert (request.location, request.country) == (location, "DE")


def heartbeat_of(location: str) -> Heartbeat:
    now = utc_now()
    return Heartbeat(
        agent="one", location=location, country="DE", kinds=list(KINDS), version="9", started_at=now, sent_at=now
    )


async def test_the_time_is_sent_to_inboxes_only(small_installation: SmallInstallation) -> None:
    """A controller may publish everywhere, and the sender of a heartbeat names the subject of the answer."""
    await small_installation.bus.publish(Message(subjects.check("DE", "de", "smtp"), b"waits", message_id="waits"))
    manager = small_installation.bus.client.jsm()
    async with following_registry(small_installation):
        for body in (b"", msgspec.json.encode(heartbeat_of("de"))):
            for reply in ("test.stays", f"$JS.API.STREAM.PURGE.{subjects.CHECKS}", subjects.ALL_CHECKS[:-1] + "x"):
                await small_installation.bus.client.publish(subjects.agent("DE", "de", "one"), body, reply=reply)
        answered = await small_installation.bus.request(subjects.agent("DE", "de", "doctor"), b"", 5)
    assert answered
    assert (await manager.stream_info("STAYS")).state.messages == 0
    assert (await manager.stream_info(subjects.CHECKS)).state.messages == 1
