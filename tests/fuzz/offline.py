"""A check whose server has sent everything before the first command, and then closed the connection."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, cast

import msgspec
import structlog

from agent.checks.loop_lag import LoopLag
from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings, Probe
from agent.dialogue.phases import Phases
from agent.dialogue.reach import Reach
from agent.dialogue.transcript import Transcript
from agent.net.stream import LineStream
from shared.secret import Secret
from shared.wire.failures import CheckWarning, FailureKind, FailureSource
from shared.wire.messages import LONGEST_TRANSCRIPT, CheckResult
from shared.wire.sealing import seal_login
from shared.wire.targets import Login, Target, TlsMode
from tests.fakes.context import LOCATION, PRIVATE_KEY, PUBLIC_KEY, request
from tests.probes.scripted.case import LOGIN, PASSWORD, USER, secrets

_LONGEST_RESULT = 512 * 1024
"""More than MOST_BYTES of a stream, twice: a result quotes what a server sent, but not without end."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_loop = asyncio.new_event_loop()


class _Preloaded:
    """Stands for the connection of a check. Its bytes come at once; a handshake fails."""

    def __init__(self, connect: Connect, data: bytes, transcript: Transcript, *, pipelined: bool) -> None:
        self.pipelined = False
        self._may_pipeline = pipelined
        self.facts = connect.facts
        self.client_name = connect.client_name
        self.deadline = connect.deadline
        self.log_in = connect.log_in
        self._stream = LineStream("192.0.2.1", transcript)
        self._stream.data_received(data)
        self._stream.eof_received()

    async def __call__(self) -> LineStream:
        return self._stream

    def decide_pipelining(self) -> bool:
        self.pipelined = self._may_pipeline
        return self.pipelined

    async def encrypt(self, _stream: LineStream) -> list[CheckWarning]:
        raise EOFError


def checker(kind: type[Target], probe: Probe, **options: Any) -> Callable[[bytes], None]:
    """The check of a target: the first byte chooses whether it logs in, how it connects and whether it pipelines."""

    def check(data: bytes) -> None:
        choice = data[0] if data else 0
        made = request(kind(host="mail.test", port=25, tls=_mode(choice), **options), timeout_seconds=5)
        if choice & 4:
            login = Login(USER, Secret(PASSWORD), bool(choice & 8))
            sealed = seal_login(login, PUBLIC_KEY, monitor=made.monitor_id, location=LOCATION)
            made = msgspec.structs.replace(made, sealed_login=sealed, want_transcript=True)

        async def offline(aim: Target, connect: Connect, phases: Phases) -> Findings:
            preloaded = _Preloaded(connect, data[1:], connect._transcript, pipelined=bool(choice & 16))
            return await probe(aim, cast("Connect", preloaded), phases)

        with structlog.testing.capture_logs():
            result = _loop.run_until_complete(run_check(made, _context(), {kind: offline}))
        _assert_is_sound(result, with_login=bool(choice & 4))

    return check


def _mode(choice: int) -> TlsMode:
    return (TlsMode.NONE, TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED)[choice & 3]


def _context() -> ProbeContext:
    return ProbeContext(
        agent="fuzz",
        location=LOCATION,
        country="DE",
        sealing_key=PRIVATE_KEY,
        reach=Reach(resolver=cast("Any", None), trust=cast("Any", None), client_name="probe.test"),
        lag=LoopLag(clock=lambda: 0.0),
    )


def _assert_is_sound(result: CheckResult, *, with_login: bool) -> None:
    """The server is at fault, not the agent; the result can be read as it was sent, is bounded, and has no secret."""
    failure = result.failure
    assert failure is None or failure.source is FailureSource.TARGET, failure
    assert failure is None or failure.kind is not FailureKind.TIMEOUT, failure
    sent = msgspec.json.encode(result)
    assert msgspec.json.decode(sent, type=CheckResult) == result
    assert len(sent) < _LONGEST_RESULT
    assert sum(len(line.text.encode()) for line in result.transcript) <= LONGEST_TRANSCRIPT
    assert not any(_CONTROL.search(line.text) for line in result.transcript)
    if with_login:
        shown = sent.decode()
        assert [secret for secret in secrets(*LOGIN) if secret in shown] == []
