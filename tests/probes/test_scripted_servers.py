"""The result of every scripted server's check, its deadline, its sockets and its secrets.

All dialogues run before the first test, many at once; each test then checks its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from typing import Any, NamedTuple

import msgspec
import pytest
import structlog

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.login import Proofs
from shared.secret import Secret
from shared.wire.failures import FailureKind, Phase, WarningKind
from shared.wire.messages import CheckRequest, CheckResult
from shared.wire.sealing import seal_login
from shared.wire.targets import Login
from shared.wire.targets.smtp import SmtpTarget
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import PUBLIC_KEY, request
from tests.fakes.context import context as composed
from tests.fakes.name_server import serving
from tests.fakes.router import unreachable_port
from tests.fakes.scripted_server import ScriptedServer, closed_port, hanging, playing
from tests.probes.scripted import SCRIPTED
from tests.probes.scripted.case import LOGIN, PATIENT_SECONDS, Case, Expected, fails, outcome_of, secrets

UNREACHABLE = fails("unreachable@connect")

LATE_SECONDS = 5.0
"""How much later than its deadline a check may end on a busy machine."""

AT_ONCE = 8
"""How many dialogues with servers that answer run at once; more would only wait for each other."""


class Dialogue(NamedTuple):
    """The outcome of a row. `server_error` is set when the server received what its script does not expect."""

    result: CheckResult
    seconds: float
    connections: int
    server_error: Exception | None
    logged: list[Any]


@pytest.fixture(scope="module")
async def dialogues(request: pytest.FixtureRequest, certificates: Certificates) -> dict[str, Dialogue]:
    """The dialogue of each selected row. Those that run into their deadline only wait, so they all run at once."""
    tests = (item for item in request.session.items if item.path == request.path and isinstance(item, pytest.Function))
    selected = {item.callspec.params.get("name") for item in tests if hasattr(item, "callspec")}
    chosen = {name: case for name, case in SCRIPTED.items() if name in selected}
    answered = asyncio.Semaphore(AT_ONCE)

    async def hold(name: str, case: Case) -> tuple[CheckResult, float, int, Exception | None]:
        structlog.contextvars.bind_contextvars(row=name)
        async with AsyncExitStack() as stack:
            if case.timeout == PATIENT_SECONDS:
                await stack.enter_async_context(answered)
            return await _hold(case, context, certificates)

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
        async with composed(certificates, punctual=True) as context:
            held = await asyncio.gather(*(hold(name, case) for name, case in chosen.items()))
    assert [line for line in logged if "row" not in line] == []
    return {
        name: Dialogue(*outcome, [line for line in logged if line.get("row") == name])
        for name, outcome in zip(chosen, held, strict=True)
    }


async def _hold(
    case: Case, context: ProbeContext, certificates: Certificates
) -> tuple[CheckResult, float, int, Exception | None]:
    result: CheckResult | None = None
    seconds, connections, server_error = 0.0, 0, None
    try:
        async with _prepared(case, context, certificates) as (probe_context, port, server):
            check_request = _request(case, port)
            began = perf_counter()
            result = await run_check(check_request, probe_context)
            seconds = perf_counter() - began
            if server is not None:
                await server.all_closed()
                connections = server.connections
    except (AssertionError, TimeoutError) as error:
        if result is None:
            raise
        server_error = error
    return result, seconds, connections, server_error


@pytest.mark.parametrize(("name", "case"), [pytest.param(name, case, id=name) for name, case in SCRIPTED.items()])
async def test_every_server_gets_the_right_result(name: str, case: Case, dialogues: dict[str, Dialogue]) -> None:
    result, seconds, connections, server_error, logged = dialogues[name]
    assert outcome_of(result) == case.expected, result.failure or result.warnings
    assert server_error is None, server_error
    assert connections <= 1
    assert seconds < case.timeout + LATE_SECONDS
    assert logged == []
    shown = msgspec.json.encode(result).decode() + "\n".join(line.text for line in result.transcript)
    assert [secret for secret in secrets(*(case.login or LOGIN)) if secret in shown] == []
    assert bool(result.transcript) == _has_evidence(case.expected)


def _has_evidence(expected: Expected) -> bool:
    """Whether the dialogue began; resolving a name leaves no transcript."""
    return expected.kind is None or expected.phase not in (None, Phase.RESOLVE)


@pytest.mark.parametrize(
    "sent",
    [
        "AUTH PLAIN ********",
        "AUTH LOGIN",
        "AUTH CRAM-MD5",
        "AUTH XOAUTH2 ********",
        "A1 LOGIN ********",
        "A1 AUTHENTICATE PLAIN ********",
        "A1 AUTHENTICATE CRAM-MD5",
        "PASS ********",
        f"APOP {LOGIN[0]} ********",
    ],
)
def test_a_check_that_passed_shows_its_login_without_secrets(sent: str, dialogues: dict[str, Dialogue]) -> None:
    """That no transcript holds a secret is tested of every row; this tests that such rows are among them."""
    passed = [one.result for one in dialogues.values() if one.result.failure is None]
    assert any(line.text == sent for result in passed for line in result.transcript)


async def test_a_server_no_router_knows_a_way_to_is_unreachable(context: ProbeContext) -> None:
    try:
        async with unreachable_port(ADDRESS) as port:
            result = await run_check(request(SmtpTarget(host=ADDRESS, port=port), login=LOGIN), context)
    except PermissionError:
        requires(False, "raw sockets (root)")
    else:
        assert outcome_of(result) == UNREACHABLE, result.failure


def test_the_scripted_servers_cover_every_failure_every_phase_and_every_warning() -> None:
    expectations = [UNREACHABLE, *(case.expected for case in SCRIPTED.values())]
    assert {expected.kind for expected in expectations} - {None} == set(FailureKind) - {FailureKind.UNKNOWN}
    assert {expected.phase for expected in expectations} - {None} == set(Phase) - {Phase.UNKNOWN}
    assert {kind for expected in expectations for kind in expected.warnings} == set(WarningKind) - {WarningKind.UNKNOWN}


@asynccontextmanager
async def _prepared(
    case: Case, context: ProbeContext, certificates: Certificates
) -> AsyncIterator[tuple[ProbeContext, int, ScriptedServer | None]]:
    """The agent's probe context, a port, and the server on it if there is one."""
    async with AsyncExitStack() as stack:
        server = None if case.script is None else await stack.enter_async_context(playing(case.script, certificates))
        port = server.port if server else closed_port()
        for address in case.silent:
            await stack.enter_async_context(hanging(address, port))
        if case.zone is not None:
            names = await stack.enter_async_context(serving(case.zone))
            context = await stack.enter_async_context(
                composed(certificates, nameservers=[names], control_name=case.control_name, punctual=True)
            )
        # A port is used again, and what was learnt of the login at one server says nothing about another.
        own = msgspec.structs.replace(context.reach, proofs=Proofs())
        yield msgspec.structs.replace(context, reach=own), port, server


def _request(case: Case, port: int) -> CheckRequest:
    target = msgspec.structs.replace(case.target, port=port)
    check_request = request(target, timeout_seconds=case.timeout, want_transcript=True)
    if case.login is None:
        return check_request
    user, password = case.login
    login = Login(user, Secret(password), case.bearer)
    sealed = seal_login(login, PUBLIC_KEY, monitor=check_request.monitor_id, location=case.sealed_for)
    return msgspec.structs.replace(check_request, sealed_login=sealed)
