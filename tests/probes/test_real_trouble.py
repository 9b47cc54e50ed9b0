"""A real Dovecot whose passwords are right and whose mailboxes are not to be had: no refused logins, and no outages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.messages import CheckResult
from shared.wire.targets import Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.dovecot import FULL, PASSWORD, Dovecot, missing_for_dovecot, start_dovecot
from tests.probes.scripted.case import Expected, fails, outcome_of, passes

BROKEN = "carol"


@pytest.fixture(scope="module")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    missing = missing_for_dovecot()
    requires(missing is None, str(missing))
    users = {FULL: PASSWORD, BROKEN: PASSWORD}
    with start_dovecot(certificates=certificates, mechanisms=("plain",), users=users) as running:
        running.break_mailbox(BROKEN)
        yield running


async def check(target: Target, user: str, context: ProbeContext) -> CheckResult:
    return await run_check(request(target, login=(user, PASSWORD), timeout_seconds=30), context)


@pytest.mark.parametrize(
    ("kind", "port", "expected"),
    [
        pytest.param(Pop3Target, "pop3_port", fails("temporary_refusal@auth"), id="pop3"),
        pytest.param(ImapTarget, "imap_port", fails("temporary_refusal@mailbox"), id="imap"),
    ],
)
async def test_a_mailbox_on_a_disk_that_is_away_is_temporary(
    kind: type[Target], port: str, expected: Expected, dovecot: Dovecot, context: ProbeContext
) -> None:
    target = kind(host=ADDRESS, port=getattr(dovecot, port), tls=TlsMode.NONE)
    result = await check(target, BROKEN, context)
    expected = expected._replace(warnings=outcome_of(result).warnings)
    assert outcome_of(result) == expected, result.failure


@pytest.mark.long
async def test_a_maildrop_that_another_client_holds_is_a_warning(dovecot: Dovecot, context: ProbeContext) -> None:
    """Dovecot waits ten seconds for its lock."""
    reader, writer = await asyncio.open_connection(ADDRESS, dovecot.pop3_port)
    for command in (b"", f"USER {FULL}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode()):
        writer.write(command)
        assert (await reader.readline()).startswith(b"+OK")
    try:
        result = await check(Pop3Target(host=ADDRESS, port=dovecot.pop3_port, tls=TlsMode.NONE), FULL, context)
    finally:
        writer.close()
        await writer.wait_closed()
    assert outcome_of(result) == passes("mailbox_busy", "login_unencrypted"), result.failure
