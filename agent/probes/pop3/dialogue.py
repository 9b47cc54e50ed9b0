"""The POP3 dialogue of a well-behaved client: greeting, CAPA, STLS, login, STAT, QUIT.

RFC 1939, 2449, 2595, 5034, 8314. It fetches and deletes no message.
"""

from __future__ import annotations

import re

from agent.dialogue.connection import Connect
from agent.dialogue.farewell import end_session
from agent.dialogue.findings import Findings
from agent.dialogue.phases import Phases
from agent.dialogue.plaintext import needs_tls, upgrades, warn_in_clear, warn_login_offered
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.pop3.login import Authentication
from agent.probes.pop3.replies import Capabilities, Pop3RefusalError, read_reply, refusal, request, request_capabilities
from shared.wire.failures import CheckWarning, FailureKind, Phase, WarningKind
from shared.wire.targets import TlsMode
from shared.wire.targets.pop3 import Pop3Target

_COUNTS = re.compile(r"([0-9]{1,18}) ([0-9]{1,18})(?: |\Z)")


async def probe(target: Pop3Target, connect: Connect, phases: Phases) -> Findings:
    """Run the dialogue up to QUIT. Raises what agent.dialogue.classify knows; the phase timer names the phase."""
    stream = await connect()
    try:
        findings = await _dialogue(target, connect, stream, phases)
    except CheckError as error:
        if isinstance(error, Pop3RefusalError) and error.reply.response_code:
            connect.facts["responseCode"] = error.reply.response_code
        if not connect.pipelined:
            stream.write(b"QUIT\r\n")  # leave politely, but without waiting: the failure is certain
        raise
    answer = read_reply(stream) if connect.pipelined else request(stream, "QUIT")
    findings.warnings += await end_session(answer, phases, connect.deadline)
    return findings


async def _dialogue(target: Pop3Target, connect: Connect, stream: LineStream, phases: Phases) -> Findings:
    """All of the dialogue but its end. It stores facts in `connect.facts`, so that a failed check reports them too."""
    findings = Findings()
    if target.tls is TlsMode.IMPLICIT:
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
    with phases(Phase.GREETING):
        greeting = await _greeting(stream)
    connect.facts["greeting"] = greeting
    with phases(Phase.CAPABILITIES):
        capabilities = await request_capabilities(stream)
    if await _starttls(target, stream, capabilities or {}, phases, findings):
        findings.warnings += warn_login_offered(target, _plain_ways(capabilities or {}))
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
        with phases(Phase.CAPABILITIES):
            # What the server sent before TLS does not count (RFC 2595 section 4).
            capabilities = await request_capabilities(stream)
    connect.facts["capabilities"] = sorted(capabilities or {})
    connect.facts["loginMechanisms"] = sorted({*(capabilities or {}).get("SASL", ())})
    if target.login is None:
        return findings
    with phases(Phase.AUTH):
        findings.warnings += warn_in_clear(target, encrypted=stream.encrypted)
        authentication = Authentication(stream, target.login)
        ways = authentication.ways(greeting, capabilities)
        await connect.log_in(ways)
    if authentication.not_opened is not None:
        findings.warnings.append(authentication.not_opened)
        return findings
    with phases(Phase.MAILBOX):
        at_once = "PIPELINING" in (capabilities or {}) and connect.decide_pipelining()
        counted = await _count(stream, and_quit=at_once)
    if isinstance(counted, CheckWarning):
        findings.warnings.append(counted)
    else:
        connect.facts["messages"], connect.facts["octets"] = counted
    return findings


async def _greeting(stream: LineStream) -> str:
    reply = await read_reply(stream, FailureKind.GREETING_INVALID)
    if not reply.ok:
        raise refusal(reply, FailureKind.POLICY_REFUSAL)
    return reply.text


async def _starttls(
    target: Pop3Target, stream: LineStream, capabilities: Capabilities, phases: Phases, findings: Findings
) -> bool:
    """Whether the server is ready for a handshake."""
    needed, offered = needs_tls(target), "STLS" in capabilities
    if not upgrades(target) or not (offered or needed):
        return False
    with phases(Phase.STARTTLS):
        if not offered:
            raise CheckError(FailureKind.STARTTLS_MISSING, "the server does not offer STLS")
        reply = await request(stream, "STLS")
        if reply.ok:
            stream.expect_silence()
            return True
        if needed:
            raise Pop3RefusalError(FailureKind.STARTTLS_REFUSED, reply)
        findings.warnings.append(CheckWarning(kind=WarningKind.STARTTLS_REFUSED, detail=str(reply)))
        return False


def _plain_ways(capabilities: Capabilities) -> list[str]:
    mechanisms = [f"SASL {name}" for name in ("PLAIN", "LOGIN") if name in capabilities.get("SASL", [])]
    return [*mechanisms, "USER"] if "USER" in capabilities else mechanisms


async def _count(stream: LineStream, *, and_quit: bool) -> tuple[int, int] | CheckWarning:
    """Messages and octets of the mailbox, or why a server that works does not count them now. `and_quit`: send QUIT in
    the same packet.
    """
    if and_quit:
        stream.write_at_once(b"STAT\r\n", b"QUIT\r\n")
        reply = await read_reply(stream)
    else:
        reply = await request(stream, "STAT")
    if not reply.ok:
        if warning := reply.warning_instead:
            return warning
        raise refusal(reply, FailureKind.PROTOCOL_ERROR, {"SYS/PERM": FailureKind.MAILBOX_MISSING})
    counts = _COUNTS.match(reply.text)
    if counts is None:
        raise Pop3RefusalError(FailureKind.PROTOCOL_ERROR, reply, f"no counts: {reply}")
    return int(counts[1]), int(counts[2])
