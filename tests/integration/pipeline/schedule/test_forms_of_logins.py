"""Requests carry logins in the form that every agent of their location reads."""

from __future__ import annotations

from shared.wire.messages import CANARY, LOGINS, UNREADABLE_LOGIN, CheckRequest
from shared.wire.sealing import open_login
from tests.integration.pipeline.schedule.test_keys_of_locations import LOGIN, may_log_in, next_request
from tests.integration.pipeline.scheduling import controller
from tests.integration.pipeline.small_installation import SmallInstallation, eventually


async def test_the_new_form_is_used_when_the_last_agent_that_does_not_read_it_is_gone_for_five_minutes(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url, ready=()) as it:
        await small_installation.heartbeat("DE", "older", reads=(CANARY,))
        await small_installation.heartbeat("DE", "newer", reads=(CANARY, LOGINS))
        await small_installation.heartbeat("US", "newer", reads=(LOGINS,))
        await small_installation.heartbeats_taken()
        config = it.vault.conceal(LOGIN, None, field="smtpConfig")
        monitor = await small_installation.monitor(config=config, interval=3600, countries=["DE", "US"])
        key = small_installation.sealing_keys["de"]

        async def german() -> CheckRequest:
            request = await next_request(small_installation, monitor)
            assert may_log_in(request, key)
            return request

        async def seen_ago(agent: str, seconds: int) -> None:
            await small_installation.value(
                "UPDATE agent SET last_seen_at = clock_timestamp() - make_interval(secs => $2) WHERE name = $1",
                agent,
                seconds,
            )

        american = await next_request(small_installation, monitor, country="US")
        assert ([each.name for each in american.logins], american.sealed_login) == (["login"], UNREADABLE_LOGIN)
        both = await german()
        assert both.logins == []
        assert both.sealed_login
        assert open_login(both.sealed_login, key, monitor=monitor, location="de").user == "alice"

        await seen_ago("older", 240)
        assert (await german()).logins == []
        await seen_ago("older", 301)

        async def newer() -> CheckRequest | None:
            request = await german()
            return request if request.logins else None

        request = await eventually(newer)
        assert request
        assert (request.logins[0].sealed, request.sealed_login) == ([both.sealed_login], UNREADABLE_LOGIN)
        assert request.without_logins().sealed_logins == {}

        await small_installation.heartbeat("DE", "older", reads=(CANARY,))

        async def older() -> bool:
            return not (await german()).logins

        await eventually(older)
