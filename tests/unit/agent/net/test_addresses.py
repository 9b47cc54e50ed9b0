"""Which addresses an agent may connect to."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from agent.errors import CheckError
from agent.net.addresses import permitted
from shared.addresses import may_reach
from shared.wire.failures import FailureKind, FailureSource

REFUSED = [
    "0.0.0.0",  # noqa: S104 - refused, not bound to
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::127.0.0.1",  # NAT64
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",  # NAT64 of the local network
    "100::1",  # discard
    "2001:db8::1",
    "2001:2::1",  # benchmarks
    "2001:20::1",  # ORCHIDv2
    "2002:7f00:1::1",  # 6to4 of 127.0.0.1
    "2002:a9fe:a9fe::1",  # 6to4 of 169.254.169.254
    "2001:0:7f00:1::1",  # Teredo by the server 127.0.0.1
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of the client 127.0.0.1
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",  # never assigned
]

REACHED = [
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not may_reach(ip_address(address))


@pytest.mark.parametrize("address", REACHED)
def test_what_is_public_is_reached(address: str) -> None:
    assert may_reach(ip_address(address))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("::1", "::1/128"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("64:ff9b::10.0.0.1", "10.0.0.0/8"),
        ("2002:a00:1::1", "10.0.0.0/8"),
        ("fd00::5", "fd00::/8"),
    ],
)
def test_settings_allow_a_network_also_through_a_tunnel(address: str, network: str) -> None:
    assert may_reach(ip_address(address), (ip_network(network),))


def test_allowing_one_network_allows_no_other() -> None:
    assert not may_reach(ip_address("10.0.0.1"), (ip_network("127.0.0.0/8"),))


def test_a_teredo_address_needs_both_its_ends_allowed() -> None:
    address = ip_address("2001:0:7f00:1:8000:63bf:f5ff:fffe")  # server 127.0.0.1, client 10.0.0.1
    assert not may_reach(address, (ip_network("127.0.0.0/8"),))
    assert may_reach(address, (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")))


def test_forbidden_addresses_of_a_mixed_answer_are_dropped() -> None:
    assert permitted(["10.0.0.1", "2606:4700:4700::1111", "::1", "1.1.1.1"]) == ["2606:4700:4700::1111", "1.1.1.1"]


def test_a_mapped_address_is_connected_to_as_what_it_is() -> None:
    assert permitted(["::ffff:8.8.8.8"]) == ["8.8.8.8"]


def test_nothing_left_is_the_agents_own_refusal() -> None:
    with pytest.raises(CheckError) as caught:
        permitted(["10.0.0.1", "::1"])
    assert (caught.value.kind, caught.value.source) == (FailureKind.ADDRESS_FORBIDDEN, FailureSource.AGENT)
