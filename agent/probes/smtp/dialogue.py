"""The SMTP dialogue of a well-behaved client: greeting, EHLO, STARTTLS, login, recipient, QUIT.

RFC 5321, 3207, 4954, 8314.
"""

from __future__ import annotations

from agent.dialogue.connection import Connect
from agent.dialogue.farewell import end_session
from agent.dialogue.findings import Findings
from agent.dialogue.parse_cache import parse_cached
from agent.dialogue.phases import Phases
from agent.dialogue.plaintext import needs_tls, upgrades, warn_in_clear, warn_login_offered
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.smtp.envelope import Envelope
from agent.probes.smtp.login import ways_to_log_in
from agent.probes.smtp.replies import SmtpRefusalError, SmtpReply, read_reply, refusal, request
from shared.wire.failures import CheckWarning, FailureKind, Phase, WarningKind
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget

Capabilities = dict[str, list[str]]
"""EHLO keywords in capitals, each with its parameters in capitals."""


async def probe(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
    """Run the dialogue up to QUIT. Raises what agent.dialogue.classify knows; the phase timer names the phase."""
    stream = await connect()
    try:
        findings = await _dialogue(target, connect, stream, phases)
    except CheckError as error:
        if isinstance(error, SmtpRefusalError):
            connect.facts["replyCode"] = error.reply.code
            if error.reply.enhanced:
                connect.facts["enhancedStatus"] = error.reply.enhanced
        if not connect.pipelined:
            stream.write(b"QUIT\r\n")  # leave politely, but without waiting: the failure is certain
        raise
    answer = read_reply(stream) if connect.pipelined else request(stream, "QUIT")
    findings.warnings += await end_session(answer, phases, connect.deadline)
    return findings


async def _dialogue(target: SmtpTarget, connect: Connect, stream: LineStream, phases: Phases) -> Findings:
    """All of the dialogue but its end. It stores facts in `connect.facts`, so that a failed check reports them too."""
    findings = Findings()
    name = target.ehlo_name or connect.client_name
    if target.tls is TlsMode.IMPLICIT:
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
    with phases(Phase.GREETING):
        connect.facts["greeting"] = await _greeting(stream)
    with phases(Phase.EHLO):
        capabilities = await _hello(stream, name)
    _report(capabilities, connect)
    if await _starttls(target, stream, capabilities, phases, findings):
        findings.warnings += warn_login_offered(target, _plain_mechanisms(capabilities))
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
        with phases(Phase.EHLO):
            # What the server sent before TLS does not count (RFC 3207 section 4.2).
            capabilities = await _hello(stream, name)
        _report(capabilities, connect)
    if target.login is not None:
        with phases(Phase.AUTH):
            findings.warnings += warn_in_clear(target, encrypted=stream.encrypted)
            ways = ways_to_log_in(stream, target.login, capabilities.get("AUTH", []))
            await connect.log_in(ways)
    if target.rcpt_to is not None:
        with phases(Phase.ENVELOPE):
            envelope = Envelope(target.mail_from, target.rcpt_to, capabilities)
            at_once = "PIPELINING" in capabilities and connect.decide_pipelining()
            accepted = await envelope.check(stream, and_quit=at_once)
        connect.facts["recipientReply"] = str(accepted)
    return findings


async def _greeting(stream: LineStream) -> str:
    """Read the whole greeting: servers that screen their clients send its last line only after some seconds."""
    reply = await read_reply(stream, FailureKind.GREETING_INVALID)
    if reply.code != 220:
        if reply.code < 400:
            raise SmtpRefusalError(FailureKind.GREETING_INVALID, reply)
        # 554 and other 5yz: "no SMTP service here", for us at least (RFC 5321 section 3.1, RFC 7504)
        raise refusal(reply, FailureKind.POLICY_REFUSAL)
    return reply.text


async def _hello(stream: LineStream, name: str) -> Capabilities:
    """Send EHLO, or HELO if the server does not know it (RFC 5321 section 3.2); HELO has no capabilities."""
    reply = await request(stream, f"EHLO {name}")
    if reply.code == 250:
        return _capabilities(reply)
    refused = refusal(reply, FailureKind.POLICY_REFUSAL)
    if reply.code < 500:
        raise refused
    try:
        reply = await request(stream, f"HELO {name}")
    except (EOFError, ConnectionError):
        raise refused from None  # the server closed the connection, so its refusal was not about the command EHLO
    if reply.code != 250:
        raise refusal(reply, FailureKind.POLICY_REFUSAL)
    return {}


def _report(capabilities: Capabilities, connect: Connect) -> None:
    connect.facts["capabilities"] = sorted(capabilities)
    connect.facts["loginMechanisms"] = sorted({*capabilities.get("AUTH", ())})


def _capabilities(reply: SmtpReply) -> Capabilities:
    found: Capabilities = {}
    for line in reply.lines[1:]:
        keyword, *parameters = _words(line)
        if keyword:
            found[keyword] = found.get(keyword, []) + parameters
    return found


@parse_cached(longest=512)
def _words(line: str) -> tuple[str, ...]:
    # "AUTH=LOGIN" is an old spelling that some servers still offer beside the right one.
    return tuple(line.upper().replace("AUTH=", "AUTH ", 1).split() or ("",))


async def _starttls(
    target: SmtpTarget, stream: LineStream, capabilities: Capabilities, phases: Phases, findings: Findings
) -> bool:
    """Whether the server is ready for a handshake."""
    needed, offered = needs_tls(target), "STARTTLS" in capabilities
    if not upgrades(target) or not (offered or needed):
        return False
    with phases(Phase.STARTTLS):
        if not offered:
            raise CheckError(FailureKind.STARTTLS_MISSING, "the server does not offer STARTTLS")
        reply = await request(stream, "STARTTLS")
        if reply.code == 220:
            stream.expect_silence()
            return True
        if reply.code < 400 or reply.code == 421:  # unexpected, or shutting down: the check cannot go on in clear text
            raise refusal(reply, FailureKind.STARTTLS_REFUSED)
        if needed:
            raise SmtpRefusalError(FailureKind.STARTTLS_REFUSED, reply)
        findings.warnings.append(CheckWarning(kind=WarningKind.STARTTLS_REFUSED, detail=str(reply)))
        return False


def _plain_mechanisms(capabilities: Capabilities) -> list[str]:
    return [f"AUTH {name}" for name in ("PLAIN", "LOGIN") if name in capabilities.get("AUTH", [])]
