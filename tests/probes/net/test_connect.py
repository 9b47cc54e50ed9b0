"""Connecting to a server: which of its addresses, in what order, and TLS for the name of the target."""

from __future__ import annotations

import re
import ssl
from typing import cast

import msgspec
import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import ResultStatus
from shared.wire.targets import IpFamily, TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.context import context as composed
from tests.fakes.context import request
from tests.fakes.name_server import serving
from tests.fakes.scripted_server import Tls, closed_port, hanging, playing

PLAIN = ("S: 220 mail.test ESMTP", "C: EHLO", "S: 250-mail.test", "S: 250 SIZE", "C: QUIT", "S: 221 bye")


async def test_nobody_listening_is_refused_in_phase_connect(context: ProbeContext) -> None:
    result = await run_check(request(SmtpTarget(host=ADDRESS, port=closed_port())), context)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.REFUSED, Phase.CONNECT)
    assert result.failure.source is FailureSource.TARGET


async def test_a_dead_first_address_does_not_fail_the_check(certificates: Certificates) -> None:
    zone = {"two.test": ["127.0.0.2", "127.0.0.1"]}
    async with (
        serving(zone) as names,
        composed(certificates, nameservers=[names]) as context,
        playing(PLAIN) as server,
    ):
        result = await run_check(request(SmtpTarget(host="two.test", port=server.port)), context)
    assert result.failure is None
    assert result.address == "127.0.0.1"
    assert result.facts["failedAddresses"] == ["127.0.0.2: Connection refused"]


@pytest.mark.parametrize("family", list(IpFamily))
async def test_the_address_used_is_in_the_result_and_of_the_requested_family(
    family: IpFamily, certificates: Certificates
) -> None:
    zone = {"two.test": ["::1", "127.0.0.1"]}
    async with (
        serving(zone) as names,
        composed(certificates, nameservers=[names]) as context,
        playing(PLAIN) as server,
    ):
        result = await run_check(request(SmtpTarget(host="two.test", port=server.port, ip_family=family)), context)
    assert result.address == ("::1" if family is IpFamily.IPV6 else "127.0.0.1")
    assert (result.failure is None) is (family is not IpFamily.IPV6)


async def test_a_dead_ipv6_beside_a_working_ipv4_costs_its_head_start_and_no_more(certificates: Certificates) -> None:
    zone = {"two.test": ["::1", "127.0.0.1"]}
    async with (
        serving(zone) as names,
        composed(certificates, nameservers=[names]) as context,
        playing(PLAIN) as server,
        hanging("::1", server.port),
    ):
        check_request = request(SmtpTarget(host="two.test", port=server.port))
        results = [await run_check(check_request, context) for _ in range(5)]
    assert {(result.failure, result.address) for result in results} == {(None, "127.0.0.1")}
    connecting = [timing.duration_ms for result in results for timing in result.phases if timing.phase is Phase.CONNECT]
    assert min(connecting) < 400  # other load on the machine only adds to it


async def test_a_fixed_address_is_connected_to_and_the_certificate_still_names_the_host(
    context: ProbeContext, certificates: Certificates
) -> None:
    async with playing((Tls("name only"), *PLAIN), certificates) as server:
        target = SmtpTarget(host=HOST, address=ADDRESS, port=server.port, tls=TlsMode.IMPLICIT)
        result = await run_check(request(target), context)
        assert (result.failure, result.address) == (None, ADDRESS)
    async with playing((Tls("address only"), "C: QUIT"), certificates) as server:
        result = await run_check(request(msgspec.structs.replace(target, port=server.port)), context)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.CERTIFICATE_WRONG_HOST


async def test_a_fixed_address_is_not_excused_from_what_an_agent_may_reach(certificates: Certificates) -> None:
    async with composed(certificates, allow=()) as context, playing(PLAIN) as server:
        result = await run_check(request(SmtpTarget(host="mail.test", address=ADDRESS, port=server.port)), context)
        assert server.connections == 0
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.ADDRESS_FORBIDDEN, FailureSource.AGENT)


