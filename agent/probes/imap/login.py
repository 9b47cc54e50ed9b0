"""Login over IMAP: AUTHENTICATE with the strongest mechanism offered, otherwise LOGIN (RFC 9051 section 6.2)."""

from __future__ import annotations

from functools import partial

from agent.dialogue.login import Way
from agent.dialogue.parse_cache import parse_cached
from agent.dialogue.password_refusals import no_passwords, refuses_every_password, takes_only_tokens
from agent.dialogue.refusal_texts import NOT_ADMITTED, in_words, kind_by_text
from agent.dialogue.sasl import Exchange, Mechanism, usable
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.probes.imap.replies import ImapRefusalError, refusal
from agent.probes.imap.session import ImapReply, Session, astring
from shared.wire.failures import FailureKind, FailureSource
from shared.wire.targets import Login

COMMAND = "LOGIN command"
"""The name of the LOGIN command in results, to distinguish it from the mechanism LOGIN."""

_HIDDEN = HIDDEN.encode()
_KINDS = {
    "SERVERBUG": FailureKind.LOGIN_UNAVAILABLE,
    "PRIVACYREQUIRED": FailureKind.LOGIN_MECHANISM_MISSING,  # not without TLS
    **dict.fromkeys(NOT_ADMITTED, FailureKind.LOGIN_UNAVAILABLE),
}


def ways_to_log_in(session: Session, login: Login) -> list[Way]:
    """The ways that the latest capabilities offer, strongest first. Raises CheckError if there is none."""
    offered = session.capabilities or frozenset()
    mechanisms = usable(_mechanisms(offered), login)
    ways = [Way(each.name, each.hides_password, partial(_try, session, each, login, offered)) for each in mechanisms]
    if _offers_command(offered, login):
        ways.append(Way(COMMAND, False, partial(_try, session, None, login, offered)))
    if ways:
        return ways
    if not _can_be_sent(login):
        detail = "a login that holds NUL cannot be sent to this server"
        raise CheckError(FailureKind.AGENT_ERROR, detail, source=FailureSource.AGENT)
    found = ", ".join(sorted(name for name in offered if name.startswith(("AUTH=", "LOGIN")))) or "none"
    detail = f"no usable way to log in; offered: {found}"
    if takes_only_tokens(_mechanisms(offered)):
        detail = no_passwords(detail, login)
    raise CheckError(FailureKind.LOGIN_MECHANISM_MISSING, detail)


@parse_cached(longest=128)
def _mechanisms(offered: frozenset[str]) -> frozenset[str]:
    return frozenset(name[5:] for name in offered if name.startswith("AUTH="))


def _can_be_sent(login: Login) -> bool:
    """Neither a string of IMAP (RFC 9051 section 4.3) nor PLAIN can hold NUL."""
    return "\0" not in login.user + login.password.reveal()


def _offers_command(offered: frozenset[str], login: Login) -> bool:
    """Whether the LOGIN command is usable; it does not take an access token."""
    return not login.bearer and "LOGINDISABLED" not in offered and _can_be_sent(login)


async def _try(
    session: Session, way: Mechanism | None, login: Login, offered: frozenset[str]
) -> ImapRefusalError | None:
    """Log in one way; returns the refusal, or None. A mailbox that is in use or full refuses no password."""
    listings = session.listings
    if way is not None:
        reply = await _authenticate(session, way, login, initial="SASL-IR" in offered)
    else:
        user, password = astring(login.user), astring(login.password.reveal())
        reply = await session.command(b"LOGIN", user, password, shown=b"LOGIN " + _HIDDEN)
    if not reply.ok:
        if refuses_every_password(reply.status.text):
            detail = no_passwords(str(reply.status), login)
            return ImapRefusalError(FailureKind.LOGIN_MECHANISM_MISSING, reply.status, detail)
        session.not_opened = reply.status.warning_instead
        if session.not_opened is not None:
            return None
        code, text = reply.status.code, reply.status.text
        otherwise = kind_by_text(code, text) if reply.status.word == "NO" else None
        refused = refusal(reply.status, otherwise or FailureKind.LOGIN_REFUSED, _KINDS)
        refused.detail = in_words(code, refused.detail)
        return refused
    if session.listings == listings:
        session.capabilities = None  # capabilities from before the login do not count after it
    return None


async def _authenticate(session: Session, mechanism: Mechanism, login: Login, *, initial: bool) -> ImapReply:
    """AUTHENTICATE, with the initial response on the same line if the server accepts that (RFC 4959)."""
    exchange = Exchange(mechanism, login)
    command = f"AUTHENTICATE {mechanism.name}".encode()
    first = exchange.initial() if initial else None
    session.send(command, None if first is None else first.encode() or b"=")
    while (status := await session.listen()).tag == "+":
        try:
            answer = exchange.answer(status.text)
        except ValueError:
            answer = None
        if answer is None:
            session.send_line(b"*")  # cancel the exchange (RFC 9051 section 6.2.2)
            await session.reply()
            raise CheckError(FailureKind.PROTOCOL_ERROR, f"a challenge to which {mechanism.name} has no answer")
        session.send_line(answer.encode(), shown=_HIDDEN if answer else None)
    return session.end(status)
