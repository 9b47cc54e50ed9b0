"""Logging in over IMAP: AUTHENTICATE with the strongest mechanism offered, at last LOGIN (RFC 9051 section 6.2)."""

from __future__ import annotations

from functools import partial

from agent.dialogue.login import Way
from agent.dialogue.parse_cache import remembered
from agent.dialogue.sasl import Exchange, Mechanism, usable
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.probes.imap.replies import RefusalError, refusal
from agent.probes.imap.session import Reply, Session, astring
from shared.wire.failures import FailureKind, FailureSource
from shared.wire.targets import Login

COMMAND = "LOGIN command"
"""How the command LOGIN is named beside the mechanism of the same name."""

_HIDDEN = HIDDEN.encode()
_KINDS = {
    "UNAVAILABLE": FailureKind.LOGIN_UNAVAILABLE,
    "SERVERBUG": FailureKind.LOGIN_UNAVAILABLE,
    "PRIVACYREQUIRED": FailureKind.LOGIN_MECHANISM_MISSING,  # not without TLS
}


def ways_to_log_in(session: Session, login: Login) -> list[Way]:
    """Those that the latest capabilities offer, strongest first. Raises CheckError when there is none."""
    offered = session.capabilities or frozenset()
    mechanisms = usable(_mechanisms(offered), login)
    ways = [Way(each.name, each.hides_password, partial(_try, session, each, login, offered)) for each in mechanisms]
    if _takes_command(offered, login):
        ways.append(Way(COMMAND, False, partial(_try, session, None, login, offered)))
    if ways:
        return ways
    if not _sayable(login):
        told = "a login with NUL in it cannot be said to this server"
        raise CheckError(FailureKind.AGENT_ERROR, told, source=FailureSource.AGENT)
    told = ", ".join(sorted(name for name in offered if name.startswith(("AUTH=", "LOGIN")))) or "none"
    raise CheckError(FailureKind.LOGIN_MECHANISM_MISSING, f"no usable way to log in; offered: {told}")


@remembered(longest=128)
def _mechanisms(offered: frozenset[str]) -> frozenset[str]:
    return frozenset(name[5:] for name in offered if name.startswith("AUTH="))


def _sayable(login: Login) -> bool:
    """No string of IMAP holds a NUL (RFC 9051 section 4.3), nor does PLAIN."""
    return "\0" not in login.user + login.password.reveal()


def _takes_command(offered: frozenset[str], login: Login) -> bool:
    """An access token is no password."""
    return not login.bearer and "LOGINDISABLED" not in offered and _sayable(login)


async def _try(session: Session, way: Mechanism | None, login: Login, offered: frozenset[str]) -> RefusalError | None:
    """Log in one way; returns its refusal."""
    if way is not None:
        reply = await _authenticate(session, way, login, initial="SASL-IR" in offered)
    else:
        user, password = astring(login.user), astring(login.password.reveal())
        reply = await session.ask(b"LOGIN", user, password, shown=b"LOGIN " + _HIDDEN)
    if not reply.ok:
        return refusal(reply.status, FailureKind.LOGIN_REFUSED, _KINDS)
    if session.capabilities is offered:
        session.capabilities = None  # what was offered before a login does not count after it
    return None


async def _authenticate(session: Session, mechanism: Mechanism, login: Login, *, initial: bool) -> Reply:
    """AUTHENTICATE, its first words on the same line where the server takes them (RFC 4959)."""
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
            session.say(b"*")  # call it off (RFC 9051 section 6.2.2)
            await session.reply()
            raise CheckError(FailureKind.PROTOCOL_ERROR, f"a challenge that {mechanism.name} has no answer to")
        session.say(answer.encode(), shown=_HIDDEN if answer else None)
    return session.end(status)
