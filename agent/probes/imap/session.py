"""A conversation with an IMAP server: tagged commands one at a time, and whatever the server says in between.

What it says unasked is heeded here, wherever it comes: capabilities, alerts, BYE (RFC 9051 sections 2.2.2 and 7).
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, TypeAlias

from agent.dialogue.parse_cache import remembered
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.imap.replies import RefusalError, Response, read_response, refusal
from shared.wire.failures import FailureKind

_LONGEST_QUOTED = 512  # what a careful client keeps its command lines well below (RFC 2683 section 3.2.1.5: 1000)
_LONGEST_LITERAL_MINUS = 4096  # RFC 7888 section 5
_MOST_ALERTS = 10
_LAST_WORDS_SECONDS = 1.0


class Literal(NamedTuple):
    """An argument sent by its length (RFC 9051 section 4.3)."""

    data: bytes


Word: TypeAlias = bytes | Literal


class Reply(NamedTuple):
    """The status that ended a command, and the untagged responses before it."""

    status: Response
    data: list[Response]

    @property
    def ok(self) -> bool:
        return self.status.word == "OK"


class Session:
    """One connection. `capabilities` are the latest told, in capitals; None when none count."""

    def __init__(self, stream: LineStream) -> None:
        self.capabilities: frozenset[str] | None = None
        self.alerts: list[str] = []
        self._stream = stream
        self._commands = 0
        self._tag = ""
        self._data: list[Response] = []
        self._bye: Response | None = None
        self._leaving = False
        self._answered = True

    async def greeting(self) -> Response:
        """OK or PREAUTH; a server that says BYE does not want this client (RFC 9051 section 7.1.5)."""
        response = await read_response(self._stream, FailureKind.GREETING_INVALID)
        if response.word == "BYE":
            raise refusal(response, FailureKind.POLICY_REFUSAL)
        if response.tag != "*" or response.word not in ("OK", "PREAUTH"):
            raise CheckError(FailureKind.GREETING_INVALID, f"not a greeting: {response.tag} {response}")
        self._heed(response)
        return response

    async def ask(self, *words: Word, shown: bytes | None = None) -> Reply:
        """Send a command and read the reply to it. `shown` stands in the transcript for words that hold a secret."""
        line = self._begin()
        told = None if shown is None else line + b" " + shown
        for word in words:
            if isinstance(word, bytes):
                line += b" " + word
            elif self._takes_at_once(word):
                line += b" {%d+}\r\n" % len(word.data) + word.data
            else:
                self.say(line + b" {%d}" % len(word.data), told)
                status = await self.listen()
                if status.tag != "+":
                    return self.end(status)
                line, told = word.data, told and HIDDEN.encode()
        self.say(line, told)
        return await self.reply()

    def send(self, command: bytes, secret: bytes | None = None) -> None:
        """Begin a command whose continuations the caller answers, by `listen` and `say`."""
        line = self._begin() + b" " + command
        if secret is None:
            self.say(line)
        else:
            self.say(line + b" " + secret, line + b" " + HIDDEN.encode())

    def say(self, line: bytes, shown: bytes | None = None) -> None:
        """Send a line; `shown` stands in the transcript instead of one that holds a secret."""
        self._stream.write(line + b"\r\n", shown=shown)

    async def reply(self) -> Reply:
        """The end of the command. Raises CheckError when the server still asks for something."""
        status = await self.listen()
        if status.tag == "+":
            raise CheckError(FailureKind.PROTOCOL_ERROR, "the server asks for more than the command has")
        return self.end(status)

    def end(self, status: Response) -> Reply:
        return Reply(status, self._data)

    async def listen(self) -> Response:
        """The next continuation, or the status that ends the command; what comes before it is heeded.

        Raises CheckError when the server takes its leave instead, or speaks out of place.
        """
        while True:
            bye = None if self._leaving else self._bye
            response = await (read_response(self._stream) if bye is None else self._last_words(bye))
            if response.tag == "*":
                self._heed(response)
            elif response.tag in ("+", self._tag):
                break
            else:
                raise CheckError(FailureKind.PROTOCOL_ERROR, f"an answer to no command: {response.tag} {response}")
        if response.tag == self._tag:
            self._answered = True
            self._heed(response)
        if self._bye is not None and not self._leaving and response.word not in ("NO", "BAD"):
            raise _farewell(self._bye)
        return response

    async def log_out(self) -> None:
        """Everything worked; a server that hangs up instead of saying goodbye is only rude."""
        self._leaving = True
        try:
            await self.ask(b"LOGOUT")
        except (EOFError, OSError):
            return

    def leave(self) -> None:
        """Say LOGOUT but wait for nothing, unless it could be taken for the answer to a continuation."""
        if self._answered and self._bye is None:
            self.say(self._begin() + b" LOGOUT")

    def _begin(self) -> bytes:
        self._commands += 1
        self._tag = f"A{self._commands}"
        self._data = []
        self._answered = False
        return self._tag.encode()

    def _takes_at_once(self, literal: Literal) -> bool:
        """Whether the server reads a literal without being asked first (RFC 7888)."""
        told = self.capabilities or frozenset()
        return "LITERAL+" in told or ("LITERAL-" in told and len(literal.data) <= _LONGEST_LITERAL_MINUS)

    async def _last_words(self, bye: Response) -> Response:
        """Some servers say why in the tagged reply that follows BYE (a login refused); most just close."""
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                return await read_response(self._stream)
        except (EOFError, OSError):
            raise _farewell(bye) from None

    def _heed(self, response: Response) -> None:
        if response.word == "CAPABILITY":
            self.capabilities = _capabilities(response.text)
        elif response.code == "CAPABILITY":
            self.capabilities = _capabilities(response.argument)
        elif response.code == "ALERT" and len(self.alerts) < _MOST_ALERTS:
            self.alerts.append(response.text)  # which people must be shown (RFC 9051 section 7.1)
        if response.word == "BYE":
            self._bye = response
        elif response.tag == "*":
            self._data.append(response)


@remembered(longest=1024)
def _capabilities(told: str) -> frozenset[str]:
    return frozenset(told.upper().split())


@remembered(longest=128)
def in_order(capabilities: frozenset[str]) -> tuple[str, ...]:
    """Sorted, as results show them."""
    return tuple(sorted(capabilities))


def _farewell(bye: Response) -> RefusalError:
    """BYE amid the dialogue: the server goes down, or throws this client out and says so in an alert."""
    return refusal(bye, FailureKind.TEMPORARY_REFUSAL, {"ALERT": FailureKind.POLICY_REFUSAL})


def astring(text: str, *, utf8: bool = False) -> Word:
    """An argument as IMAP spells it: quoted where it can be, else a literal (RFC 9051 section 4.3).

    `utf8`: the server reads UTF-8 in quoted strings (RFC 6855). Nothing carries NUL: callers refuse it.
    """
    data = text.encode()
    if len(data) > _LONGEST_QUOTED or b"\r" in data or b"\n" in data or not (utf8 or text.isascii()):
        return Literal(data)
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
