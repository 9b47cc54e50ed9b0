"""How the probes judge servers: every row of the zoo, its deadline, its sockets and its secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter

import msgspec
import pytest
import structlog

from agent.runner import Station, run_check
from shared.failures import FailureKind, Phase, WarningKind
from shared.messages import CheckRequest
from shared.sealing import seal_login
from shared.targets import Login, Secret, SmtpTarget
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.name_server import serving
from tests.fakes.router import no_way
from tests.fakes.scripted_server import ScriptedServer, closed_port, hanging, playing
from tests.fakes.station import PUBLIC_KEY, request
from tests.fakes.station import station as composed
from tests.probes.zoo import ZOO
from tests.probes.zoo.case import LOGIN, Case, Expected, fails, judged, secrets

UNREACHABLE = fails("unreachable@connect")

LATE_SECONDS = 5.0
"""How much later than its deadline a check may end on a busy machine."""


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in ZOO.items()])
async def test_every_server_is_judged_rightly(case: Case, punctual: Station, certificates: Certificates) -> None:
    with structlog.testing.capture_logs() as logged:
        async with _scene(case, punctual, certificates) as (here, port, server):
            asked = _request(case, port)
            began = perf_counter()
            result = await run_check(asked, here)
            took = perf_counter() - began
            if server is not None:
                await server.all_closed()
                assert server.connections <= 1
    assert judged(result) == case.expected, result.failure or result.warnings
    assert took < case.timeout + LATE_SECONDS
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
