"""Throttled checks: each waits for a permit, no login is refused too often, and our own faults are no server's."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

from shared.wire.failures import FailureKind, FailureSource, Phase
from shared.wire.messages import ResultStatus, Unfitness
from shared.wire.targets import IpFamily
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Gate, playing
from tests.probes.throttling.checking import DIALOGUE, checking


async def test_two_names_of_one_server_share_its_permits(certificates: Certificates) -> None:
    opened = asyncio.Event()
    async with checking(certificates) as checker, playing((Gate(opened), *DIALOGUE)) as server:
        hosts = (ADDRESS, "localhost", ADDRESS, "localhost")
        targets = [SmtpTarget(host=host, port=server.port, ip_family=IpFamily.IPV4) for host in hosts]
        checks = [asyncio.create_task(checker.check(request(target, timeout_seconds=60))) for target in targets]
        async with asyncio.timeout(10):
            while server.connections < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert (server.connections, checker.running) == (2, 2)
        opened.set()
        results = await asyncio.gather(*checks)
    assert [result.failure for result in results] == [None] * 4


async def test_the_wait_for_a_permit_is_no_part_of_the_check(certificates: Certificates) -> None:
    async with checking(certificates, per_second=0.5) as checker, playing(DIALOGUE) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        results = await asyncio.gather(*(checker.check(request(target)) for _ in range(3)))
    assert all(result.status is ResultStatus.SUCCESS for result in results)
    assert all(result.duration_ms < 1900 for result in results)
    starts = sorted(result.started_at for result in results)
    assert (starts[1] - starts[0]).total_seconds() > 1.6
    assert (starts[2] - starts[0]).total_seconds() > 3.6


async def test_a_check_that_gets_no_permit_is_our_own_fault(certificates: Certificates) -> None:
    async with checking(certificates, per_second=0.01) as checker, playing(DIALOGUE) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        await checker.check(request(target))
        result = await checker.check(request(target, start_in_seconds=5))
        assert server.connections == 1
    assert result.failure
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert "no permit in time" in result.failure.detail
    assert result.status is ResultStatus.UNKNOWN


async def test_networks_of_our_own_are_exempt(certificates: Certificates) -> None:
    loopback = (ip_network("127.0.0.0/8"),)
    async with (
        checking(certificates, at_once=1, per_second=0.01, exempt=loopback) as checker,
        playing(DIALOGUE) as server,
    ):
        target = SmtpTarget(host=ADDRESS, port=server.port)
        results = await asyncio.gather(*(checker.check(request(target)) for _ in range(5)))
    assert {result.status for result in results} == {ResultStatus.SUCCESS}


async def test_a_server_that_changes_its_address_is_known_by_the_new_one(certificates: Certificates) -> None:
    """The address that a check connected to counts for the next check of the host, not the one resolved before."""
    async with checking(certificates) as checker, playing(DIALOGUE) as server:
        target = SmtpTarget(host="localhost", port=server.port)
        await checker.check(request(target))
        checker._addresses.learn(target, "127.0.0.2")
        assert await checker._addresses.address_to_wait_for(target, 1) == "127.0.0.2"
        await checker.check(request(target))
        assert await checker._addresses.address_to_wait_for(target, 1) == ADDRESS


async def test_names_with_a_given_address_share_its_permits(certificates: Certificates) -> None:
    """Such a name need not exist, or may belong to another server: the server at the address is the one to spare."""
    opened = asyncio.Event()
    async with checking(certificates) as checker, playing((Gate(opened), *DIALOGUE)) as server:
        hosts = ("a.invalid", "b.invalid", "localhost", "localhost")
        targets = [SmtpTarget(host=host, port=server.port, address=ADDRESS) for host in hosts]
        checks = [asyncio.create_task(checker.check(request(target, timeout_seconds=60))) for target in targets]
        async with asyncio.timeout(10):
            while server.connections < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert (server.connections, checker.running) == (2, 2)
        opened.set()
        await asyncio.gather(*checks)


async def test_port_25_that_our_network_blocks_is_not_the_servers_fault(certificates: Certificates) -> None:
    silent = SmtpTarget(host="127.25.25.25", port=25)
    async with checking(certificates, unfit=[Unfitness.PORT25_BLOCKED]) as checker:
        result = await checker.check(request(silent))
    assert result.failure
    assert (result.failure.source, result.failure.phase) == (FailureSource.AGENT, Phase.CONNECT)
    assert "port 25" in result.failure.detail
    async with checking(certificates) as checker:
        result = await checker.check(request(silent))
    assert result.failure
    assert result.failure.source is FailureSource.TARGET


async def test_what_this_machine_can_do_is_awaited_before_a_server_is_blamed_for_port_25(
    certificates: Certificates,
) -> None:
    async with checking(certificates) as checker:
        limiter = checker._limiter
        limiter.examined.clear()
        check = asyncio.create_task(checker.check(request(SmtpTarget(host="127.25.25.25", port=25))))
        await asyncio.sleep(0.05)
        assert not check.done()
        limiter.unfit = [Unfitness.PORT25_BLOCKED]
        limiter.examined.set()
        result = await check
    assert result.failure
    assert result.failure.source is FailureSource.AGENT
