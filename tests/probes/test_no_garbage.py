"""A check that ended leaves nothing behind that only the garbage collector could free, which stops all other checks."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.connection import Connect
from agent.dialogue.phases import Phases
from agent.dialogue.transcript import Transcript
from agent.net.stream import LineStream
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Hang, Reset, Tls, closed_port, playing
from tests.fakes.scripted_server import Script as Lines

OPEN = ("S: 220 mail.test ESMTP", "C: EHLO", "S: 250 mail.test")


@pytest.fixture
def collecting_nothing() -> Iterator[None]:
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def left_behind() -> list[str]:
    """The parts of checks that are garbage."""
    gc.collect()
    return [
        type(found).__name__
        for found in gc.garbage
        if isinstance(found, (Connect, Phases, Transcript, LineStream, CheckResult))
    ]


async def once(target: SmtpTarget, context: ProbeContext, *, timeout_seconds: float = 5) -> ResultStatus:
    found = (await run_check(request(target, timeout_seconds=timeout_seconds), context)).status
    await asyncio.sleep(0.05)  # closed transports are freed in the loop's next turns
    return found


@pytest.mark.parametrize("host", [ADDRESS, HOST])
@pytest.mark.usefixtures("collecting_nothing")
async def test_a_refused_connection(punctual: ProbeContext, host: str) -> None:
    target = SmtpTarget(host=host, port=closed_port(), tls=TlsMode.NONE)
    assert await once(target, punctual) is ResultStatus.FAILURE
    assert left_behind() == []


@pytest.mark.parametrize(
    ("lines", "tls", "status"),
    [
        pytest.param((*OPEN, "C: QUIT", "S: 221 bye"), TlsMode.NONE, "success", id="it passes"),
        pytest.param((Tls(), *OPEN, "C: QUIT", "S: 221 bye"), TlsMode.IMPLICIT, "success", id="it passes under TLS"),
        pytest.param((Tls("unknown issuer"),), TlsMode.IMPLICIT, "failure", id="a certificate nobody trusts"),
        pytest.param(("S: 554 no",), TlsMode.NONE, "failure", id="the greeting refuses"),
        pytest.param((), TlsMode.NONE, "failure", id="it closes at once"),
        pytest.param((OPEN[0], "C: EHLO", Reset()), TlsMode.NONE, "failure", id="it resets"),
        pytest.param(("S: hello",), TlsMode.IMPLICIT, "failure", id="no TLS"),
        pytest.param((OPEN[0], Hang()), TlsMode.NONE, "failure", id="it hangs"),
        pytest.param((Hang(),), TlsMode.IMPLICIT, "failure", id="it hangs in the handshake"),
    ],
)
@pytest.mark.usefixtures("collecting_nothing")
async def test_a_dialogue(
    punctual: ProbeContext, certificates: Certificates, lines: Lines, tls: TlsMode, status: str
) -> None:
    async with playing(lines, certificates) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port, tls=tls)
        assert await once(target, punctual, timeout_seconds=0.4 if Hang() in lines else 5) == status
        assert left_behind() == []
