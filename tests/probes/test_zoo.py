"""How the probes judge servers: every row of the zoo, its deadline, its sockets and its secrets.

The dialogues are held before the first test, many at once; each test judges its own.
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

from agent.checks.runner import Station, run_check
from shared.wire.failures import FailureKind, Phase, WarningKind
from shared.wire.messages import CheckRequest, CheckResult
from shared.wire.sealing import seal_login
from shared.wire.targets import Login, Secret, SmtpTarget
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.name_server import serving
from tests.fakes.router import no_way
from tests.fakes.scripted_server import ScriptedServer, closed_port, hanging, playing
from tests.fakes.station import PUBLIC_KEY, request
from tests.fakes.station import station as composed
from tests.probes.zoo import ZOO
from tests.probes.zoo.case import LOGIN, PATIENT_SECONDS, Case, Expected, fails, judged, secrets

UNREACHABLE = fails("unreachable@connect")

LATE_SECONDS = 5.0
"""How much later than its deadline a check may end on a busy machine."""

AT_ONCE = 8
"""Dialogues with servers that answer; more would only wait for each other."""


class Dialogue(NamedTuple):
    """What came of a row. `trouble` is what went wrong at the server: it was told what its script does not foresee."""

    result: CheckResult
    seconds: float
    connections: int
    trouble: Exception | None
    logged: list[Any]


@pytest.fixture(scope="module")
async def dialogues(request: pytest.FixtureRequest, certificates: Certificates) -> dict[str, Dialogue]:
    """One for each row whose test was selected. Those that run into their deadline only wait: they are held at once."""
    here = (item for item in request.session.items if item.path == request.path and isinstance(item, pytest.Function))
    selected = {item.callspec.params.get("name") for item in here if hasattr(item, "callspec")}
    chosen = {name: case for name, case in ZOO.items() if name in selected}
    answered = asyncio.Semaphore(AT_ONCE)

    async def hold(name: str, case: Case) -> tuple[CheckResult, float, int, Exception | None]:
        structlog.contextvars.bind_contextvars(row=name)
        async with AsyncExitStack() as stack:
            if case.timeout == PATIENT_SECONDS:
                await stack.enter_async_context(answered)
            return await _hold(case, station, certificates)

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
        async with composed(certificates, punctual=True) as station:
            held = await asyncio.gather(*(hold(name, case) for name, case in chosen.items()))
    assert [line for line in logged if "row" not in line] == []
    return {
        name: Dialogue(*outcome, [line for line in logged if line.get("row") == name])
        for name, outcome in zip(chosen, held, strict=True)
    }


async def _hold(
    case: Case, station: Station, certificates: Certificates
) -> tuple[CheckResult, float, int, Exception | None]:
    result: CheckResult | None = None
    seconds, connections, trouble = 0.0, 0, None
    try:
        async with _scene(case, station, certificates) as (here, port, server):
            asked = _request(case, port)
            began = perf_counter()
            result = await run_check(asked, here)
            seconds = perf_counter() - began
            if server is not None:
                await server.all_closed()
                connections = server.connections
    except (AssertionError, TimeoutError) as error:
        if result is None:
            raise
        trouble = error
    return result, seconds, connections, trouble


@pytest.mark.parametrize(("name", "case"), [pytest.param(name, case, id=name) for name, case in ZOO.items()])
async def test_every_server_is_judged_rightly(name: str, case: Case, dialogues: dict[str, Dialogue]) -> None:
    result, seconds, connections, trouble, logged = dialogues[name]
    assert judged(result) == case.expected, result.failure or result.warnings
    assert trouble is None, trouble
    assert connections <= 1
    assert seconds < case.timeout + LATE_SECONDS
    assert logged == []
    shown = msgspec.json.encode(result).decode() + "\n".join(line.text for line in result.transcript)
    assert [secret for secret in secrets(*(case.login or LOGIN)) if secret in shown] == []
    assert bool(result.transcript) == _has_evidence(case.expected)


def _has_evidence(expected: Expected) -> bool:
    """Whatever was said before a failure or a warning; to find a name nothing is."""
    return bool(expected.warnings) or expected.phase not in (None, Phase.RESOLVE)


async def test_a_server_no_router_knows_a_way_to_is_unreachable(station: Station) -> None:
    try:
        async with no_way(ADDRESS) as port:
            result = await run_check(request(SmtpTarget(host=ADDRESS, port=port), login=LOGIN), station)
    except PermissionError:
        requires(False, "raw sockets (root)")
    else:
        assert judged(result) == UNREACHABLE, result.failure


def test_the_zoo_knows_every_failure_every_phase_and_every_warning() -> None:
    seen = [UNREACHABLE, *(case.expected for case in ZOO.values())]
    assert {expected.kind for expected in seen} - {None} == set(FailureKind) - {FailureKind.UNKNOWN}
    assert {expected.phase for expected in seen} - {None} == set(Phase) - {Phase.UNKNOWN}
    assert {kind for expected in seen for kind in expected.warnings} == set(WarningKind) - {WarningKind.UNKNOWN}


@asynccontextmanager
async def _scene(
    case: Case, station: Station, certificates: Certificates
) -> AsyncIterator[tuple[Station, int, ScriptedServer | None]]:
    """The agent's station, a port, and the server on it when there is one."""
    async with AsyncExitStack() as stack:
        server = None if case.script is None else await stack.enter_async_context(playing(case.script, certificates))
        port = server.port if server else closed_port()
        for address in case.silent:
            await stack.enter_async_context(hanging(address, port))
        if case.zone is not None:
            names = await stack.enter_async_context(serving(case.zone))
            station = await stack.enter_async_context(
                composed(certificates, nameservers=[names], control_name=case.control_name, punctual=True)
            )
        yield station, port, server


def _request(case: Case, port: int) -> CheckRequest:
    asked = request(msgspec.structs.replace(case.target, port=port), timeout_seconds=case.timeout)
    if case.login is None:
        return asked
    user, password = case.login
    login = Login(user, Secret(password), case.bearer)
    sealed = seal_login(login, PUBLIC_KEY, monitor=asked.monitor_id, location=case.sealed_for)
    return msgspec.structs.replace(asked, sealed_login=sealed)
