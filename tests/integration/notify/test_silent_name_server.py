"""A name server that is silent about one family of addresses delays the first notification to a host, not each."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from controller.notify.destinations import Destinations
from controller.notify.errors import DeliveryError
from tests.fakes.name_server import AAAA, Answering, Wrong, Zone, serving

INSIDE = (ip_network("10.0.0.0/8"),)
FIRST_SECONDS = 4.0
ONCE_MORE_SECONDS = 1.5
"""Less than the two seconds for which silence is waited for."""


async def test_silence_about_one_family_is_waited_for_once() -> None:
    zone: Zone = {"four.test": Answering(["10.0.0.5"], silent_about=(AAAA,))}
    async with serving(zone) as server:
        destinations = Destinations(INSIDE, nameservers=[server])
        async with asyncio.timeout(FIRST_SECONDS):
            assert await destinations.addresses("four.test") == ["10.0.0.5"]
        async with asyncio.timeout(ONCE_MORE_SECONDS):
            at_once = await asyncio.gather(*(destinations.addresses("four.test") for _ in range(4)))
        assert at_once == [["10.0.0.5"]] * 4


async def test_a_host_that_has_only_addresses_of_the_other_family_now_is_found_at_the_second_attempt() -> None:
    zone: dict[str, list[str] | Wrong | Answering] = {"moved.test": Answering(["10.0.0.5"], silent_about=(AAAA,))}
    inside = (*INSIDE, ip_network("fd00::/8"))
    async with serving(zone) as server:
        destinations = Destinations(inside, nameservers=[server])
        assert await destinations.addresses("moved.test") == ["10.0.0.5"]
        zone["moved.test"] = ["fd00::5"]
        with pytest.raises(DeliveryError, match="no such host"):
            await destinations.addresses("moved.test")
        assert await destinations.addresses("moved.test") == ["fd00::5"]
