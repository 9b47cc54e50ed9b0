"""One check from request to result: its deadline, its sockets, its facts, and faults of our own."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from agent.connect import Connect
from agent.findings import Findings
from agent.phases import Phases
from agent.runner import Station, run_check
from shared.failures import FailureKind, FailureSource, Phase
from shared.messages import CheckResult, ResultStatus
from shared.targets import SmtpTarget, TlsMode
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.name_server import serving
from tests.fakes.scripted_server import Hang, Tls, closed_port, playing
from tests.fakes.station import request
from tests.fakes.station import station as composed

PLAIN = ("S: 220 mail.test ESMTP", "C: EHLO", "S: 250-mail.test", "S: 250 SIZE", "C: QUIT", "S: 221 bye")
SECURE = (*PLAIN[:2], "S: 250-x", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", Tls(), "C: EHLO", *PLAIN[2:])


async def test_a_passing_check_tells_all_it_saw(station: Station, certificates: Certificates) -> None:
    async with playing(SECURE, certificates) as server:
        asked = request(SmtpTarget(host=HOST, port=server.port))
        result = await run_check(asked, station)
    assert result.status is ResultStatus.SUCCESS
    assert (result.check_id, result.monitor_id, result.due_at) == (asked.check_id, asked.monitor_id, asked.due_at)
    assert (result.agent, result.location, result.country) == ("test-1", "de", "DE")
    assert [timing.phase.value for timing in result.phases] == (
        ["resolve", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "quit"]
    )
    assert result.duration_ms >= sum(timing.duration_ms for timing in result.phases)
    assert [timing.start_ms for timing in result.phases] == sorted(timing.start_ms for timing in result.phases)
    facts = result.facts
    assert (facts["greeting"], facts["capabilities"]) == ("mail.test ESMTP", ["SIZE"])
    assert (facts["tlsVersion"], facts["certificateValid"]) == ("TLSv1.3", True)
    assert facts["certificateNames"] == [HOST, ADDRESS]
    for name in ("tlsCipher", "certificateSubject", "certificateIssuer", "certificateNotAfter", "certificateSha256"):
        assert facts[name], name
    assert msgspec.json.decode(msgspec.json.encode(result), type=CheckResult) == result


async def test_a_failing_check_still_tells_its_tls_facts(station: Station, certificates: Certificates) -> None:
    async with playing((Tls("expired"), "C: QUIT"), certificates) as server:
        result = await run_check(request(SmtpTarget(host=HOST, port=server.port, tls=TlsMode.IMPLICIT)), station)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.CERTIFICATE_EXPIRED
    assert result.facts["certificateValid"] is False
    assert int(str(result.facts["certificateDaysLeft"])) < 0


async def test_nobody_listening_is_refused_in_phase_connect(station: Station) -> None:
    result = await run_check(request(SmtpTarget(host=ADDRESS, port=closed_port())), station)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.REFUSED, Phase.CONNECT)
    assert result.failure.source is FailureSource.TARGET


async def test_a_dead_first_address_does_not_fail_the_check(certificates: Certificates) -> None:
    zone = {"two.test": ["127.0.0.2", "127.0.0.1"]}
    async with serving(zone) as names, composed(certificates, nameservers=[names]) as here, playing(PLAIN) as server:
        result = await run_check(request(SmtpTarget(host="two.test", port=server.port)), here)
    assert result.failure is None
    assert result.address == "127.0.0.1"


async def test_no_route_of_our_own_is_our_own_fault(certificates: Certificates) -> None:
    """255.255.255.255 is refused by the kernel itself, as every address is on a machine without a network."""
    async with composed(certificates, allow=["255.255.255.255/32"]) as here:
        result = await run_check(request(SmtpTarget(host="255.255.255.255", port=25)), here)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert (result.failure.phase, result.status) == (Phase.CONNECT, ResultStatus.UNKNOWN)


async def test_the_deadline_counts_over_everything_and_names_the_phase_that_hung(station: Station) -> None:
    async with playing((*PLAIN[:2], Hang())) as server:
        began = time.perf_counter()
        result = await run_check(request(SmtpTarget(host=ADDRESS, port=server.port), timeout_seconds=0.25), station)
        took = time.perf_counter() - began
        await server.all_closed()
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.TIMEOUT, Phase.EHLO)
    assert 0.2 < took < 1.5
    assert result.phases[-1].phase is Phase.EHLO


async def test_an_address_that_keeps_silent_may_use_only_its_share(certificates: Certificates) -> None:
    """The first address has a full backlog: the kernel answers no SYN for it."""
    zone = {"two.test": ["127.0.0.2", "127.0.0.1"]}
    async with (
        serving(zone) as names,
        composed(certificates, nameservers=[names]) as here,
        playing(PLAIN) as server,
        silent("127.0.0.2", server.port),
    ):
        result = await run_check(request(SmtpTarget(host="two.test", port=server.port), timeout_seconds=1), here)
    assert result.failure is None
    assert result.address == "127.0.0.1"


async def test_the_deadline_ends_a_connect_that_hangs(station: Station) -> None:
    async with silent("127.0.0.1", 0) as port:
        result = await run_check(request(SmtpTarget(host=ADDRESS, port=port), timeout_seconds=0.2), station)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.TIMEOUT, Phase.CONNECT)
    assert result.failure.source is FailureSource.TARGET


@asynccontextmanager
async def silent(address: str, port: int) -> AsyncIterator[int]:
    """A port where connections hang: it accepts none, and its queue is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(8):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        await asyncio.sleep(0.05)
        yield listener.getsockname()[1]


