"""The probes against real servers: Postfix and Dovecot in each TLS mode, with each login they offer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.targets.smtp import SmtpTarget
from tests.conftest import requires
from tests.fakes.certificates import Certificates
from tests.fakes.context import request
from tests.fakes.dovecot import Dovecot, missing_for_dovecot
from tests.fakes.postfix import HOST_NAME, Postfix
from tests.probes.real import REAL
from tests.probes.real.row import Row, Servers
from tests.probes.scripted.case import outcome_of, secrets


@pytest.fixture(scope="module")
def servers(postfix: Postfix, dovecot: Dovecot, certificates: Certificates) -> Iterator[Servers]:
    missing = missing_for_dovecot()
    requires(missing is None, str(missing))
    with ExitStack() as stack:
        yield Servers(postfix, dovecot, certificates, stack)


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in REAL.items()])
async def test_every_server_gets_the_right_result(row: Row, servers: Servers, context: ProbeContext) -> None:
    target = msgspec.structs.replace(row.target, port=row.port(servers))
    result = await run_check(request(target, login=row.login, timeout_seconds=30), context)
    assert outcome_of(result) == row.expected, result.failure or result.warnings
    assert " ".join(timing.phase.value for timing in result.phases) == row.phases
    assert {name: result.facts.get(name) for name in row.facts} == row.facts
    if "tls" in row.phases.split():
        assert result.facts["tlsVersion"] == "TLSv1.3"
    if row.login is not None:
        shown = msgspec.json.encode(result).decode()
        assert [secret for secret in secrets(*row.login) if secret in shown] == []
    if isinstance(target, SmtpTarget) and result.failure is None:
        assert str(result.facts["greeting"]).startswith(HOST_NAME)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=name)
        for name, row in REAL.items()
        if {"mailbox", "envelope"} & {*row.phases.split()} and row.expected.kind is None
    ],
)
async def test_every_server_takes_the_last_commands_at_once(row: Row, servers: Servers, context: ProbeContext) -> None:
    target = msgspec.structs.replace(row.target, port=row.port(servers))
    made = request(target, login=row.login, timeout_seconds=30)
    alone, at_once = [await run_check(made, context) for _ in range(2)]
    assert outcome_of(alone) == outcome_of(at_once) == row.expected
    assert (at_once.facts["pipelined"], at_once.facts.get("pipeliningFailed")) == (True, None)
    for name in ("messages", "uidNext", "octets", "recipientReply"):
        assert at_once.facts.get(name) == alone.facts.get(name)
