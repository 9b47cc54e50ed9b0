"""Which addresses an agent may connect to: public unicast, and what its own settings allow. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from agent.errors import CheckError
from shared.addresses import Network, may_reach, unmapped
from shared.wire.failures import FailureKind, FailureSource


def permitted(addresses: Iterable[str], allowed: Iterable[Network] = ()) -> list[str]:
    """Those of `addresses` an agent may connect to, in their order, IPv4-mapped ones as IPv4.

    Raises CheckError (`address_forbidden`, source agent) when none is left.
    """
    networks = tuple(allowed)
    judged = [_judge(address, networks) for address in addresses]
    left = [address for address, good in judged if good]
    if not left:
        names = ", ".join(address for address, _ in judged)
        raise CheckError(
            FailureKind.ADDRESS_FORBIDDEN, f"this agent may not connect to {names}", source=FailureSource.AGENT
        )
    return left


@lru_cache(maxsize=4096)
def _judge(address: str, allowed: tuple[Network, ...]) -> tuple[str, bool]:
    """An address as it is connected to, and whether that may be; the same ones come round after round."""
    parsed = unmapped(ip_address(address))
    return str(parsed), may_reach(parsed, allowed)
