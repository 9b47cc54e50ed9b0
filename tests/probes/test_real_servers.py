"""The SMTP probe against servers that nobody scripted: Postfix and aiosmtpd."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

from agent.runner import Station, run_check
from shared.failures import FailureKind, Phase
from shared.messages import CheckResult
from shared.targets import SmtpTarget, TlsMode
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.postfix import HOST_NAME, Postfix, missing_for_postfix, start_postfix
from tests.fakes.station import request

LOGIN = ("alice", "wonder land")


@pytest.fixture(scope="module")
def postfix(certificates: Certificates) -> Iterator[Postfix]:
    missing = missing_for_postfix(login=True)
    requires(missing is None, str(missing))
    with start_postfix(certificates=certificates, login=LOGIN) as running:
        yield running


def phases(result: CheckResult) -> list[str]:
    return [timing.phase.value for timing in result.phases]


@pytest.mark.parametrize(
    ("tls", "names"),
    [
        (TlsMode.NONE, ["resolve", "connect", "greeting", "ehlo", "quit"]),
        (TlsMode.OPPORTUNISTIC, ["resolve", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "quit"]),
        (TlsMode.REQUIRED, ["resolve", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "quit"]),
        (TlsMode.IMPLICIT, ["resolve", "connect", "tls", "greeting", "ehlo", "quit"]),
    ],
)
async def test_postfix_passes_in_every_tls_mode(
    tls: TlsMode, names: list[str], postfix: Postfix, station: Station
) -> None:
    port = postfix.tls_port if tls is TlsMode.IMPLICIT else postfix.port
    result = await run_check(request(SmtpTarget(host=HOST, port=port, tls=tls)), station)
    assert result.failure is None
    assert phases(result) == names
    assert result.facts["greeting"] == f"{HOST_NAME} ESMTP"
    assert result.facts.get("certificateValid") is (None if tls is TlsMode.NONE else True)


async def test_postfix_accepts_the_right_password(postfix: Postfix, station: Station) -> None:
    result = await run_check(request(SmtpTarget(host=HOST, port=postfix.port), login=LOGIN), station)
    assert result.failure is None
    assert "auth" in phases(result)
    assert result.facts["loginMechanism"] == "PLAIN"
    async with asyncio.timeout(5):
        while "auth=1" not in postfix.log:
            await asyncio.sleep(0.02)


async def test_postfix_refuses_the_wrong_password(postfix: Postfix, station: Station) -> None:
    result = await run_check(request(SmtpTarget(host=HOST, port=postfix.port), login=("alice", "wrong")), station)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.LOGIN_REFUSED, Phase.AUTH)


async def test_postfix_over_tls_is_not_delayed_by_our_kernel(postfix: Postfix, station: Station) -> None:
    """Without quick ACKs every such check reads some 44 ms (shared/bench/RESULTS.md); the fastest of ten must not."""
    target = SmtpTarget(host=ADDRESS, port=postfix.tls_port, tls=TlsMode.IMPLICIT)
    results = [await run_check(request(target), station) for _ in range(10)]
    assert all(result.failure is None for result in results)
    assert min(result.duration_ms for result in results) < 40


async def test_a_stopped_postfix_is_refused_and_a_started_one_passes(postfix: Postfix, station: Station) -> None:
    target = SmtpTarget(host=ADDRESS, port=postfix.port)
    postfix.stop()
    result = await run_check(request(target), station)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.REFUSED, Phase.CONNECT)
    postfix.start()
    result = await run_check(request(target), station)
    assert result.failure is None


async def test_aiosmtpd_passes(station: Station, certificates: Certificates) -> None:
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Sink(), hostname="aio.test", tls_context=certificates.context("good")), ADDRESS, 0
    )
    port = listener.sockets[0].getsockname()[1]
    try:
        result = await run_check(request(SmtpTarget(host=HOST, port=port, tls=TlsMode.REQUIRED)), station)
    finally:
        listener.close()
    assert result.failure is None
    assert result.facts["certificateValid"] is True
