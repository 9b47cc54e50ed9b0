"""What an agent finds out about its own machine, and what it must not conclude."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from agent.fitness import Fitness, port_blocked
from agent.net.resolve import Resolver
from agent.net.route import has_route
from shared.wire.messages import Unfitness
from tests.fakes.certificates import ADDRESS
from tests.fakes.name_server import Wrong, Zone, serving
from tests.fakes.scripted_server import closed_port, playing

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
ZONE: Zone = {
    "control.test": ["192.0.2.53"],
    "one.test": [ADDRESS],
    "two.test": [ADDRESS],
    "broken.test": Wrong.FAILURE,
    "private.test": ["10.0.0.1"],
}


@pytest.mark.parametrize(
    ("hosts", "listening", "blocked"),
    [
        pytest.param(["one.test", "two.test"], False, True, id="two hosts that do not answer prove a block"),
        pytest.param(["one.test", "two.test"], True, False, id="two hosts that answer prove an open port"),
        pytest.param(["one.test"], False, False, id="one dead host proves nothing"),
        pytest.param(["one.test", "nobody.test"], False, False, id="an unknown host proves nothing"),
        pytest.param(["one.test", "broken.test"], False, False, id="a host that cannot be resolved proves nothing"),
        pytest.param(["one.test", "private.test"], False, False, id="a host with a private address proves nothing"),
        pytest.param([], False, False, id="without hosts nothing is tested"),
    ],
)
async def test_a_port_is_blocked_when_several_known_hosts_keep_silent(
    hosts: list[str], listening: bool, blocked: bool
) -> None:
    async with (
        serving(ZONE) as server,
        Resolver.open("control.test", [server]) as resolver,
        playing(("S: 220 x",)) as mail,
    ):
        port = mail.port if listening else closed_port()
        assert await port_blocked(resolver, hosts, port, LOOPBACK) is blocked


async def test_a_silent_resolver_is_unfitness_only_after_three_examinations() -> None:
    async with Resolver.open("control.test", [f"{ADDRESS}:{closed_port()}"]) as resolver:
        fitness = Fitness(resolver, (), LOOPBACK)
        examinations = [await fitness.examine() for _ in range(3)]
    assert [Unfitness.RESOLVER_BROKEN in found for found in examinations] == [False, False, True]


async def test_a_resolver_that_answers_again_is_fit_at_once() -> None:
    async with serving(ZONE) as server, Resolver.open("control.test", [server]) as resolver:
        fitness = Fitness(resolver, (), LOOPBACK)
        fitness._silent_examinations = 7
        assert Unfitness.RESOLVER_BROKEN not in await fitness.examine()


async def test_a_family_is_missing_when_neither_the_world_nor_an_allowed_network_has_a_route() -> None:
    async with serving(ZONE) as server, Resolver.open("control.test", [server]) as resolver:
        found = await Fitness(resolver, (), LOOPBACK).examine()
        assert Unfitness.NO_IPV4 not in found
        assert (Unfitness.NO_IPV6 in found) is not has_route("::1", 25)


async def test_findings_are_reported_after_each_examination() -> None:
    reported: list[list[Unfitness]] = []
    async with serving(ZONE) as server, Resolver.open("control.test", [server]) as resolver:
        examining = asyncio.create_task(Fitness(resolver, (), LOOPBACK).keep_examining(reported.append))
        async with asyncio.timeout(10):
            while not reported:
                await asyncio.sleep(0.01)
        assert not examining.done()
        examining.cancel()
        await asyncio.wait([examining])
