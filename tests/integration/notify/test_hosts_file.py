"""Notifications go to the addresses that the hosts file gives their receiver, and to no other name's."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from controller.notify.destinations import Destinations
from controller.notify.mx_lookup import MxLookup
from tests.fakes.name_server import serving

INSIDE = (ip_network("10.0.0.0/8"),)


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text("10.0.0.5 hook.a.test\n10.0.0.5 hook.b.test\n10.0.0.6 hook.b.test\n")
    return path


@pytest.mark.parametrize(
    ("name", "addresses"), [("hook.a.test", ["10.0.0.5"]), ("hook.b.test", ["10.0.0.5", "10.0.0.6"])]
)
async def test_a_receiver_has_its_own_addresses_only(name: str, addresses: list[str], hosts: Path) -> None:
    assert await Destinations(INSIDE, hosts).addresses(name) == addresses


async def test_a_mail_exchanger_has_its_own_addresses_only(hosts: Path) -> None:
    async with serving({"a.test": ["MX 10 hook.a.test"]}) as names:
        assert await MxLookup([names], hosts).hosts_of("a.test") == frozenset({"a.test", "hook.a.test", "10.0.0.5"})
