"""Which hosts and addresses belong together, as far as their names show. Pure."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

_SHORT = 3


def domain_of(host: str) -> str:
    """The last two labels of a host name, or three when two are as short as in `co.uk`. Of an address, its network."""
    name = host.rstrip(".").lower()
    if name[-1:].isdigit() or ":" in name:
        return network_of(name) or name
    labels = name.split(".")
    both_short = len(labels) > 2 and len(labels[-1]) <= _SHORT and len(labels[-2]) <= _SHORT
    return ".".join(labels[-3:] if both_short else labels[-2:])


def network_of(address: str | None) -> str | None:
    """The /24 or /48 of an address; None when it is none."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return None
    return str(ip_network(f"{known}/{24 if known.version == 4 else 48}", strict=False))
