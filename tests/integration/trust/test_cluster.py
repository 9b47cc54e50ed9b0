"""Every server of a cluster learns which keys are revoked, also one that was away at that moment."""

from __future__ import annotations

from dataclasses import replace

from controller.store.locations import locations
from controller.trust.account import of_location
from controller.trust.server_config import server_config
from deploy.local import nats
from deploy.local.nats import Nats
from shared.clock import utc_now
from tests.fakes.ports import free_port
from tests.integration.pipeline.small_installation import eventually
from tests.integration.trust.site import Site, may_log_in


async def second_server(site: Site) -> Nats:
    """Make the site's server one of two, and start it; the test starts the second."""
    second = nats.prepare(site.folder / "second", server_config(site.trust, utc_now()))
    routes = [free_port(), free_port()]
    await site.stop()
    site.configure(utc_now())
    for number, server in enumerate((site.server, second)):
        other = routes[1 - number]
        with server.config.open("a") as config:
            config.write(
                f'server_name: "nats-{number}"\n'
                f'cluster {{ name: test, listen: "127.0.0.1:{routes[number]}", routes: [nats://127.0.0.1:{other}] }}\n'
            )
    await site.start()
    return second


async def test_a_server_that_was_away_is_updated_when_it_is_back(site: Site) -> None:
    credentials = await site.add()
    second = await second_server(site)
    async with site.keeper() as keeper:
        part = replace(second.part(site.folder / "second.log"), name="second")
        await site.supervisor.start(part)

        async def both_know() -> bool:
            await keeper.reconcile()
            [published] = await keeper.published_claims([of_location(site.trust, "de")])
            return len([claims for claims in published if claims]) == 2

        await eventually(both_know)
        assert await may_log_in(second.url, credentials)
        await site.supervisor.stop(part.name)
        await locations.set_enabled(site.database, "de", enabled=False)
        await keeper.reconcile()
        assert not await site.may_log_in(credentials)
        await site.supervisor.start(part)

        async def refused_by_both() -> bool:
            await keeper.reconcile()
            return not await may_log_in(second.url, credentials)

        await eventually(refused_by_both)
        assert not await site.may_log_in(credentials)
