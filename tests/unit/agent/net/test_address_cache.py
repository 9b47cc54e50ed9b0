"""How long a resolved address is remembered."""

from __future__ import annotations

import pytest

from agent.net.address_cache import KnownAddresses
from shared.wire.targets import IpFamily


@pytest.mark.parametrize(
    ("seconds", "after", "known"),
    [
        pytest.param(30, 29.9, True, id="an address is known as long as its record says"),
        pytest.param(30, 30.0, False, id="and for no longer"),
        pytest.param(3600, 59.9, True, id="of an hour an address is known for a minute"),
        pytest.param(3600, 60.0, False, id="and for no longer, whatever its record says"),
        pytest.param(0, 0.9, True, id="an address whose record says nothing is known for a second"),
        pytest.param(0, 1.0, False, id="and no longer than that second"),
    ],
)
def test_an_address_is_known(seconds: float, after: float, known: bool) -> None:
    now = 1000.0
    addresses = KnownAddresses(lambda: now)
    addresses.found("mail.example.test", IpFamily.ANY, ["192.0.2.7"], seconds)
    now += after
    assert addresses.of("mail.example.test", IpFamily.ANY) == (["192.0.2.7"] if known else ())


def test_each_family_is_known_for_itself() -> None:
    addresses = KnownAddresses()
    addresses.found("mail.example.test", IpFamily.IPV4, ["192.0.2.7"], 30)
    assert not addresses.of("mail.example.test", IpFamily.IPV6)


def test_what_was_found_longest_ago_is_forgotten_first() -> None:
    addresses = KnownAddresses(most=2)
    for host in ("a.test", "b.test", "a.test", "c.test"):
        addresses.found(host, IpFamily.ANY, ["192.0.2.7"], 30)
    assert [bool(addresses.of(host, IpFamily.ANY)) for host in ("a.test", "b.test", "c.test")] == [True, False, True]
