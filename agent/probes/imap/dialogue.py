"""The IMAP dialogue as a well-behaved client holds it: greeting, capabilities, STARTTLS, login, EXAMINE, LOGOUT.

RFC 9051 and RFC 3501; TLS as RFC 2595 and RFC 8314 have it.
"""

from __future__ import annotations

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.login import log_in
from agent.dialogue.phases import Phases
from agent.dialogue.plaintext import needs_tls, upgrades, warn_in_clear, warn_login_offered
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.imap.login import ways_to_log_in
from agent.probes.imap.mailbox import examine
from agent.probes.imap.replies import RefusalError, refusal
from agent.probes.imap.session import Session, in_order
from shared.wire.failures import CheckWarning, FailureKind, Phase, WarningKind
from shared.wire.targets import ImapTarget, TlsMode

_VERSIONS = frozenset({"IMAP4", "IMAP4REV1", "IMAP4REV2"})


async def probe(target: ImapTarget, connect: Connect, phases: Phases) -> Findings:
    """Hold the dialogue up to LOGOUT. Raises what agent.classify knows; the phase timer names the phase."""
    stream = await connect()
    session = Session(stream)
    try:
        findings = await _dialogue(target, connect, stream, session, phases)
        with phases(Phase.QUIT):
            await session.log_out()
    except CheckError as error:
        if isinstance(error, RefusalError) and error.response.code:
            connect.facts["responseCode"] = error.response.code
        session.leave()  # politely, but wait for nothing: the failure stands
        raise
    finally:
        connect.facts["capabilities"] = list(in_order(session.capabilities or frozenset()))
        if session.alerts:
            connect.facts["alerts"] = list(session.alerts)
    return findings


async def _dialogue(
    target: ImapTarget, connect: Connect, stream: LineStream, session: Session, phases: Phases
) -> Findings:
    """All but the end. What the server told stands in `connect.facts`, so that a failed check tells it too."""
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
        session.capabilities = None  # what was said before TLS is forgotten (RFC 9051 section 6.2.1)
        await _capabilities(session, phases)
    if target.login is None:
        return findings
    if authenticated:
        connect.facts["preauthenticated"] = True
    else:
        with phases(Phase.AUTH):
            findings.warnings += warn_in_clear(target, encrypted=stream.encrypted)
            ways = ways_to_log_in(session, target.login)
            connect.facts["loginMechanism"] = await log_in(ways, target, connect.proofs)
        await _capabilities(session, phases)
    with phases(Phase.MAILBOX):
        counts, warnings = await examine(session, target.mailbox)
    connect.facts |= counts
    findings.warnings += warnings
    return findings


async def _capabilities(session: Session, phases: Phases) -> frozenset[str]:
    """What the server can do now: asked for, unless it has told by itself (RFC 9051 section 7.1)."""
    if session.capabilities is None:
        with phases(Phase.CAPABILITIES):
            reply = await session.ask(b"CAPABILITY")
            if not reply.ok:
                raise refusal(reply.status, FailureKind.PROTOCOL_ERROR)
            if _VERSIONS.isdisjoint(session.capabilities or ()):
                raise CheckError(FailureKind.PROTOCOL_ERROR, "CAPABILITY names no version of IMAP")
    return session.capabilities or frozenset()


async def _starttls(
    target: ImapTarget, stream: LineStream, session: Session, authenticated: bool, phases: Phases, findings: Findings
) -> bool:
    """Whether the server is ready for a handshake. No password goes on in clear unless the user chose no TLS."""
    if not upgrades(target):
        return False
    needed = needs_tls(target)
    # There is no STARTTLS once authenticated, which an attacker may say as well as the server (RFC 9051 section 7.1.4).
    offered = not authenticated and "STARTTLS" in (session.capabilities or ())
    if not offered and not needed:
        return False
    with phases(Phase.STARTTLS):
        if not offered:
            why = "greets with PREAUTH, after which there is none" if authenticated else "does not offer it"
            raise CheckError(FailureKind.STARTTLS_MISSING, f"no STARTTLS: the server {why}")
        reply = await session.ask(b"STARTTLS")
        if reply.ok:
            stream.expect_silence()
            return True
        if needed:
            raise RefusalError(FailureKind.STARTTLS_REFUSED, reply.status)
        findings.warnings.append(CheckWarning(kind=WarningKind.STARTTLS_REFUSED, detail=str(reply.status)))
        return False


def _offered(capabilities: frozenset[str]) -> list[str]:
    """The ways to log in that show the password."""
    mechanisms = sorted(capabilities & {"AUTH=PLAIN", "AUTH=LOGIN"})
    return mechanisms if "LOGINDISABLED" in capabilities else [*mechanisms, "LOGIN"]
