"""An enrolment file from before a kind of check existed: its agents may fetch that kind when a controller knows it."""

from __future__ import annotations

from typing import Any

import pytest

from controller.broker.streams import ensure_check_consumer, ensure_streams
from controller.trust.account import BrokerAccount, account_claims, of_location, shared
from controller.trust.claims import system_credentials
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.targets import KINDS
from tests.fakes.installation import as_controller, of_earlier_version
from tests.integration.pipeline.small_installation import eventually
from tests.integration.trust.site import Site

NEW = "gravity"


@pytest.mark.parametrize("earlier", [False, True], ids=["a login", "a login of an earlier version"])
async def test_a_connected_agent_gets_the_right_to_a_new_kind_without_new_keys(site: Site, earlier: bool) -> None:
    german = await site.add("de", "DE")
    await site.add("us", "US")
    if earlier:
        german = of_earlier_version(site.trust, german)
    await claims_of_an_earlier_version(site)
    async with Bus.open(as_controller(site.server.url, site.trust), name="controller") as bus:
        await bus.wait_connected()
        await ensure_streams(bus)
        for country in ("DE", "US"):
            await ensure_check_consumer(bus, country=country, location=country, kind=NEW)
            await bus.publish(Message(subjects.check(country, country, NEW), country.encode(), message_id=country))
        async with Bus.open(Broker(site.server.url, german, location="de"), name="agent") as agent:
            await agent.wait_connected()
            assert await fetched(agent, "de") == []
            await site.reconcile((*KINDS, NEW))

            async def may_fetch() -> list[bytes]:
                return await fetched(agent, "de")

            assert await eventually(may_fetch) == [b"DE"]
            assert await fetched(agent, "us") == []
            await site.reconcile()
            await bus.publish(Message(subjects.check("DE", "DE", NEW), b"again", message_id="again"))
            assert await eventually(may_fetch) == [b"again"], "a controller that does not know the kind took the right"


async def claims_of_an_earlier_version(site: Site) -> None:
    """Give the broker the accounts as a controller made them whose kinds were in its code."""
    login = Broker(site.server.url, system_credentials(site.trust, utc_now()))
    async with Bus.open(login, name="system") as system:
        await system.wait_connected()
        for each in (shared(site.trust), of_location(site.trust, "de"), of_location(site.trust, "us")):
            claims = account_claims(site.trust, _earlier(each), utc_now())
            answer = await system.request("$SYS.REQ.CLAIMS.UPDATE", claims.encode(), 5)
            assert answer
            assert b'"code":200' in answer


def _earlier(account: BrokerAccount) -> BrokerAccount:
    rights: dict[str, Any] = account.rights | {"tags": ["rights:2"]}
    return account._replace(rights=rights)


async def fetched(agent: Bus, location: str) -> list[bytes]:
    """What the agent gets of the new kind from the consumer of a location."""
    consumer = await agent.consumer(subjects.CHECKS, subjects.check_consumer(location, NEW))
    try:
        deliveries = await consumer.fetch(5, 0.5)
        for delivery in deliveries:
            await delivery.ack()
        return [delivery.body for delivery in deliveries]
    finally:
        await consumer.close()
