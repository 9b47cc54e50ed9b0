"""Which addresses are public unicast: neither a check nor a notification may reach into a private network. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# The tables are written out because the meaning of `ipaddress`'s is_global differs between patch releases of Python.
# Sources: the IANA special-purpose address registries (RFC 6890) and RFC 5771, 4291, 7526, 9637.
_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared (RFC 6598); Alibaba's metadata address is in it
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata and host address, although it looks public
        "169.254.0.0/16",  # link-local, with the cloud metadata address 169.254.169.254
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments; Oracle's metadata address is in it
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments; a Teredo address in it counts by the addresses it embeds
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; the local-use prefix 64:ff9b:1::/48 stays refused

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def may_reach(address: Address, allowed: tuple[Network, ...] = ()) -> bool:
    """Whether an address is public or allowed; of a tunnelled form every IPv4 address inside it must be."""
    address = unmapped(address)
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    inside = _embedded(address)
    if inside:
        return all(may_reach(embedded, allowed) for embedded in inside)
    return address in _PUBLIC_V6 and not any(address in network for network in _REFUSED_V6)


def unmapped(address: Address) -> Address:
    """An IPv4-mapped address as the IPv4 address it stands for."""
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a packet to `address` may reach: 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052)."""
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()
