"""Which addresses an agent may connect to: public unicast ones, and those that its settings allow. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from agent.errors import CheckError
from shared.addresses import Network, may_reach, unmapped
from shared.wire.failures import FailureKind, FailureSource


def permitted(addresses: Iterable[str], allowed: Iterable[Network] = ()) -> list[str]:
    """The ones of `addresses` that an agent may connect to, in the same order, IPv4-mapped ones as IPv4.

    Raises CheckError (`address_forbidden`, source agent) if none is left.
    """
    networks = tuple(allowed)
    examined = [_examine(address, networks) for address in addresses]
    left = [address for address, good in examined if good]
    if not left:
        names = ", ".join(address for address, _ in examined)
        raise CheckError(
            FailureKind.ADDRESS_FORBIDDEN, f"this agent may not connect to {names}", source=FailureSource.AGENT
        )
    return left


@lru_cache(maxsize=4096)
def _examine(address: str, allowed: tuple[Network, ...]) -> tuple[str, bool]:
    """The address to connect to, and whether that is allowed; cached because the same addresses come in each round."""
    parsed = unmapped(ip_address(address))
    return str(parsed), may_reach(parsed, allowed)
