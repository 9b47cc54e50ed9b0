"""What a table of servers cannot show: timings, a mailbox in use, odd passwords, a server that stops and starts."""

from __future__ import annotations

import asyncio
from statistics import median

import pytest
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.transcript import Transcript
from agent.net.stream import LineStream
from agent.probes.imap.session import Session, astring
from shared.wire.failures import FailureKind, Phase, WarningKind
from shared.wire.messages import CheckResult
from shared.wire.targets import Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.context import request
from tests.fakes.dovecot import FULL, PASSWORD, Dovecot, missing_for_dovecot, start_dovecot
from tests.fakes.postfix import KNOWN, Postfix

LOGIN = (FULL, PASSWORD)
DELAYED_ACK_MS = 40.0

ODD_PASSWORDS = {
    "quotes": 'say "friend"',
    "backslashes": r"C:\mail\x",
    "braces": "p{5}",
    "umlauts": "Fußgängerübergänge",
    "planes": "😀日本",
    "specials": "*%(){]&~ +",
    "long": "x" * 700,
}
"""Passwords by user."""


@pytest.mark.parametrize("tls_in_the_middle", [False, True], ids=["under TLS", "with STARTTLS"])
@pytest.mark.parametrize("kind", ["smtp", "imap", "pop3"])
async def test_no_delay_of_our_own_kernel_is_in_the_figures(
    kind: str, tls_in_the_middle: bool, postfix: Postfix, dovecot: Dovecot, context: ProbeContext
) -> None:
    """Without quick ACKs a check under TLS takes some 44 ms more than one in clear, so the test alternates both."""
    port, tls_port, make = {
        "smtp": (postfix.port, postfix.tls_port, SmtpTarget),
        "imap": (dovecot.imap_port, dovecot.imaps_port, ImapTarget),
        "pop3": (dovecot.pop3_port, dovecot.pop3s_port, Pop3Target),
    }[kind]
    in_clear: Target = make(host=ADDRESS, port=port, tls=TlsMode.NONE)
    encrypted: Target = (
        make(host=ADDRESS, port=port, tls=TlsMode.REQUIRED)
        if tls_in_the_middle
        else make(host=ADDRESS, port=tls_port, tls=TlsMode.IMPLICIT)
    )
    plain, after_tls = [], []
    for _ in range(15):
        plain.append(_longest_wait(await run_check(request(in_clear, timeout_seconds=30), context)))
        after_tls.append(_longest_wait(await run_check(request(encrypted, timeout_seconds=30), context)))
    assert median(after_tls) < median(plain) + DELAYED_ACK_MS * 0.75


def _longest_wait(result: CheckResult) -> float:
    """Milliseconds of the slowest phase of one command and its reply; under TLS only of those after the handshake."""
    assert result.failure is None
    names = [timing.phase for timing in result.phases]
    after = names.index(Phase.TLS) + 1 if Phase.TLS in names else names.index(Phase.CONNECT) + 1
    return max(timing.duration_ms for timing in result.phases[after:])


async def test_a_stopped_postfix_is_refused_and_a_started_one_passes(postfix: Postfix, context: ProbeContext) -> None:
    target = SmtpTarget(host=ADDRESS, port=postfix.port)
    postfix.stop()
    try:
        result = await run_check(request(target, timeout_seconds=30), context)
    finally:
        postfix.start()
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.REFUSED, Phase.CONNECT)
    result = await run_check(request(target, timeout_seconds=30), context)
    assert result.failure is None


async def test_postfix_sees_the_recipient_but_no_message(postfix: Postfix, context: ProbeContext) -> None:
    """It also counts each login and goodbye, in its own statistics of commands."""
    target = SmtpTarget(host=ADDRESS, port=postfix.tls_port, tls=TlsMode.IMPLICIT, rcpt_to=KNOWN)
    result = await run_check(request(target, login=LOGIN, timeout_seconds=30), context)
    assert result.failure is None
    async with asyncio.timeout(15):
        while "ehlo=1 auth=1 mail=1 rcpt=1 rset=1 quit=1 commands=6" not in postfix.log:
            await asyncio.sleep(0.02)


async def test_a_pop3_mailbox_in_use_is_a_warning(dovecot: Dovecot, context: ProbeContext) -> None:
    reader, writer = await asyncio.open_connection(ADDRESS, dovecot.pop3_port)
    try:
        for line in (f"USER {FULL}", f"PASS {PASSWORD}", "STAT"):
            await reader.readline()
            writer.write(f"{line}\r\n".encode())
        assert (await reader.readline()).startswith(b"+OK")
        target = Pop3Target(host=HOST, port=dovecot.pop3s_port, tls=TlsMode.IMPLICIT)
        result = await run_check(request(target, login=LOGIN, timeout_seconds=30), context)
    finally:
        writer.close()
    assert result.failure is None
    assert [warning.kind for warning in result.warnings] == [WarningKind.MAILBOX_BUSY]


async def test_any_password_logs_in_by_imaps_own_command(certificates: Certificates) -> None:
    """Dovecot offers SASL wherever it offers LOGIN, so the test sends the command without the rest of the probe."""
    missing = missing_for_dovecot()
    requires(missing is None, str(missing))
    with start_dovecot(certificates=certificates, mechanisms=["plain"], users=ODD_PASSWORDS) as dovecot:
        for user, password in ODD_PASSWORDS.items():
            stream = await LineStream.connect(ADDRESS, dovecot.imap_port, Transcript())
            session = Session(stream)
            try:
                await session.greeting()
                reply = await session.command(b"LOGIN", astring(user), astring(password))
                assert reply.ok, user
            finally:
                stream.close()


async def test_aiosmtpd_passes(context: ProbeContext, certificates: Certificates) -> None:
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Sink(), hostname="aio.test", tls_context=certificates.context("good")), ADDRESS, 0
    )
    port = listener.sockets[0].getsockname()[1]
    try:
        target = SmtpTarget(host=HOST, port=port, tls=TlsMode.REQUIRED, rcpt_to="bob@example.test")
        result = await run_check(request(target, timeout_seconds=30), context)
    finally:
        listener.close()
    assert result.failure is None
    assert result.facts["certificateValid"] is True
