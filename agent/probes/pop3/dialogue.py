"""The POP3 dialogue as a well-behaved client holds it: greeting, CAPA, STLS, login, STAT, QUIT.

RFC 1939, 2449, 2595, 5034, 8314. Nothing is fetched and nothing deleted.
"""

from __future__ import annotations

import re

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.login import log_in
from agent.dialogue.phases import Phases
from agent.dialogue.plaintext import needs_tls, upgrades, warn_in_clear, warn_login_offered
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.pop3.login import Authentication
from agent.probes.pop3.replies import Capabilities, RefusalError, ask, ask_capabilities, read_reply, refusal
from shared.wire.failures import CheckWarning, FailureKind, Phase, WarningKind
from shared.wire.targets import Pop3Target, TlsMode

_COUNTS = re.compile(r"([0-9]{1,18}) ([0-9]{1,18})(?: |\Z)")


async def probe(target: Pop3Target, connect: Connect, phases: Phases) -> Findings:
    """Hold the dialogue up to QUIT. Raises what agent.classify knows; the phase timer names the phase."""
    stream = await connect()
    try:
        findings = await _dialogue(target, connect, stream, phases)
    except CheckError as error:
        if isinstance(error, RefusalError) and error.reply.response_code:
            connect.facts["responseCode"] = error.reply.response_code
        stream.write(b"QUIT\r\n")  # leave politely, but wait for nothing: the failure stands
        raise
    with phases(Phase.QUIT):
        await _quit(stream)
    return findings


async def _dialogue(target: Pop3Target, connect: Connect, stream: LineStream, phases: Phases) -> Findings:
    """All but the end. What the server told stands in `connect.facts`, so that a failed check tells it too."""
    findings = Findings()
    if target.tls is TlsMode.IMPLICIT:
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
    with phases(Phase.GREETING):
        greeting = await _greeting(stream)
    connect.facts["greeting"] = greeting
    with phases(Phase.CAPABILITIES):
        capabilities = await ask_capabilities(stream)
    if await _starttls(target, stream, capabilities or {}, phases, findings):
        findings.warnings += warn_login_offered(target, _plain_ways(capabilities or {}))
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
        with phases(Phase.CAPABILITIES):
            # What was said before TLS is forgotten (RFC 2595 section 4).
            capabilities = await ask_capabilities(stream)
    connect.facts["capabilities"] = sorted(capabilities or {})
    if target.login is None:
        return findings
    with phases(Phase.AUTH):
        findings.warnings += warn_in_clear(target, encrypted=stream.encrypted)
        authentication = Authentication(stream, target.login)
        ways = authentication.ways(greeting, capabilities)
        connect.facts["loginMechanism"] = await log_in(ways, target, connect.proofs)
    if authentication.busy is not None:  # no outage: somebody reads mail
        findings.warnings.append(CheckWarning(kind=WarningKind.MAILBOX_BUSY, detail=authentication.busy))
        return findings
    with phases(Phase.MAILBOX):
        connect.facts["messages"], connect.facts["octets"] = await _count(stream)
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
        reply = await ask(stream, "STLS")
        if reply.ok:
            stream.expect_silence()
            return True
        if needed:
            raise RefusalError(FailureKind.STARTTLS_REFUSED, reply)
        findings.warnings.append(CheckWarning(kind=WarningKind.STARTTLS_REFUSED, detail=str(reply)))
        return False


def _plain_ways(capabilities: Capabilities) -> list[str]:
    mechanisms = [f"SASL {name}" for name in ("PLAIN", "LOGIN") if name in capabilities.get("SASL", [])]
    return [*mechanisms, "USER"] if "USER" in capabilities else mechanisms


async def _count(stream: LineStream) -> tuple[int, int]:
    """Messages and octets of the mailbox."""
    reply = await ask(stream, "STAT")
    if not reply.ok:
        raise refusal(reply, FailureKind.PROTOCOL_ERROR, {"SYS/PERM": FailureKind.MAILBOX_MISSING})
    counts = _COUNTS.match(reply.text)
    if counts is None:
        raise RefusalError(FailureKind.PROTOCOL_ERROR, reply, f"no counts: {reply}")
    return int(counts[1]), int(counts[2])


async def _quit(stream: LineStream) -> None:
    """Everything worked; a server that hangs up instead of saying goodbye is only rude."""
    try:
        await ask(stream, "QUIT")
    except (EOFError, OSError):
        return