async def test_a_loop_that_stood_still_is_not_the_servers_fault(station: Station) -> None:
    async def blocked(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        stream = await connect()
        with phases(Phase.GREETING):
            await asyncio.sleep(0)
            time.sleep(0.3)  # noqa: ASYNC251 - the very thing this test is about
            await stream.read_line()
        return Findings()

    async with playing((Hang(),)) as server:
        result = await run_check(
            request(SmtpTarget(host=ADDRESS, port=server.port), timeout_seconds=0.25), station, {SmtpTarget: blocked}
        )
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)


async def test_a_bug_of_ours_is_our_own_fault_and_logged_without_the_password(station: Station) -> None:
    async def broken(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
        assert target.login is not None
        raise RuntimeError(f"broke on {target.login.password.reveal()}")

    asked = request(SmtpTarget(host=ADDRESS, port=25), login=("alice", "hunter2!"))
    with structlog.testing.capture_logs() as logged:
        result = await run_check(asked, station, {SmtpTarget: broken})
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert [line["event"] for line in logged] == ["check_broke"]
    assert "RuntimeError" in logged[0]["trace"]
    assert "hunter2!" not in repr(logged) + repr(result)


async def test_a_login_sealed_to_another_location_is_our_own_fault(station: Station) -> None:
    asked = request(SmtpTarget(host=ADDRESS, port=closed_port()), login=("alice", "secret"), location="us")
    result = await run_check(asked, station)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert result.phases == []


async def test_whoever_cancels_a_check_sees_it_cancelled_and_its_socket_closed(station: Station) -> None:
    async with playing((Hang(),)) as server:
        check = asyncio.create_task(run_check(request(SmtpTarget(host=ADDRESS, port=server.port)), station))
        async with asyncio.timeout(2):
            while not server.connections:
                await asyncio.sleep(0.01)
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        await server.all_closed()


@pytest.mark.parametrize(
    "script", [PLAIN, SECURE, (), PLAIN[:2], (*PLAIN[:2], "S: 550 no", "C: HELO", "S: 550 no")], ids=str
)
async def test_no_file_descriptor_stays_open(script: Any, station: Station, certificates: Certificates) -> None:
    async with playing(script, certificates) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        await run_check(request(target), station)
        await server.all_closed()
        before = _descriptors()
        for _ in range(20):
            await run_check(request(target), station)
        await server.all_closed()
        async with asyncio.timeout(2):
            while _descriptors() > before:
                await asyncio.sleep(0.01)


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
