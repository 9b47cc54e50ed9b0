"""Whether a location's own network takes STARTTLS away from whatever it checks. Pure.

One server that offers a location no STARTTLS may be downgraded on its way; several unrelated ones at the same location
show that the way begins badly: with the network that the location is in.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from controller.decisions.comparison.domains import domain_of, network_of

SEVERAL = 2


class CheckedServer(NamedTuple):
    """A server that a location checks. `stripped`: it offers STARTTLS to others and not to this location, otherwise to
    both.
    """

    host: str
    port: int | None
    address: str | None
    customer_id: int
    stripped: bool


def is_own_network(servers: Collection[CheckedServer]) -> bool:
    """Whether several unrelated servers are stripped on some port, and more than are not on the same port, since
    networks often filter one port only. When the servers belong to several customers, those of one prove nothing.
    """
    customers = {one.customer_id for one in servers}
    for port in {one.port for one in servers if one.stripped}:
        there = [one for one in servers if one.port == port]
        stripped = [one for one in there if one.stripped]
        if len(customers) >= SEVERAL and len({one.customer_id for one in stripped}) < SEVERAL:
            continue
        bad, good = _unrelated(stripped), _unrelated([one for one in there if not one.stripped])
        if bad >= SEVERAL and bad > good:
            return True
    return False


def _unrelated(servers: Collection[CheckedServer]) -> int:
    """How many there are of different domains and of different networks."""
    domains = {domain_of(one.host) for one in servers}
    networks = {network_of(one.address) or one.host for one in servers}
    return min(len(domains), len(networks))
