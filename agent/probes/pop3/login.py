"""Login over POP3 by APOP, SASL, or USER and PASS (RFC 1939, RFC 5034), and what the server's answer means."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import md5

from agent.dialogue.login import Way
from agent.dialogue.password_refusals import no_passwords, refuses_every_password, takes_only_tokens
from agent.dialogue.refusal_texts import NOT_ADMITTED, in_words, kind_by_text
from agent.dialogue.sasl import Exchange, Mechanism, usable
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.pop3.replies import (
    Capabilities,
    Pop3RefusalError,
    Pop3Reply,
    can_be_sent,
    read_challenge,
    refusal,
    request,
    send,
)
from shared.wire.failures import CheckWarning, FailureKind, FailureSource
from shared.wire.targets import Login

_LONGEST_COMMAND = 253  # RFC 2449 section 4, without CRLF
_KINDS = {"SYS/PERM": FailureKind.LOGIN_UNAVAILABLE, **dict.fromkeys(NOT_ADMITTED, FailureKind.LOGIN_UNAVAILABLE)}
# Only a strict msg-id counts: a forged one would help to guess the password (CVE-2007-1558).
_TIMESTAMP = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")


class Authentication:
    """The ways to log in to one server. `not_opened` is set if it works but did not open the mailbox: it is in use or
    full, or logins are too frequent.
    """

    def __init__(self, stream: LineStream, login: Login) -> None:
        self.not_opened: CheckWarning | None = None
        self._stream = stream
        self._login = login

    def ways(self, greeting: str, capabilities: Capabilities | None) -> list[Way]:
        """The usable ways, strongest first; `capabilities` are those under TLS. Raises CheckError if there is none."""
        mechanisms = usable((capabilities or {}).get("SASL", []), self._login)
        ways = [self._way(each.name, each.hides_password, partial(self._sasl, each)) for each in mechanisms]
        if not self._login.bearer and self._can_be_sent:
            challenge = timestamp(greeting)
            if challenge and " " not in self._login.user:
                ways.insert(0, self._way("APOP", True, partial(self._apop, challenge)))
            if capabilities is None or "USER" in capabilities:
                ways.append(self._way("USER", False, self._user))
        if ways:
            return ways
        if not self._can_be_sent:
            detail = "a login that holds a line end or NUL cannot be sent to this server"
            raise CheckError(FailureKind.AGENT_ERROR, detail, source=FailureSource.AGENT)
        offered = (capabilities or {}).get("SASL", [])
        detail = f"no usable mechanism; SASL: {' '.join(offered) or 'none'}"
        if takes_only_tokens(offered):
            detail = no_passwords(detail, self._login)
        raise CheckError(FailureKind.LOGIN_MECHANISM_MISSING, detail)

    @property
    def _can_be_sent(self) -> bool:
        return can_be_sent(self._login.user + self._login.password.reveal())

    def _way(self, name: str, hides_password: bool, authenticate: Callable[[], Awaitable[Pop3Reply]]) -> Way:
        return Way(name, hides_password, partial(self._attempt, authenticate))

    async def _attempt(self, authenticate: Callable[[], Awaitable[Pop3Reply]]) -> Pop3RefusalError | None:
        reply = await authenticate()
        self.not_opened = reply.warning_instead
        if reply.ok or self.not_opened is not None:  # a mailbox in use does not refuse the password
            return None
        if refuses_every_password(reply.text):
            detail = no_passwords(str(reply), self._login)
            return Pop3RefusalError(FailureKind.LOGIN_MECHANISM_MISSING, reply, detail)
        code = reply.response_code or ""
        refused = refusal(reply, kind_by_text(code, reply.text) or FailureKind.LOGIN_REFUSED, _KINDS)
        refused.detail = in_words(code, refused.detail)
        return refused

    async def _apop(self, challenge: str) -> Pop3Reply:
        digest = md5((challenge + self._login.password.reveal()).encode(), usedforsecurity=False).hexdigest()
        command = f"APOP {self._login.user} "
        return await request(self._stream, command + digest, shown=command + HIDDEN)

    async def _user(self) -> Pop3Reply:
        reply = await request(self._stream, f"USER {self._login.user}")
        if not reply.ok:
            return reply
        return await request(self._stream, f"PASS {self._login.password.reveal()}", shown=f"PASS {HIDDEN}")

    async def _sasl(self, mechanism: Mechanism) -> Pop3Reply:
        """The final reply to AUTH."""
        exchange = Exchange(mechanism, self._login)
        command, shown = f"AUTH {mechanism.name}", None
        initial = exchange.initial()
        if initial is not None and len(command) + 1 + len(initial) <= _LONGEST_COMMAND:
            command, shown = f"{command} {initial}", f"{command} {HIDDEN}"
        send(self._stream, command, shown=shown)
        while (reply := await read_challenge(self._stream)).ok is None:
            try:
                answer = exchange.answer(reply.text)
            except ValueError:
                answer = None
            if answer is None:
                send(self._stream, "*")  # cancel the exchange (RFC 5034 section 4)
                detail = f"a challenge to which {mechanism.name} has no answer: {reply}"
                raise Pop3RefusalError(FailureKind.PROTOCOL_ERROR, reply, detail)
            send(self._stream, answer, shown=HIDDEN if answer else None)
        return reply


def timestamp(greeting: str) -> str | None:
    """The timestamp in the greeting of a server with APOP, which the client's digest covers."""
    found = _TIMESTAMP.search(greeting)
    return found[0] if found else None
