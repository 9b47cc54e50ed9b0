"""Each kind of check goes its own way to the agents that know it, and not to those who know that they cannot do it."""

from __future__ import annotations

from controller.pipeline.housekeeping import settle_checks
from shared.wire.messages import CheckRequest, Unfitness
from shared.wire.sealing import open_login
from shared.wire.targets import ImapTarget, Login, Pop3Target, Secret, TlsMode
from tests.integration.pipeline.scheduling import controller
from tests.integration.pipeline.world import World, eventually

HOST = "smtp.example.com"


async def taken(world: World, country: str, kind: str) -> CheckRequest:
    [request] = await eventually(lambda: world.take_requests(country, 0.1, kind=kind))
    return request


async def test_a_monitor_that_changes_its_protocol_goes_another_way_from_then_on(
    world: World, database_url: str
) -> None:
    config = {"tls": True, "user": "u"}
    async with controller(world, database_url) as it:
        monitor = await world.monitor(
            kind="imap", interval=3600, config=it.vault.conceal({**config, "password": "p"}, None, field="c")
        )
        first = await taken(world, "DE", "imap")
        await world.value(
            "UPDATE monitor SET kind = 'pop3', config = $1, target_changed_at = clock_timestamp(),"
            " updated_at = clock_timestamp()",
            it.vault.conceal({**config, "protocol": "pop3", "accessToken": "t"}, None, field="c"),
        )
        second = await taken(world, "DE", "pop3")
        assert await world.take_requests("DE", 0.1, kind="imap") == []
    assert first.target == ImapTarget(host=HOST, port=993, tls=TlsMode.IMPLICIT)
    assert second.target == Pop3Target(host=HOST, port=995, tls=TlsMode.IMPLICIT)
    key = world.sealing_keys["de"]
    logins = [
        open_login(request.sealed_login or b"", key, monitor=monitor, location="de") for request in (first, second)
    ]
    assert logins == [Login("u", Secret("p")), Login("u", Secret("t"), bearer=True)]


async def test_a_location_that_cannot_do_a_check_is_left_out_of_it_and_the_gap_says_why(
    world: World, database_url: str
) -> None:
    async with controller(world, database_url) as it:
        for agent in ("agent-1", "agent-2"):
            await world.heartbeat("US", agent, unfit=(Unfitness.PORT25_BLOCKED,))

        async def known() -> bool:
            return it.roster._troubled

        await eventually(known)
        blocked = await world.monitor(interval=3600)
        await taken(world, "DE", "smtp")
        other = await world.monitor(interval=3600, config={"secure": True})
        for country in ("DE", "US"):
            assert (await taken(world, country, "smtp")).monitor_id == other

        async def gaps() -> list[tuple[object, ...]]:
            await settle_checks(world.db)
            return await world.rows(
                "SELECT monitor.public_id, location.code, reason FROM gap JOIN monitor ON monitor.id = monitor_id"
                " JOIN location ON location.id = location_id"
            )

        assert await eventually(gaps) == [(blocked, "us", "unfit")]
        assert await world.take_requests("US", 0.1) == []

        await world.heartbeat("US", "agent-2")

        async def cured() -> bool:
            return any(Unfitness.PORT25_BLOCKED not in unfit for unfit in it.roster._abilities[2]["smtp"])

        await eventually(cured)
        await world.value("UPDATE monitor SET target_changed_at = clock_timestamp() WHERE public_id = $1", blocked)
        assert (await taken(world, "US", "smtp")).monitor_id == blocked, "one of its two agents can do it again"
