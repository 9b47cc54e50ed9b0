"""Finds out which checks this machine cannot run. It is examined at start and every hour; heartbeats report it.

A check that this machine cannot run is the agent's own fault, never that of the mail server.
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
from agent.net.route import has_route
from shared.addresses import Network
from shared.wire.failures import Failure, FailureSource, Phase
from shared.wire.messages import Unfitness
from shared.wire.targets import IpFamily, Server

log = structlog.get_logger()

EXAMINE_SECONDS = 3600.0
REEXAMINE_SECONDS = 60.0
"""The pause while something does not work."""

CONNECT_SECONDS = 5.0
_FEWEST_HOSTS = 2
_SILENT_EXAMINATIONS_TO_REPORT = 3
# Well-known addresses. No packet is sent to them; the kernel only looks for a route.
ELSEWHERE_V4, ELSEWHERE_V6 = "192.0.32.7", "2620:0:2d0:200::7"


class Fitness:
    """Examines this machine repeatedly. `port25_hosts` are mail servers of several operators; empty: no test."""

    def __init__(self, resolver: Resolver, port25_hosts: Sequence[str], allowed: Sequence[Network]) -> None:
        self._resolver = resolver
        self._port25_hosts = port25_hosts
        self._allowed = allowed
        self._silent_examinations = 0

    async def keep_examining(self, found: Callable[[list[Unfitness]], None]) -> None:
        """Call `found` after each examination; runs until cancelled."""
        known: list[Unfitness] = []
        while True:
            try:
                unfit = await self.examine()
            except Exception:
                log.exception("fitness_examination_failed")
                unfit = known
            if unfit != known:
                log.warning("fitness_changed", unfit=[each.value for each in unfit])
            known = unfit
            found(unfit)
            await asyncio.sleep(REEXAMINE_SECONDS if unfit or self._silent_examinations else EXAMINE_SECONDS)

    async def examine(self) -> list[Unfitness]:
        """What this machine cannot do now. A resolver counts as broken after three examinations without an answer."""
        unfit = []
        if not self._routed(ELSEWHERE_V4, 4):
            unfit.append(Unfitness.NO_IPV4)
        if not self._routed(ELSEWHERE_V6, 6):
            unfit.append(Unfitness.NO_IPV6)
        self._silent_examinations = 0 if await self._resolver.answers() else self._silent_examinations + 1
        if self._silent_examinations >= _SILENT_EXAMINATIONS_TO_REPORT:
            unfit.append(Unfitness.RESOLVER_BROKEN)
        if not self._silent_examinations and await port_blocked(self._resolver, self._port25_hosts, 25, self._allowed):
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
    """Whether no host answers on `port`. At least two hosts must resolve and keep silent: one may just be down."""
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
    failure: Failure, server: Server | None, address: str | None, unfit: Sequence[Unfitness], allowed: Sequence[Network]
) -> Failure | None:
    """The failure to report instead, if a shortcoming of this machine is why it cannot resolve or connect. Pure.

    `server` is None for a target that has none: it may look only at names.
    """
    if failure.phase is Phase.RESOLVE and Unfitness.RESOLVER_BROKEN in unfit:
        return msgspec.structs.replace(failure, source=FailureSource.RESOLVER)
    if failure.phase is not Phase.CONNECT:
        return None
    if address and within(address, allowed):
        return None
    family = server.ip_family if server else IpFamily.ANY
    version = ip_address(address).version if address else {IpFamily.IPV4: 4, IpFamily.IPV6: 6}.get(family)
    for inability, applies in (
        (Unfitness.PORT25_BLOCKED, server is not None and server.port == 25),
        (Unfitness.NO_IPV4, version == 4),
        (Unfitness.NO_IPV6, version == 6),
    ):
        if applies and inability in unfit:
            detail = f"{_EXPLANATIONS[inability]}: {failure.detail}"
            return msgspec.structs.replace(failure, source=FailureSource.AGENT, detail=detail)
    return None


def within(address: str, networks: Iterable[Network]) -> bool:
    """Whether an IP address is in one of these networks."""
    ip = ip_address(address)
    return any(ip.version == network.version and ip in network for network in networks)


_EXPLANATIONS = {
    Unfitness.PORT25_BLOCKED: "the agent's network blocks outgoing connections to port 25",
    Unfitness.NO_IPV4: "the agent has no route to IPv4",
    Unfitness.NO_IPV6: "the agent has no route to IPv6",
}
