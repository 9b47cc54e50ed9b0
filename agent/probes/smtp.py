"""The SMTP dialogue as a well-behaved client holds it: greeting, EHLO, STARTTLS, login, QUIT (RFC 5321, 3207, 4954)."""

from __future__ import annotations

from agent.connect import Connect
from agent.errors import CheckError
from agent.findings import Findings
from agent.net.stream import LineStream
from agent.phases import Phases
from agent.probes.smtp_login import log_in
from agent.probes.smtp_reply import Reply, ask, read_reply, refusal
from shared.failures import CheckWarning, FailureKind, Phase, WarningKind
from shared.targets import SmtpTarget, TlsMode

Capabilities = dict[str, list[str]]
"""EHLO keywords in capitals, each with its parameters in capitals."""


async def probe(target: SmtpTarget, connect: Connect, phases: Phases) -> Findings:
    """Hold the dialogue up to QUIT. Raises what agent.classify knows; the phase timer names the phase."""
    findings = Findings()
    stream = await connect()
    try:
        if target.tls is TlsMode.IMPLICIT:
            with phases(Phase.TLS):
                findings.warnings += await connect.encrypt(stream)
        with phases(Phase.GREETING):
            findings.facts["greeting"] = await _greeting(stream)
        with phases(Phase.EHLO):
            capabilities = await _hello(stream, connect.client_name)
        if await _starttls(target, stream, capabilities, phases, findings):
            with phases(Phase.TLS):
                findings.warnings += await connect.encrypt(stream)
            with phases(Phase.EHLO):
                # What was said before TLS is forgotten (RFC 3207 section 4.2).
                capabilities = await _hello(stream, connect.client_name)
        findings.facts["capabilities"] = sorted(capabilities)
        if target.login is not None:
            with phases(Phase.AUTH):
                findings.warnings += _warn_in_clear(target, stream)
                findings.facts["loginMechanism"] = await log_in(stream, target.login, capabilities.get("AUTH", []))
    except CheckError:
        stream.write(b"QUIT\r\n")  # leave politely, but wait for nothing: the failure stands
        raise
    with phases(Phase.QUIT):
        await _quit(stream)
    return findings


async def _greeting(stream: LineStream) -> str:
    reply = await read_reply(stream, FailureKind.GREETING_INVALID)
    if reply.code != 220:
        # 554 and other 5yz: "no SMTP service here", for us at least (RFC 5321 section 3.1, RFC 7504)
        error = refusal(reply, FailureKind.POLICY_REFUSAL)
        if error.kind is FailureKind.PROTOCOL_ERROR:
            raise CheckError(FailureKind.GREETING_INVALID, error.detail)
        raise error
    return reply.text


async def _hello(stream: LineStream, name: str) -> Capabilities:
    """EHLO, or HELO where that is not understood (RFC 5321 section 3.2); HELO knows no capabilities."""
    reply = await ask(stream, f"EHLO {name}")
    if reply.code == 250:
        return _capabilities(reply)
    refused = refusal(reply, FailureKind.POLICY_REFUSAL)
    if reply.code < 500:
        raise refused
    try:
        reply = await ask(stream, f"HELO {name}")
    except (EOFError, ConnectionError):
        raise refused from None  # hung up on: it was not the word EHLO that was disliked
    if reply.code != 250:
        raise refusal(reply, FailureKind.POLICY_REFUSAL)
    return {}


def _capabilities(reply: Reply) -> Capabilities:
    found: Capabilities = {}
    for line in reply.lines[1:]:
        # "AUTH=LOGIN" is an old spelling that some servers still offer beside the right one.
        keyword, *parameters = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
        if keyword:
            found[keyword] = found.get(keyword, []) + parameters
    return found


async def _starttls(
    target: SmtpTarget, stream: LineStream, capabilities: Capabilities, phases: Phases, findings: Findings
) -> bool:
    """Whether the server is ready for a handshake. No password goes on in clear unless the user chose no TLS."""
    if target.tls not in (TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED):
        return False
    needed = target.tls is TlsMode.REQUIRED or target.login is not None
    offered = "STARTTLS" in capabilities
    if not offered and not needed:
        return False
    with phases(Phase.STARTTLS):
        if not offered:
            raise CheckError(FailureKind.STARTTLS_MISSING, "the server does not offer STARTTLS")
        reply = await ask(stream, "STARTTLS")
        if reply.code == 220:
            stream.expect_silence()
            return True
        if reply.code < 400 or reply.code == 421:  # out of place, or closing down: there is no going on in clear
            raise refusal(reply, FailureKind.STARTTLS_REFUSED)
        if needed:
            raise CheckError(FailureKind.STARTTLS_REFUSED, str(reply))
        findings.warnings.append(CheckWarning(kind=WarningKind.STARTTLS_REFUSED, detail=str(reply)))
        return False


def _warn_in_clear(target: SmtpTarget, stream: LineStream) -> list[CheckWarning]:
    if stream.encrypted:
        return []
    if target.tls is not TlsMode.NONE:
        raise CheckError(FailureKind.STARTTLS_MISSING, "no password is sent without TLS")
    return [CheckWarning(kind=WarningKind.LOGIN_UNENCRYPTED, detail="the password was sent without TLS")]


async def _quit(stream: LineStream) -> None:
    """Everything worked; a server that hangs up instead of saying goodbye is only rude."""
    try:
        await ask(stream, "QUIT")
    except (EOFError, OSError):
        return
