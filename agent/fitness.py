"""Can this machine do the checks it is given? Looked at at start and every hour, and told in heartbeats.

What we cannot do is our own fault, never that of somebody's mail server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address

import msgspec
import structlog

from agent.errors import CheckError
from agent.net.addresses import permitted
from agent.net.resolve import Resolver
from agent.net.stream import has_route
from shared.addresses import Network
from shared.wire.failures import Failure, FailureSource, Phase
from shared.wire.messages import Unfitness
from shared.wire.targets import IpFamily, Target

log = structlog.get_logger()

LOOK_SECONDS = 3600.0
LOOK_AGAIN_SECONDS = 60.0
"""While something is amiss."""

CONNECT_SECONDS = 5.0
_FEWEST_HOSTS = 2
_PATIENT_LOOKS = 3
# Well-known addresses that no packet is sent to: the kernel is asked for a route only.
ELSEWHERE_V4, ELSEWHERE_V6 = "192.0.32.7", "2620:0:2d0:200::7"


class Fitness:
    """Looks at this machine again and again. `port25_hosts` are mail servers of several operators; none: not tested."""

    def __init__(self, resolver: Resolver, port25_hosts: Sequence[str], allowed: Sequence[Network]) -> None:
        self._resolver = resolver
        self._port25_hosts = port25_hosts
        self._allowed = allowed
        self._silent_looks = 0

    async def keep_looking(self, found: Callable[[list[Unfitness]], None]) -> None:
        """Tell `found` after each look; runs until cancelled."""
        known: list[Unfitness] = []
        while True:
            try:
                unfit = await self.look()
            except Exception:
                log.exception("look_broke")
                unfit = known
            if unfit != known:
                log.warning("fitness_changed", unfit=[each.value for each in unfit])
            known = unfit
            found(unfit)
            await asyncio.sleep(LOOK_AGAIN_SECONDS if unfit or self._silent_looks else LOOK_SECONDS)

    async def look(self) -> list[Unfitness]:
        """What this machine cannot do now. One silent moment of a resolver is no unfitness, three looks of it are."""
        unfit = []
        if not self._routed(ELSEWHERE_V4, 4):
            unfit.append(Unfitness.NO_IPV4)
        if not self._routed(ELSEWHERE_V6, 6):
            unfit.append(Unfitness.NO_IPV6)
        self._silent_looks = 0 if await self._resolver.answers() else self._silent_looks + 1
        if self._silent_looks >= _PATIENT_LOOKS:
            unfit.append(Unfitness.RESOLVER_BROKEN)
        if not self._silent_looks and await port_blocked(self._resolver, self._port25_hosts, 25, self._allowed):
            unfit.append(Unfitness.PORT25_BLOCKED)
        return unfit

    def _routed(self, elsewhere: str, version: int) -> bool:
        own = [
            str(network[-1 if network.num_addresses == 1 else 1])
            for network in self._allowed
            if network.version == version
        ]
        return any(has_route(address, 25) for address in (elsewhere, *own))


async def port_blocked(resolver: Resolver, hosts: Iterable[str], port: int, allowed: Sequence[Network] = ()) -> bool:
    """Whether no host answers on `port`. One dead host, or hosts nobody can resolve, prove nothing: it takes two."""
    silent = 0
    for host in hosts:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = permitted(await resolver.addresses(host), allowed)
        except (CheckError, TimeoutError):
            continue
        address = next((each for each in addresses if ip_address(each).version == 4), addresses[0])
        if await answers(address, port):
            return False
        silent += 1
    return silent >= _FEWEST_HOSTS


async def answers(address: str, port: int) -> bool:
    """Whether a TCP connection to an IP address comes about within CONNECT_SECONDS."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def our_fault(
    failure: Failure, target: Target, address: str | None, unfit: Sequence[Unfitness], allowed: Sequence[Network]
) -> Failure | None:
    """The failure to report instead, when what this machine cannot do explains one of resolving or connecting. Pure."""
    if failure.phase is Phase.RESOLVE and Unfitness.RESOLVER_BROKEN in unfit:
        return msgspec.structs.replace(failure, source=FailureSource.RESOLVER)
    if failure.phase is not Phase.CONNECT:
        return None
    if address and within(address, allowed):
        return None
    version = ip_address(address).version if address else {IpFamily.IPV4: 4, IpFamily.IPV6: 6}.get(target.ip_family)
    for inability, applies in (
        (Unfitness.PORT25_BLOCKED, target.port == 25),
        (Unfitness.NO_IPV4, version == 4),
        (Unfitness.NO_IPV6, version == 6),
    ):
        if applies and inability in unfit:
            detail = f"{_WORDS[inability]}: {failure.detail}"
            return msgspec.structs.replace(failure, source=FailureSource.AGENT, detail=detail)
    return None


def within(address: str, networks: Iterable[Network]) -> bool:
    """Whether an IP address is in one of these networks."""
    ip = ip_address(address)
    return any(ip.version == network.version and ip in network for network in networks)


_WORDS = {
    Unfitness.PORT25_BLOCKED: "the agent's network lets nothing out to port 25",
    Unfitness.NO_IPV4: "the agent has no way to IPv4",
    Unfitness.NO_IPV6: "the agent has no way to IPv6",
}
