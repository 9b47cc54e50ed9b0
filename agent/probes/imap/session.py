"""A session with an IMAP server: tagged commands, one at a time until LOGOUT, which may be sent with the one before it,
and the untagged responses in between.

Unsolicited responses are read here wherever they come: capabilities, alerts, BYE (RFC 9051 sections 2.2.2 and 7).
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, TypeAlias

from agent.dialogue.parse_cache import parse_cached
from agent.dialogue.refusal_texts import kind_by_text
from agent.dialogue.scrub import HIDDEN
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.imap.replies import ImapRefusalError, Response, read_response, refusal
from shared.wire.failures import CheckWarning, FailureKind, WarningKind

_LONGEST_QUOTED = 512  # well below the length that command lines should keep (RFC 2683 section 3.2.1.5: 1000)
_LONGEST_LITERAL_MINUS = 4096  # RFC 7888 section 5
_MOST_ALERTS = 10
_AFTER_BYE_SECONDS = 1.0


class Literal(NamedTuple):
    """An argument that is sent after its length (RFC 9051 section 4.3)."""

    data: bytes


Word: TypeAlias = bytes | Literal


class ImapReply(NamedTuple):
    """The status that ended a command, and the untagged responses before it."""

    status: Response
    data: list[Response]

    @property
    def ok(self) -> bool:
        return self.status.word == "OK"


class Session:
    """One connection. `capabilities` are the latest from the server, in capitals; None if none are valid. `listings`
    counts how often the server listed them. `not_opened` is set by a login that was not refused, though the mailbox is
    in use or full.
    """

    def __init__(self, stream: LineStream) -> None:
        self.capabilities: frozenset[str] | None = None
        self.listings = 0
        self.alerts: list[str] = []
        self.not_opened: CheckWarning | None = None
        self._over_quota: Response | None = None
        self._stream = stream
        self._commands = 0
        self._tag = ""
        self._data: list[Response] = []
        self._bye: Response | None = None
        self._leaving = False
        self._leave_sent = False
        self._answered = True

    async def greeting(self) -> Response:
        """The greeting, OK or PREAUTH. A server that says BYE refuses this client (RFC 9051 section 7.1.5)."""
        response = await read_response(self._stream, FailureKind.GREETING_INVALID)
        if response.word == "BYE":
            raise refusal(response, FailureKind.POLICY_REFUSAL)
        if response.tag != "*" or response.word not in ("OK", "PREAUTH"):
            raise CheckError(FailureKind.GREETING_INVALID, f"not a greeting: {response.tag} {response}")
        self._note_unsolicited(response)
        return response

    async def command(self, *words: Word, shown: bytes | None = None) -> ImapReply:
        """Send a command and read its reply. The transcript shows `shown` instead of words with a secret."""
        line = self._begin()
        masked = None if shown is None else line + b" " + shown
        for word in words:
            if isinstance(word, bytes):
                line += b" " + word
            elif self._needs_no_continuation(word):
                line += b" {%d+}\r\n" % len(word.data) + word.data
            else:
                self.send_line(line + b" {%d}" % len(word.data), masked)
                status = await self.listen()
                if status.tag != "+":
                    return self.end(status)
                line, masked = word.data, masked and HIDDEN.encode()
        self.send_line(line, masked)
        return await self.reply()

    def send(self, command: bytes, secret: bytes | None = None) -> None:
        """Begin a command whose continuations the caller reads by `listen` and answers by `send_line`."""
        line = self._begin() + b" " + command
        if secret is None:
            self.send_line(line)
        else:
            self.send_line(line + b" " + secret, line + b" " + HIDDEN.encode())

    def send_line(self, line: bytes, shown: bytes | None = None) -> None:
        """Send a line; the transcript shows `shown` instead of a line with a secret."""
        self._stream.write(line + b"\r\n", shown=shown)

    async def reply(self) -> ImapReply:
        """The reply that ends the command. Raises CheckError if the server sends a continuation instead."""
        status = await self.listen()
        if status.tag == "+":
            raise CheckError(FailureKind.PROTOCOL_ERROR, "the server requests more than the command has")
        return self.end(status)

    def end(self, status: Response) -> ImapReply:
        return ImapReply(status, self._data)

    async def listen(self) -> Response:
        """The next continuation, or the status that ends the command; untagged responses before it are processed.

        Raises CheckError if the server says BYE instead, or answers a command that was not sent.
        """
        while True:
            bye = None if self._leaving else self._bye
            response = await (read_response(self._stream) if bye is None else self._reply_after_bye(bye))
            if response.tag == "*":
                self._note_unsolicited(response)
            elif response.tag in ("+", self._tag):
                break
            else:
                raise CheckError(FailureKind.PROTOCOL_ERROR, f"an answer to no command: {response.tag} {response}")
        if response.tag == self._tag:
            self._answered = True
            self._note_unsolicited(response)
        if self._bye is not None and not self._leaving and response.word not in ("NO", "BAD"):
            raise _refused_by_bye(self._bye)
        return response

    def warnings(self) -> list[CheckWarning]:
        """What the server said besides its answers in a session that went well."""
        found = [CheckWarning(kind=WarningKind.SERVER_ALERT, detail=text) for text in dict.fromkeys(self.alerts)]
        if self._over_quota is not None:
            found.append(CheckWarning(kind=WarningKind.MAILBOX_FULL, detail=str(self._over_quota)))
        return found

    async def last_command(self, command: bytes) -> ImapReply:
        """Send a command and LOGOUT in one packet, and read the reply to the command. `log_out` reads the other one."""
        self._leaving = self._leave_sent = True
        line = self._begin() + b" " + command
        self._stream.write_at_once(line + b"\r\n", b"A%d LOGOUT\r\n" % (self._commands + 1))
        return await self.reply()

    async def log_out(self) -> None:
        """Send LOGOUT after a check that passed, unless it is sent, and read the answer."""
        self._leaving = True
        if self._leave_sent:
            self._begin()
            await self.reply()
        else:
            await self.command(b"LOGOUT")

    def leave(self) -> None:
        """Send LOGOUT without waiting, unless the server could take it for the answer to a continuation."""
        if self._answered and self._bye is None and not self._leave_sent:
            self.send_line(self._begin() + b" LOGOUT")

    def _begin(self) -> bytes:
        self._commands += 1
        self._tag = f"A{self._commands}"
        self._data = []
        self._answered = False
        return self._tag.encode()

    def _needs_no_continuation(self, literal: Literal) -> bool:
        """Whether the server accepts a literal without a continuation first (RFC 7888)."""
        offered = self.capabilities or frozenset()
        return "LITERAL+" in offered or ("LITERAL-" in offered and len(literal.data) <= _LONGEST_LITERAL_MINUS)

    async def _reply_after_bye(self, bye: Response) -> Response:
        """Read the tagged reply after BYE: some servers give the reason there (a refused login); most just close."""
        try:
            async with asyncio.timeout(_AFTER_BYE_SECONDS):
                return await read_response(self._stream)
        except (EOFError, OSError):
            raise _refused_by_bye(bye) from None

    def _note_unsolicited(self, response: Response) -> None:
        if response.word == "CAPABILITY":
            self._note_capabilities(response.text)
        elif response.code == "CAPABILITY":
            self._note_capabilities(response.argument)
        elif response.code == "ALERT" and len(self.alerts) < _MOST_ALERTS:
            self.alerts.append(response.text)  # must be shown to people (RFC 9051 section 7.1)
        elif response.code == "OVERQUOTA" and response.tag == "*":
            self._over_quota = response  # a soft quota: the command itself may succeed (RFC 5530 section 3)
        if response.word == "BYE":
            self._bye = response
        elif response.tag == "*":
            self._data.append(response)

    def _note_capabilities(self, text: str) -> None:
        self.capabilities = _capabilities(text)
        self.listings += 1


@parse_cached(longest=1024)
def _capabilities(text: str) -> frozenset[str]:
    return frozenset(text.upper().split())


@parse_cached(longest=128)
def in_order(capabilities: frozenset[str]) -> tuple[str, ...]:
    """Sort the capabilities for a result."""
    return tuple(sorted(capabilities))


def _refused_by_bye(bye: Response) -> ImapRefusalError:
    """BYE within the dialogue: the server shuts down, or rejects this client and gives the reason in an alert."""
    broken = kind_by_text(bye.code, bye.text) is FailureKind.LOGIN_UNAVAILABLE  # Courier, after the login
    alerted = FailureKind.LOGIN_UNAVAILABLE if broken else FailureKind.POLICY_REFUSAL
    return refusal(bye, FailureKind.TEMPORARY_REFUSAL, {"ALERT": alerted})


def astring(text: str, *, utf8: bool = False) -> Word:
    """An argument in IMAP's syntax: quoted if possible, else a literal (RFC 9051 section 4.3).

    `utf8`: the server accepts UTF-8 in quoted strings (RFC 6855). Neither form can hold NUL: callers refuse it.
    """
    data = text.encode()
    if len(data) > _LONGEST_QUOTED or b"\r" in data or b"\n" in data or not (utf8 or text.isascii()):
        return Literal(data)
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
