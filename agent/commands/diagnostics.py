"""What `mailprobe-agent doctor` examines: routes, name servers, ports, broker and clock, one row each."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from enum import IntEnum
from ipaddress import ip_address
from time import monotonic
from typing import NamedTuple

import aiodns
import msgspec
import pycares

from agent.errors import CheckError
from agent.fitness import CONNECT_SECONDS, ELSEWHERE_V4, ELSEWHERE_V6
from agent.net.resolve import Resolver
from shared.addresses import may_reach
from shared.clock import now_ms
from shared.epoch import to_ms
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.failures import FailureKind
from shared.wire.messages import ClockReading

PORTS = {25: True, 465: False, 587: True, 993: False, 995: False, 110: True, 143: True}
"""The ports of mail, and whether a server greets on them in clear text."""

SLOW_RESOLVER_MS = 500.0
CLOCK_SECONDS = 1.0
"""With a clock further off than this, times in the history mislead and requests may be refused as late."""

_ADDRESSES_AT_ONCE = 5
_BROKER_SECONDS = 5.0


class State(IntEnum):
    """From best to worst; the number is the exit status."""

    FIT = 0
    LIMITED = 1
    UNFIT = 2
    SKIPPED = -1


class Row(msgspec.Struct, frozen=True):
    what: str
    state: State
    detail: str


class BrokerLogin(NamedTuple):
    """The broker, and the location as which to log in."""

    broker: Broker
    country: str
    location: str


class Diagnostics(msgspec.Struct, frozen=True, kw_only=True):
    """What to examine. Without `hosts` only port 25 of `port25_hosts` is tried; without `broker_login` no broker."""

    hosts: Sequence[str]
    port25_hosts: Sequence[str]
    control_name: str
    broker_login: BrokerLogin | None


async def examine(request: Diagnostics) -> list[Row]:
    """All rows, in the order in which a person would examine things. Takes some seconds; raises nothing of its own."""
    async with Resolver.open(request.control_name) as resolver:
        rows = [await _way_out(4, ELSEWHERE_V4), await _way_out(6, ELSEWHERE_V6)]
        if all(row.state is not State.FIT for row in rows):
            rows.append(Row("network", State.UNFIT, "no route to the Internet at all"))
        rows.append(await _resolver(resolver, request.control_name))
        rows += await _ports(resolver, request)
        rows += await _broker(request.broker_login)
    return rows


async def _way_out(version: int, elsewhere: str) -> Row:
    """The address this machine sends from, and its host name: many mail servers refuse clients without one."""
    what = f"IPv{version}"
    try:
        with socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as outward:
            outward.connect((elsewhere, 25))  # makes the kernel look for a route; sends nothing
            address = str(outward.getsockname()[0])
    except OSError:
        return Row(what, State.LIMITED, f"no route; checks of IPv{version} addresses are not run here")
    if not may_reach(ip_address(address)):
        return Row(what, State.FIT, f"from {address}, which is not public: servers see another address")
    name = await _name_of(address)
    if name is None:
        return Row(what, State.LIMITED, f"from {address}, which has no reverse DNS: some servers refuse such clients")
    return Row(what, State.FIT, f"from {address}, {name}")


async def _name_of(address: str) -> str | None:
    channel = aiodns.DNSResolver(timeout=2.0, tries=2)
    try:
        found = await channel.getnameinfo((address, 0), pycares.ARES_NI_NAMEREQD)
    except aiodns.error.DNSError:
        return None
    finally:
        await channel.close()
    return found.node


async def _resolver(resolver: Resolver, control_name: str) -> Row:
    """Whether names resolve, how fast, and whether the name servers report unknown names as unknown."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        await resolver.addresses(control_name)
    except CheckError as error:
        return Row("name servers", State.UNFIT, f"{control_name} cannot be resolved: {error.detail}")
    milliseconds = (loop.time() - began) * 1000
    unknown = f"{os.urandom(8).hex()}.{control_name}"
    try:
        invented = await resolver.addresses(unknown)
    except CheckError as error:
        if error.kind is not FailureKind.DNS_NOT_FOUND:
            return Row("name servers", State.LIMITED, f"an unknown name is not reported as unknown: {error.detail}")
    else:
        return Row(
            "name servers", State.LIMITED, f"they return an address for the unknown name {unknown}: {invented[0]}"
        )
    if milliseconds > SLOW_RESOLVER_MS:
        return Row("name servers", State.LIMITED, f"slow: {milliseconds:.0f} ms for {control_name}")
    return Row("name servers", State.FIT, f"{milliseconds:.1f} ms for {control_name}")


