"""Whatever subject a client names for the answers to its requests, nobody else gets them, and no stream does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product

import pytest

from shared.wire import subjects
from tests.integration.trust.reply_world import LOCATIONS, SUBSCRIBERS, World, every_subject, peopled
from tests.integration.trust.site import Site

BODIES = [b'{"batch":1,"no_wait":true}', b'{"batch":1,"expires":50000000}', b"bogus"]
WORDS = [b"+ACK", b"-NAK", b"+WPI", b"+TERM", b"+NXT", b'+NXT {"batch":1,"no_wait":true}']


@pytest.fixture
async def world(site: Site) -> AsyncIterator[World]:
    readers = {name: await site.subscribe(name, *owner) for name, owner in SUBSCRIBERS.items()}
    agents = {location: await site.add(location, country) for location, country in LOCATIONS.items()}
    await site.reconcile()
    async with peopled(site, readers, agents) as made:
        yield made


@pytest.mark.parametrize("name", [*SUBSCRIBERS, *LOCATIONS])
async def test_the_answers_to_its_requests_reach_nobody_else(world: World, name: str) -> None:
    party = world.parties[name]
    before, results = await world.stored(), 0
    acknowledged = await world.acknowledged_of_others(party)
    for reply, request in product(every_subject(), party.requests):
        for body in BODIES if "MSG.NEXT" in request else [b"{}"]:
            await party.client.publish(request, body, reply=reply)
            results += request.startswith("mailprobe.result.")
    await world.settle()
    assert world.received_by_others(party) == []
    assert set(world.at_controllers) <= set(party.requests)
    assert acknowledged == await world.acknowledged_of_others(party)
    after = await world.stored()
    assert after | {subjects.RESULTS: before[subjects.RESULTS]} == before
    assert 0 <= after[subjects.RESULTS].last - before[subjects.RESULTS].last <= results
    assert party.received  # where it may name the subject itself


@pytest.mark.parametrize("name", [*SUBSCRIBERS, *LOCATIONS])
async def test_the_answers_to_its_acknowledgements_reach_nobody_else(world: World, name: str) -> None:
    party = world.parties[name]
    before, acknowledged = await world.stored(), await world.acknowledged_of_others(party)
    assert acknowledged
    acknowledgements = [(reply, await world.acknowledgement_of(party)) for reply in every_subject()]
    for reply, acknowledgement in acknowledgements:
        for word in WORDS:
            await party.client.publish(acknowledgement, word, reply=reply)
    await world.settle()
    assert world.received_by_others(party) == []
    assert world.at_controllers == []
    assert await world.stored() == before
    assert await world.acknowledged_of_others(party) == acknowledged
    assert party.received
