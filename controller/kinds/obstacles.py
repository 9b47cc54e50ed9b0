"""The deficiencies that would keep an agent from checking a monitor, by the monitor's target. Pure."""

from __future__ import annotations

from ipaddress import ip_address

from controller.decisions.schedule.eligibility import FIT, Obstacles
from controller.errors import InvalidError
from controller.kinds import Configured, target_of
from shared.wire.messages import Unfitness
from shared.wire.targets import IpFamily, Server

_PORT_OF_MAIL_EXCHANGERS = 25
_LOOPBACK_NAME = "localhost"


def obstacles(monitor: Configured) -> Obstacles:
    """The deficiencies that would keep an agent from checking this monitor.

    An address that is not public is inside the agent's own networks, where none of these matter; `localhost` is
    resolved without a server (RFC 6761 section 6.3). A config that makes no target has none: it is reported elsewhere.

    A resolver that does not answer for the control name keeps no check away: it may know the monitor's own name. Where
    it does not, the result says that the resolver is at fault (agent.fitness).
    """
    return deficiencies(monitor) - {Unfitness.RESOLVER_BROKEN}


def deficiencies(monitor: Configured) -> Obstacles:
    """The obstacles, and with them those that may keep a check from finding anything out. A target without a server
    needs a resolver.
    """
    try:
        target = target_of(monitor)
    except InvalidError:
        return FIT
    if not target.endpoints:
        return frozenset({Unfitness.RESOLVER_BROKEN})
    return frozenset().union(*map(_deficiencies, target.endpoints))


def _deficiencies(server: Server) -> Obstacles:
    found: set[Unfitness] = set()
    family = server.ip_family
    try:
        address = ip_address(server.address or server.host)
    except ValueError:
        if server.host == _LOOPBACK_NAME or server.host.endswith(f".{_LOOPBACK_NAME}"):
            return FIT
        found.add(Unfitness.RESOLVER_BROKEN)
    else:
        if not address.is_global:
            return FIT
        family = IpFamily.IPV4 if address.version == 4 else IpFamily.IPV6
    if family is not IpFamily.ANY:
        found.add(Unfitness.NO_IPV4 if family is IpFamily.IPV4 else Unfitness.NO_IPV6)
    if server.port == _PORT_OF_MAIL_EXCHANGERS:
        found.add(Unfitness.PORT25_BLOCKED)
    return frozenset(found)