@pytest.mark.parametrize("host", [HOST, ADDRESS, "xn--bcher-kva.test"])
async def test_the_server_is_sent_the_name_it_is_checked_for_but_never_an_address(
    host: str, context: ProbeContext, certificates: Certificates
) -> None:
    server_names: list[str | None] = []

    def named(_tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        server_names.append(name)

    tls_context = certificates.context("good by an intermediate")
    tls_context.sni_callback = named
    try:
        async with playing((Tls("good by an intermediate"), *PLAIN), certificates) as server:
            target = SmtpTarget(
                host=host, address=ADDRESS, port=server.port, tls=TlsMode.IMPLICIT, verify_certificate=False
            )
            result = await run_check(request(target), context)
    finally:
        tls_context.sni_callback = None
    assert result.failure is None
    assert server_names == [None if host == ADDRESS else host]


async def test_a_certificate_that_ends_soon_is_a_warning(context: ProbeContext, certificates: Certificates) -> None:
    async with playing((Tls("soon expired"), *PLAIN), certificates) as server:
        target = SmtpTarget(host=HOST, port=server.port, tls=TlsMode.IMPLICIT)
        result = await run_check(request(target), context)
    assert [warning.kind for warning in result.warnings] == [WarningKind.CERTIFICATE_EXPIRES_SOON]
    assert result.warnings[0].detail.startswith("valid until ")
    async with playing((Tls("soon expired"), *PLAIN), certificates) as server:
        patient = msgspec.structs.replace(target, port=server.port, certificate_warning_days=2)
        assert (await run_check(request(patient), context)).warnings == []


async def test_no_route_of_our_own_is_our_own_fault(certificates: Certificates) -> None:
    """The kernel itself refuses 255.255.255.255, as it refuses every address on a machine without a network."""
    async with composed(certificates, allow=["255.255.255.255/32"]) as context:
        result = await run_check(request(SmtpTarget(host="255.255.255.255", port=25)), context)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)
    assert (result.failure.phase, result.status) == (Phase.CONNECT, ResultStatus.UNKNOWN)


async def test_an_address_that_keeps_silent_may_use_only_its_share(certificates: Certificates) -> None:
    """The backlog of the first address is full, so the kernel answers no SYN for it."""
    zone = {"two.test": ["127.0.0.2", "127.0.0.1"]}
    async with (
        serving(zone) as names,
        composed(certificates, nameservers=[names]) as context,
        playing(PLAIN) as server,
        hanging("127.0.0.2", server.port),
    ):
        result = await run_check(request(SmtpTarget(host="two.test", port=server.port)), context)
    assert result.failure is None
    assert result.address == "127.0.0.1"
    (silent,) = cast("list[str]", result.facts["failedAddresses"])
    assert re.fullmatch(r"127\.0\.0\.2: no answer within [0-9]+ ms", silent)


async def test_the_deadline_ends_a_connect_that_hangs(punctual: ProbeContext) -> None:
    async with hanging("127.0.0.1") as port:
        result = await run_check(request(SmtpTarget(host=ADDRESS, port=port), timeout_seconds=2), punctual)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.TIMEOUT, Phase.CONNECT)
    assert result.failure.source is FailureSource.TARGET


async def test_the_address_in_the_result_is_the_one_that_hangs_and_not_one_that_answered(
    certificates: Certificates,
) -> None:
    zone = {"two.test": ["127.0.0.2", "127.0.0.1"]}
    async with (
        serving(zone) as names,
        composed(certificates, nameservers=[names], punctual=True) as context,
        hanging("127.0.0.1") as port,
    ):
        result = await run_check(request(SmtpTarget(host="two.test", port=port), timeout_seconds=2), context)
    assert result.failure is not None
    assert (result.failure.kind, result.address) == (FailureKind.TIMEOUT, "127.0.0.1")
    assert result.facts["failedAddresses"] == ["127.0.0.2: Connection refused"]
