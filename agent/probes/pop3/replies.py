"""POP3 replies: their grammar, capabilities, and what a refusal means (RFC 1939 section 3, RFC 2449, RFC 3206)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from agent.dialogue.parse_cache import parse_cached
from agent.dialogue.refusal_texts import kind_by_text, warning_instead
from agent.dialogue.scrub import printable
from agent.errors import CheckError
from agent.net.stream import LineStream
from shared.wire.failures import CheckWarning, FailureKind, FailureSource

Capabilities = dict[str, list[str]]
"""CAPA keywords in capitals, each with its parameters in capitals."""

_LINE = re.compile(rb"(\+OK|-ERR)(?![A-Za-z0-9])[ \t]*([^\0\r]*)\Z")
_CONTINUATION = re.compile(rb"\+(?: ([^\0\r]*))?\Z")
_RESPONSE_CODE = re.compile(r"\[([^\]\s]+)\]")
_QUOTED = 200
_LINE_ENDS = frozenset("\r\n\0")

_KINDS = {
    "SYS/TEMP": FailureKind.TEMPORARY_REFUSAL,
    "LIMIT": FailureKind.TEMPORARY_REFUSAL,  # a code of IMAP that servers of both protocols send here too
    "UNAVAILABLE": FailureKind.TEMPORARY_REFUSAL,
}
"""Response codes with the same meaning after every command (RFC 3206)."""


class Pop3Reply(NamedTuple):
    """The status indicator, and the printable text after it. `ok` None: the server sent a challenge (RFC 5034)."""

    ok: bool | None
    text: str

    @property
    def response_code(self) -> str | None:
        """For example IN-USE or SYS/TEMP, in capitals (RFC 2449 section 8). Only a refusal has one."""
        found = None if self.ok else _RESPONSE_CODE.match(self.text)
        return found[1].upper() if found else None

    @property
    def warning_instead(self) -> CheckWarning | None:
        """The warning that a refusal amounts to if the server works and only does not open this mailbox now."""
        return None if self.ok else warning_instead(self.response_code or "", self.text, str(self))

    def __str__(self) -> str:
        return f"{'+OK' if self.ok else '+' if self.ok is None else '-ERR'} {self.text}".rstrip()


class Pop3RefusalError(CheckError):
    """A reply that ends the check."""

    def __init__(self, kind: FailureKind, reply: Pop3Reply, detail: str | None = None) -> None:
        super().__init__(kind, str(reply) if detail is None else detail)
        self.reply = reply


async def read_reply(stream: LineStream, otherwise: FailureKind = FailureKind.PROTOCOL_ERROR) -> Pop3Reply:
    """One status line. Raises CheckError of kind `otherwise` if the line is not one."""
    line = await stream.read_line()
    if found := _LINE.match(line):
        return Pop3Reply(found[1] == b"+OK", printable(found[2]))
    raise CheckError(otherwise, f"not a POP3 reply: {printable(line[:_QUOTED])}")


async def read_challenge(stream: LineStream) -> Pop3Reply:
    """A status line, or a server's challenge during AUTH: `+`, then base64."""
    line = await stream.read_line()
    if found := _CONTINUATION.match(line):
        return Pop3Reply(None, printable(found[1] or b""))
    if found := _LINE.match(line):
        return Pop3Reply(found[1] == b"+OK", printable(found[2]))
    raise CheckError(FailureKind.PROTOCOL_ERROR, f"not a POP3 reply: {printable(line[:_QUOTED])}")


def send(stream: LineStream, command: str, *, shown: str | None = None) -> None:
    """Send a command line. The transcript shows `shown` instead of a command with a secret."""
    if not can_be_sent(command):
        raise CheckError(FailureKind.AGENT_ERROR, "a command of more than one line", source=FailureSource.AGENT)
    stream.write(command.encode() + b"\r\n", shown=None if shown is None else shown.encode() + b"\r\n")


async def request(stream: LineStream, command: str, *, shown: str | None = None) -> Pop3Reply:
    """Send a command line and read its status line."""
    send(stream, command, shown=shown)
    return await read_reply(stream)


async def request_capabilities(stream: LineStream) -> Capabilities | None:
    """The capabilities that CAPA lists; None if the server does not know CAPA (RFC 2449 section 5)."""
    reply = await request(stream, "CAPA")
    if not reply.ok:
        return None
    found: Capabilities = {}
    while True:
        line = stream.ready_line()
        if line is None:
            line = await stream.read_line()
        if line == b".":
            return found
        keyword, *parameters = _words(line)
        if keyword:
            found[keyword] = found.get(keyword, []) + parameters


@parse_cached(longest=512)
def _words(line: bytes) -> tuple[str, ...]:
    return tuple(printable(line.removeprefix(b".")).upper().split() or ("",))


def can_be_sent(text: str) -> bool:
    """Whether a command can hold the text: POP3 has no quoting for line ends."""
    return _LINE_ENDS.isdisjoint(text)


def refusal(
    reply: Pop3Reply, otherwise: FailureKind, particular: Mapping[str, FailureKind] | None = None
) -> Pop3RefusalError:
    """What -ERR means: by its response code, first in the `particular` codes of the command, else `otherwise`.

    Without a code, temporary trouble is known by its words.
    """
    code = reply.response_code or ""
    kind = (particular or {}).get(code) or _KINDS.get(code)
    if kind is None and kind_by_text(code, reply.text) is FailureKind.TEMPORARY_REFUSAL:
        kind = FailureKind.TEMPORARY_REFUSAL
    return Pop3RefusalError(kind or otherwise, reply)
