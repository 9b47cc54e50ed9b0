"""A delayed ACK of our kernel does not lengthen a reply that comes in pieces from a server with Nagle's algorithm."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import Phase
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import request

TRIES = 5
LATE_ACK_MS = 40  # TCP_DELACK_MIN of Linux


@pytest.fixture
def halting_port() -> Iterator[int]:
    """A server that sends every reply in two pieces; not asyncio's own, because that disables Nagle's algorithm."""
    with socket.create_server((ADDRESS, 0)) as listening:

        def serve() -> None:
            for _ in range(TRIES):
                connection, _ = listening.accept()
                with connection, connection.makefile("rb") as lines:
                    connection.sendall(b"220 x\r\n")
                    for _ in lines:
                        connection.sendall(b"25")
                        connection.sendall(b"0 x\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


async def test_no_reply_waits_for_a_late_ack(halting_port: int, context: ProbeContext) -> None:
    requires(sys.platform == "linux", "TCP_QUICKACK")
    target = SmtpTarget(host=ADDRESS, port=halting_port, tls=TlsMode.NONE)
    results = [await run_check(request(target), context) for _ in range(TRIES)]
    assert [result.failure for result in results] == [None] * TRIES
    for phase in (Phase.EHLO, Phase.QUIT):
        took = [timing.duration_ms for result in results for timing in result.phases if timing.phase is phase]
        assert min(took) < LATE_ACK_MS / 2, (phase, took)
