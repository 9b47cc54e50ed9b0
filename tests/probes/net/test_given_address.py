"""A target with a fixed address: its name is not resolved, and the certificate must still name the host."""

from __future__ import annotations

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import FailureKind, FailureSource
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.context import context as a_station
from tests.fakes.context import request
from tests.fakes.scripted_server import Tls, playing

NOWHERE = "mail.nowhere.invalid"
SECURE = (Tls(), "S: 220 mail.test ESMTP", "C: EHLO", "S: 250-mail.test", "S: 250 SIZE", "C: QUIT", "S: 221 bye")


async def test_the_address_is_connected_to_without_looking_the_name_up(
    context: ProbeContext, certificates: Certificates
) -> None:
    async with playing(SECURE[1:], certificates) as server:
        target = SmtpTarget(host=NOWHERE, port=server.port, address=ADDRESS)
        result = await run_check(request(target), context)
    assert (result.failure, result.address) == (None, ADDRESS)


async def test_the_certificate_must_name_the_host_and_not_the_address(
    context: ProbeContext, certificates: Certificates
) -> None:
    for host, kind in ((HOST, None), (NOWHERE, FailureKind.CERTIFICATE_WRONG_HOST)):
        async with playing(SECURE, certificates) as server:
            target = SmtpTarget(host=host, port=server.port, address=ADDRESS, tls=TlsMode.IMPLICIT)
            result = await run_check(request(target), context)
        assert (result.failure.kind if result.failure else None) == kind


async def test_an_address_that_is_not_allowed_is_refused(certificates: Certificates) -> None:
    async with a_station(certificates, allow=()) as strict:
        result = await run_check(request(SmtpTarget(host=HOST, port=25, address=ADDRESS)), strict)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.source) == (FailureKind.ADDRESS_FORBIDDEN, FailureSource.AGENT)
