"""Each kind of check has its own queue for the agents that know it, and is not sent to agents that are unfit for it."""

from __future__ import annotations

from controller.pipeline.housekeeping import settle_checks
from shared.secret import Secret
from shared.wire.messages import CheckRequest, Unfitness
from shared.wire.sealing import open_login
from shared.wire.targets import Login, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from tests.integration.pipeline.scheduling import controller
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

HOST = "smtp.example.com"


async def taken(small_installation: SmallInstallation, country: str, kind: str) -> CheckRequest:
    [request] = await eventually(lambda: small_installation.take_requests(country, 0.1, kind=kind))
    return request


async def test_a_monitor_that_changes_its_protocol_goes_another_way_from_then_on(
    small_installation: SmallInstallation, database_url: str
) -> None:
    config = {"tls": True, "user": "u"}
    async with controller(small_installation, database_url) as it:
        monitor = await small_installation.monitor(
            kind="imap", interval=3600, config=it.vault.conceal({**config, "password": "p"}, None, field="c")
        )
        first = await taken(small_installation, "DE", "imap")
        await small_installation.value(
            "UPDATE monitor SET kind = 'pop3', config = $1, target_changed_at = clock_timestamp(),"
            " updated_at = clock_timestamp()",
            it.vault.conceal({**config, "protocol": "pop3", "accessToken": "t"}, None, field="c"),
        )
        second = await taken(small_installation, "DE", "pop3")
        assert await small_installation.take_requests("DE", 0.1, kind="imap") == []
    assert first.target == ImapTarget(host=HOST, port=993, tls=TlsMode.IMPLICIT)
    assert second.target == Pop3Target(host=HOST, port=995, tls=TlsMode.IMPLICIT)
    key = small_installation.sealing_keys["de"]
    logins = [
        open_login(request.sealed_login or b"", key, monitor=monitor, location="de") for request in (first, second)
    ]
    assert logins == [Login("u", Secret("p")), Login("u", Secret("t"), bearer=True)]


async def test_a_location_that_cannot_do_a_check_is_left_out_of_it_and_the_gap_says_why(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url) as it:
        for agent in ("agent-1", "agent-2"):
            await small_installation.heartbeat("US", agent, unfit=(Unfitness.PORT25_BLOCKED,))

        async def known() -> bool:
            return it.registry._any_unfit

        await eventually(known)
        blocked = await small_installation.monitor(interval=3600)
        await taken(small_installation, "DE", "smtp")
        other = await small_installation.monitor(interval=3600, config={"secure": True})
        for country in ("DE", "US"):
            assert (await taken(small_installation, country, "smtp")).monitor_id == other

        async def gaps() -> list[tuple[object, ...]]:
            await settle_checks(small_installation.db)
            return await small_installation.rows(
                "SELECT monitor.public_id, location.code, reason FROM gap JOIN monitor ON monitor.id = monitor_id"
                " JOIN location ON location.id = location_id"
            )

        assert await eventually(gaps) == [(blocked, "us", "unfit")]
        assert await small_installation.take_requests("US", 0.1) == []

        await small_installation.heartbeat("US", "agent-2")

        async def cured() -> bool:
            return any(Unfitness.PORT25_BLOCKED not in unfit for unfit in it.registry._abilities[2]["smtp"])

        await eventually(cured)
        await small_installation.value(
            "UPDATE monitor SET target_changed_at = clock_timestamp() WHERE public_id = $1", blocked
        )
        assert (await taken(small_installation, "US", "smtp")).monitor_id == blocked, (
            "one of the location's two agents can do it again"
        )
