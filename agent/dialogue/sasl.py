"""SASL mechanisms that SMTP, IMAP and POP3 share: what the client sends next, independent of the protocol around it.

PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), CRAM-MD5 (RFC 2195), XOAUTH2 (Google and Microsoft).
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple

from shared.wire.targets import Login


class Mechanism(NamedTuple):
    """`answer(login, step, challenge)` is the client's answer to the server's challenge number `step`, both decoded.

    If the client begins (RFC 4422 section 3.3), its first message answers an empty challenge. None: the client has no
    more to send, and a server that sends another challenge breaks the protocol. `reserved` separates the parts of a
    message, so a login that holds it cannot be sent. `hides_password`: the server gets a proof, not the password.
    """

    name: str
    client_first: bool
    answer: Callable[[Login, int, bytes], bytes | None]
    reserved: str = ""
    hides_password: bool = False


def _plain(login: Login, step: int, _challenge: bytes) -> bytes | None:
    return f"\0{login.user}\0{login.password.reveal()}".encode() if step == 0 else None


def _login(login: Login, step: int, _challenge: bytes) -> bytes | None:
    """The text of the prompts differs between servers, so it is ignored."""
    return (login.user, login.password.reveal())[step].encode() if step < 2 else None


def _cram_md5(login: Login, step: int, challenge: bytes) -> bytes | None:
    if step:
        return None
    digest = hmac.new(login.password.reveal().encode(), challenge, "md5").hexdigest()
    return f"{login.user} {digest}".encode()


def _xoauth2(login: Login, step: int, _challenge: bytes) -> bytes | None:
    """A refusal comes as a challenge with the reason; after an empty answer the server sends the refusal itself."""
    if step == 0:
        return f"user={login.user}\1auth=Bearer {login.password.reveal()}\1\1".encode()
    return b"" if step == 1 else None


PLAIN = Mechanism("PLAIN", True, _plain, reserved="\0")
LOGIN = Mechanism("LOGIN", False, _login)
CRAM_MD5 = Mechanism("CRAM-MD5", False, _cram_md5, hides_password=True)
XOAUTH2 = Mechanism("XOAUTH2", True, _xoauth2, reserved="\1")

_FOR_PASSWORDS = (CRAM_MD5, PLAIN, LOGIN)
"""Strongest first: the first one does not even show the password to the server."""
_FOR_TOKENS = (XOAUTH2,)


def usable(offered: Iterable[str], login: Login) -> list[Mechanism]:
    """The offered mechanisms (names in capitals) that can carry this login, strongest first."""
    names = frozenset(offered)
    text = login.user + login.password.reveal()
    return [
        mechanism
        for mechanism in (_FOR_TOKENS if login.bearer else _FOR_PASSWORDS)
        if mechanism.name in names and not any(character in text for character in mechanism.reserved)
    ]


class Exchange:
    """One login by one mechanism, in base64 as in all three protocols. It holds the password: never show it."""

    def __init__(self, mechanism: Mechanism, login: Login) -> None:
        self._mechanism = mechanism
        self._login = login
        self._step = 0
        self._began = False

    def initial(self) -> str | None:
        """The initial response to send with the command itself; None if the server begins."""
        if not self._mechanism.client_first:
            return None
        self._began = True
        return self._encoded_answer(b"")

    def answer(self, challenge: str) -> str | None:
        """The client's answer to `challenge`, or None when it has nothing more to send.

        Raises ValueError if the mechanism needs the challenge and it is not base64.
        """
        if self._began and not challenge.strip():
            self._step = 0  # the server ignored the initial response and requests it again
        self._began = False
        # Only CRAM-MD5 needs its challenge. Others are text for people, and not every server encodes it.
        read = b64decode(challenge.strip(), validate=True) if self._mechanism is CRAM_MD5 else b""
        return self._encoded_answer(read)

    def _encoded_answer(self, challenge: bytes) -> str | None:
        message = self._mechanism.answer(self._login, self._step, challenge)
        self._step += 1
        return None if message is None else b64encode(message).decode()
