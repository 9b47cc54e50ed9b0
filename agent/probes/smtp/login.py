"""Login over SMTP (RFC 4954), and what the server's answer means."""

from __future__ import annotations

import re
from functools import partial

from agent.dialogue.login import Way
from agent.dialogue.password_refusals import no_passwords, takes_only_tokens
from agent.dialogue.refusal_texts import kind_by_text
from agent.dialogue.sasl import Exchange, Mechanism, usable
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.smtp.replies import SmtpRefusalError, SmtpReply, refusal, request
from shared.wire.failures import FailureKind, FailureSource
from shared.wire.targets import Login

_LONGEST_COMMAND = 510  # RFC 5321 section 4.5.3.1.4, without CRLF

_SEPARATORS = frozenset("\0\1")  # in the messages of PLAIN and XOAUTH2

_DISABLED = re.compile(r"\b(disabled|basic authentication)\b", re.IGNORECASE)
"""Microsoft refuses wrong passwords with the same code, 5.7.139."""

_KINDS = {
    500: FailureKind.PROTOCOL_ERROR,
    501: FailureKind.PROTOCOL_ERROR,
    502: FailureKind.LOGIN_MECHANISM_MISSING,
    503: FailureKind.PROTOCOL_ERROR,
    504: FailureKind.LOGIN_MECHANISM_MISSING,
    530: FailureKind.LOGIN_MECHANISM_MISSING,  # not before STARTTLS
    534: FailureKind.LOGIN_MECHANISM_MISSING,  # too weak for this user
    538: FailureKind.LOGIN_MECHANISM_MISSING,  # encryption required for it
}


def ways_to_log_in(stream: LineStream, login: Login, offered: list[str]) -> list[Way]:
    """The ways that the server offers in its last EHLO, strongest first. Raises CheckError if there is none."""
    mechanisms = usable(offered, login)
    if not mechanisms:
        if not _SEPARATORS.isdisjoint(login.user + login.password.reveal()):
            detail = "a login that holds NUL or SOH cannot be sent to this server"
            raise CheckError(FailureKind.AGENT_ERROR, detail, source=FailureSource.AGENT)
        detail = f"no usable mechanism; offered: {', '.join(offered) or 'none'}"
        if takes_only_tokens(offered):
            detail = no_passwords(detail, login)
        raise CheckError(FailureKind.LOGIN_MECHANISM_MISSING, detail)
    return [Way(each.name, each.hides_password, partial(_try, stream, each, login)) for each in mechanisms]


async def _try(stream: LineStream, mechanism: Mechanism, login: Login) -> SmtpRefusalError | None:
    reply = await _authenticate(stream, mechanism, login)
    if reply.code == 235:
        return None
    if _refuses_every_password(reply):
        return SmtpRefusalError(FailureKind.LOGIN_MECHANISM_MISSING, reply, no_passwords(str(reply), login))
    return _refused(reply)


async def _authenticate(stream: LineStream, mechanism: Mechanism, login: Login) -> SmtpReply:
    """The final reply to AUTH."""
    exchange = Exchange(mechanism, login)
    command, shown = f"AUTH {mechanism.name}", None
    initial = exchange.initial()
    if initial is not None and len(command) + 1 + len(initial) <= _LONGEST_COMMAND:
        command, shown = f"{command} {initial}", f"{command} {HIDDEN}"
    reply = await request(stream, command, shown=shown)
    while reply.code == 334:
        try:
            answer = exchange.answer(reply.text)
        except ValueError:
            answer = None
        if answer is None:
            stream.write(b"*\r\n")  # cancel the exchange (RFC 4954 section 4)
            detail = f"a challenge to which {mechanism.name} has no answer: {reply}"
            raise SmtpRefusalError(FailureKind.PROTOCOL_ERROR, reply, detail)
        reply = await request(stream, answer, shown=HIDDEN if answer else None)
    return reply


def _refused(reply: SmtpReply) -> SmtpRefusalError:
    if reply.code in _KINDS:
        return SmtpRefusalError(_KINDS[reply.code], reply)
    if reply.code == 432 and reply.enhanced in (None, "4.7.12"):  # the password must be changed first (RFC 4954)
        return SmtpRefusalError(FailureKind.LOGIN_REFUSED, reply)
    unavailable = kind_by_text("", reply.text) is FailureKind.LOGIN_UNAVAILABLE
    return refusal(reply, FailureKind.LOGIN_UNAVAILABLE if unavailable else FailureKind.LOGIN_REFUSED)


def _refuses_every_password(reply: SmtpReply) -> bool:
    """Whether the server takes no password at all, or none but those made for one application."""
    match reply.code, reply.enhanced:
        case (_, "5.7.30") | (534, "5.7.9"):
            return True
        case (_, "5.7.139"):
            return bool(_DISABLED.search(reply.text))
    return False
