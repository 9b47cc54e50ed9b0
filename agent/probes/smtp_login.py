"""Logging in over SMTP with PLAIN or LOGIN (RFC 4954, RFC 4616), and what the server's answer means."""

from __future__ import annotations

from base64 import b64encode

from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.smtp_reply import Reply, ask, refusal
from shared.failures import FailureKind
from shared.targets import Login

MECHANISMS = ("PLAIN", "LOGIN")
"""What we speak, first choice first."""

_LONGEST_COMMAND = 510  # RFC 5321 section 4.5.3.1.4, without CRLF

_KINDS = {
    421: FailureKind.TEMPORARY_REFUSAL,  # the service is closing, whatever was asked
    501: FailureKind.PROTOCOL_ERROR,
    503: FailureKind.PROTOCOL_ERROR,
    432: FailureKind.LOGIN_REFUSED,  # the password must be changed first
    504: FailureKind.LOGIN_MECHANISM_MISSING,
    534: FailureKind.LOGIN_MECHANISM_MISSING,  # too weak for this user
    538: FailureKind.LOGIN_MECHANISM_MISSING,  # encryption required for it
}


async def log_in(stream: LineStream, login: Login, offered: list[str]) -> str:
    """Log in with a mechanism of `offered`, those of the last EHLO, and return it. Raises CheckError."""
    for mechanism in MECHANISMS:
        if mechanism in offered:
            break
    else:
        told = ", ".join(offered) or "none"
        raise CheckError(FailureKind.LOGIN_MECHANISM_MISSING, f"mechanisms offered: {told}")
    reply = await (_plain(stream, login) if mechanism == "PLAIN" else _login(stream, login))
    if reply.code != 235:
        raise _refused(reply)
    return mechanism


async def _plain(stream: LineStream, login: Login) -> Reply:
    message = _encode(f"\0{login.user}\0{login.password.reveal()}")
    command = f"AUTH PLAIN {message}"
    reply = await ask(stream, command if len(command) <= _LONGEST_COMMAND else "AUTH PLAIN")
    # A server that takes no initial response asks for it, as one must when the line would be too long.
    return await ask(stream, message) if reply.code == 334 else reply


async def _login(stream: LineStream, login: Login) -> Reply:
    """Two prompts whose words differ from server to server, so they are not read (draft-murchison-sasl-login)."""
    reply = await ask(stream, "AUTH LOGIN")
    for answer in (login.user, login.password.reveal()):
        if reply.code != 334:
            break
        reply = await ask(stream, _encode(answer))
    return reply


def _refused(reply: Reply) -> CheckError:
    if reply.code in _KINDS:
        return CheckError(_KINDS[reply.code], str(reply))
    if 400 <= reply.code < 500:
        return CheckError(FailureKind.LOGIN_UNAVAILABLE, str(reply))
    return refusal(reply, FailureKind.LOGIN_REFUSED)


def _encode(text: str) -> str:
    return b64encode(text.encode()).decode()
