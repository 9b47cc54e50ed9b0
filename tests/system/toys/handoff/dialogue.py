"""The dialogue with both servers: a greeting, `LOGIN user password`, then `PUT line` at one and `GET line` at the
other. An answer begins with `+` or `-`.
"""

from __future__ import annotations

import asyncio
import secrets
from time import monotonic

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.login import Way
from agent.dialogue.phases import Phases
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.net.stream import LineStream
from shared.wire.failures import FailureKind, Phase
from shared.wire.targets.base import Login, Server
from tests.system.toys.handoff.target import HandoffDetail, HandoffTarget

_PAUSE_SECONDS = 0.05


async def probe(target: HandoffTarget, connect: Connect, phases: Phases) -> Findings:
    """Where the login of the exit is not given, the exit is only connected to. Raises CheckError."""
    line = secrets.token_hex(8)
    entry = await _session(target.entry, connect, phases)
    with phases(Phase.ENVELOPE):
        if not (answer := await _request(entry, f"PUT {line}")).startswith("+"):
            raise CheckError(FailureKind.RECIPIENT_REFUSED, answer)
    handed_in = monotonic()
    exit_ = await _session(target.exit, connect, phases)
    waited: float | None = None
    if target.exit.login is not None:
        with phases(Phase.MAILBOX):
            await _pick_up(exit_, line, target.wait_seconds)
        waited = round((monotonic() - handed_in) * 1000, 3)
    detail = HandoffDetail(line=line, picked_up=waited is not None, waited_ms=waited)
    return Findings(facts={"line": line}, detail=detail)


async def _session(server: Server, connect: Connect, phases: Phases) -> LineStream:
    reach = connect.to(server)
    stream = await reach()
    with phases(Phase.GREETING):
        greeting = (await stream.read_line()).decode()
        if not greeting.startswith("+"):
            raise CheckError(FailureKind.GREETING_INVALID, greeting)
    login = server.login
    if login is not None:
        with phases(Phase.AUTH):
            await reach.log_in([Way("LOGIN", False, lambda: _log_in(stream, login))])
    return stream


async def _log_in(stream: LineStream, login: Login) -> CheckError | None:
    command = f"LOGIN {login.user} "
    answer = await _request(stream, command + login.password.reveal(), shown=command + HIDDEN)
    return None if answer.startswith("+") else CheckError(FailureKind.LOGIN_REFUSED, answer)


async def _pick_up(stream: LineStream, line: str, seconds: int) -> None:
    until = monotonic() + seconds
    while not (await _request(stream, f"GET {line}")).startswith("+"):
        if monotonic() >= until:
            raise CheckError(FailureKind.MAILBOX_MISSING, f"the line was not there after {seconds} s")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _request(stream: LineStream, command: str, *, shown: str | None = None) -> str:
    stream.write(f"{command}\n".encode(), shown=None if shown is None else f"{shown}\n".encode())
    return (await stream.read_line()).decode()