async def _ports(resolver: Resolver, request: Diagnostics) -> list[Row]:
    """A row for each port with the outcome at each host: at every address of the hosts given, and at one of each host
    of `port25_hosts`. A port is limited when none of them answers on it.
    """
    hosts = request.hosts or request.port25_hosts
    if not hosts:
        return [Row("port 25", State.SKIPPED, "no hosts given")]
    addresses: dict[str, Sequence[str]] = {}
    rows: list[Row] = []
    for host in hosts:
        try:
            found = await resolver.addresses(host)
            addresses[host] = found if request.hosts else found[:1]
        except CheckError as error:
            rows.append(Row(host, State.SKIPPED, error.detail))
    if not addresses:
        return rows
    ports = tuple(PORTS) if request.hosts else (25,)
    return rows + await asyncio.gather(*(_port(port, addresses) for port in ports))


async def _port(port: int, addresses: Mapping[str, Sequence[str]]) -> Row:
    limit = asyncio.Semaphore(_ADDRESSES_AT_ONCE)

    async def at(host: str) -> tuple[bool, str]:
        tried = await asyncio.gather(*(_try(address, port, limit) for address in addresses[host]))
        outcomes = [outcome for _, outcome in tried]
        if len(outcomes) > 1:
            outcomes = [f"at {address} {outcome}" for address, outcome in zip(addresses[host], outcomes, strict=True)]
        return any(answered for answered, _ in tried), f"{host} {', '.join(outcomes)}"

    hosts = await asyncio.gather(*map(at, addresses))
    reached = any(answered for answered, _ in hosts)
    return Row(f"port {port}", State.FIT if reached else State.LIMITED, "; ".join(detail for _, detail in hosts))


async def _try(address: str, port: int, limit: asyncio.Semaphore) -> tuple[bool, str]:
    """Whether the address answered on this port, and the outcome in words. A refusal is an answer too."""
    loop = asyncio.get_running_loop()
    async with limit:
        began = loop.time()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(address, port)
        except ConnectionRefusedError:
            return True, "refused"
        except TimeoutError:
            return False, "silent"
        except OSError as error:
            return False, os.strerror(error.errno).lower() if error.errno else "unreachable"
        outcome = f"{(loop.time() - began) * 1000:.0f} ms"
        try:
            if PORTS[port]:
                async with asyncio.timeout(CONNECT_SECONDS):
                    outcome += " and a greeting" if await reader.read(1) else ", closed without a greeting"
        except (OSError, TimeoutError):
            outcome += ", no greeting"
        finally:
            writer.close()
        return True, outcome


async def _broker(broker_login: BrokerLogin | None) -> list[Row]:
    """Whether the broker accepts the login, and how far this machine's clock is off its own. Fetches nothing."""
    if broker_login is None:
        return [Row("broker, clock", State.SKIPPED, "no enrolment and no MAILPROBE_NATS_URL given")]
    async with Bus.open(broker_login.broker, name="agent doctor") as bus:
        try:
            async with asyncio.timeout(_BROKER_SECONDS):
                await bus.wait_connected()
        except TimeoutError:
            return [Row("broker", State.UNFIT, bus.last_error or f"no connection within {_BROKER_SECONDS:.0f} s")]
        broker = Row("broker", State.FIT, f"accepts the login of location {broker_login.location}")
        began = monotonic()
        try:
            answer = await bus.request(
                subjects.agent(broker_login.country, broker_login.location, "doctor"), b"", _BROKER_SECONDS
            )
        except BusError as error:
            return [Row("broker", State.UNFIT, str(error))]
        if answer is None:
            return [broker, Row("clock", State.SKIPPED, "no controller answers with the time")]
        trip_ms = (monotonic() - began) * 1000
        ahead_ms = now_ms() - trip_ms / 2 - to_ms(msgspec.json.decode(answer, type=ClockReading).now)
    state = State.FIT if abs(ahead_ms) <= CLOCK_SECONDS * 1000 else State.LIMITED
    side = "ahead of" if ahead_ms > 0 else "behind"
    return [
        broker,
        Row("clock", state, f"{abs(ahead_ms):.0f} ms {side} the broker's, plus or minus {trip_ms / 2:.0f} ms"),
    ]
