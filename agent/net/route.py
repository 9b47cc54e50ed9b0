"""Whether this machine can reach an address at all."""

from __future__ import annotations

import socket


def has_route(address: str, port: int) -> bool:
    """Whether this machine has a route to `address`. Only the kernel is queried; nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, port))
    except OSError:
        return False
    return True
