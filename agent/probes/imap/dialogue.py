"""The IMAP dialogue of a well-behaved client: greeting, capabilities, STARTTLS, login, EXAMINE, LOGOUT.

RFC 9051 and RFC 3501; TLS as in RFC 2595 and RFC 8314.
"""

from __future__ import annotations

from agent.dialogue.connection import Connect
from agent.dialogue.farewell import end_session
from agent.dialogue.findings import Findings
from agent.dialogue.phases import Phases
from agent.dialogue.plaintext import needs_tls, upgrades, warn_in_clear, warn_login_offered
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.imap.login import ways_to_log_in
from agent.probes.imap.mailbox import encoded, examine
from agent.probes.imap.replies import ImapRefusalError, refusal
from agent.probes.imap.session import Session, in_order
from shared.wire.failures import CheckWarning, FailureKind, Phase, WarningKind
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget

_VERSIONS = frozenset({"IMAP4", "IMAP4REV1", "IMAP4REV2"})


async def probe(target: ImapTarget, connect: Connect, phases: Phases) -> Findings:
    """Run the dialogue up to LOGOUT. Raises what agent.dialogue.classify knows; the phase timer names the phase."""
    stream = await connect()
    session = Session(stream)
    try:
        findings = await _dialogue(target, connect, stream, session, phases)
        findings.warnings += await end_session(session.log_out(), phases, connect.deadline)
    except CheckError as error:
        if isinstance(error, ImapRefusalError) and error.response.code:
            connect.facts["responseCode"] = error.response.code
        session.leave()  # politely, but without waiting: the failure is certain
        raise
    finally:
        connect.facts["capabilities"] = list(in_order(session.capabilities or frozenset()))
        if session.alerts:
            connect.facts["alerts"] = list(session.alerts)
    findings.warnings += session.warnings()
    return findings


async def _dialogue(
    target: ImapTarget, connect: Connect, stream: LineStream, session: Session, phases: Phases
) -> Findings:
    """All of the dialogue but its end. It stores facts in `connect.facts`, so that a failed check reports them too."""
    findings = Findings()
    if target.tls is TlsMode.IMPLICIT:
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
    with phases(Phase.GREETING):
        greeting = await session.greeting()
    connect.facts["greeting"] = greeting.text
    authenticated = greeting.word == "PREAUTH"
    capabilities = await _capabilities(session, phases)
    if await _starttls(target, stream, session, authenticated, phases, findings):
        findings.warnings += warn_login_offered(target, _offered(capabilities))
        with phases(Phase.TLS):
            findings.warnings += await connect.encrypt(stream)
        session.capabilities = None  # what the server sent before TLS does not count (RFC 9051 section 6.2.1)
        await _capabilities(session, phases)
    if target.login is None:
        return findings
    if authenticated:
        connect.facts["preauthenticated"] = True
    else:
        with phases(Phase.AUTH):
            findings.warnings += warn_in_clear(target, encrypted=stream.encrypted)
            ways = ways_to_log_in(session, target.login)
            await connect.log_in(ways)
        if session.not_opened is not None:
            findings.warnings.append(session.not_opened)
            return findings
        await _capabilities(session, phases)
    with phases(Phase.MAILBOX):
        name = await encoded(session, target.mailbox)
        # A literal waits for a continuation, so nothing can follow it in the same packet.
        at_once = isinstance(name, bytes) and connect.decide_pipelining()
        counts, warnings = await examine(session, name, and_log_out=at_once)
    connect.facts |= counts
    findings.warnings += warnings
    return findings


async def _capabilities(session: Session, phases: Phases) -> frozenset[str]:
    """The server's capabilities now; CAPABILITY is sent unless the server listed them itself (RFC 9051 section 7.1)."""
    if session.capabilities is None:
        with phases(Phase.CAPABILITIES):
            reply = await session.command(b"CAPABILITY")
            if not reply.ok:
                raise refusal(reply.status, FailureKind.PROTOCOL_ERROR)
            if _VERSIONS.isdisjoint(session.capabilities or ()):
                raise CheckError(FailureKind.PROTOCOL_ERROR, "CAPABILITY names no version of IMAP")
    return session.capabilities or frozenset()


async def _starttls(
    target: ImapTarget, stream: LineStream, session: Session, authenticated: bool, phases: Phases, findings: Findings
) -> bool:
    """Whether the server is ready for a handshake. A password is sent in clear text only if the user chose no TLS."""
    if not upgrades(target):
        return False
    needed = needs_tls(target)
    # There is no STARTTLS after PREAUTH, which an attacker can send as well as the server (RFC 9051 section 7.1.4).
    offered = not authenticated and "STARTTLS" in (session.capabilities or ())
    if not offered and not needed:
        return False
    with phases(Phase.STARTTLS):
        if not offered:
            why = "greets with PREAUTH, which rules it out" if authenticated else "does not offer it"
            raise CheckError(FailureKind.STARTTLS_MISSING, f"no STARTTLS: the server {why}")
        reply = await session.command(b"STARTTLS")
        if reply.ok:
            stream.expect_silence()
            return True
        if needed:
            raise ImapRefusalError(FailureKind.STARTTLS_REFUSED, reply.status)
        findings.warnings.append(CheckWarning(kind=WarningKind.STARTTLS_REFUSED, detail=str(reply.status)))
        return False


def _offered(capabilities: frozenset[str]) -> list[str]:
    """The offered ways to log in that show the password."""
    mechanisms = sorted(capabilities & {"AUTH=PLAIN", "AUTH=LOGIN"})
    return mechanisms if "LOGINDISABLED" in capabilities else [*mechanisms, "LOGIN"]
