"""SMTP replies: their strict grammar, and what a refusal means (RFC 5321 section 4.2, RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.dialogue.parse_cache import parse_cached
from agent.dialogue.scrub import printable
from agent.errors import CheckError
from agent.net.stream import LineStream
from shared.wire.failures import FailureKind, FailureSource

_LINE = re.compile(rb"([2-5][0-5][0-9])(?:([ -])([^\0\r]*))?\Z", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |\Z)")
_QUOTED = 200
_LINE_ENDS = frozenset("\r\n\0")

_CLIENT_CODES = frozenset({"7.25"})
"""Subject and detail of enhanced codes that are always about the client itself: no reverse DNS name (RFC 7372)."""

_BLOCKLIST = re.compile(
    r"\b(dnsbl|rbl|blocked using|(block|black|deny)[ -]?list(s|ed)?|spamhaus|spamcop|barracudacentral|reputation)\b",
    re.IGNORECASE,
)
"""How servers say that the client's address is on a blocklist. No reply code distinguishes that from other refusals."""


class SmtpReply(NamedTuple):
    """A reply code and the text of its lines, printable."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(line for line in self.lines if line)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 2034). A code whose class differs from the reply's is only text."""
        found = _ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else None

    @property
    def is_about_our_address(self) -> bool:
        """Whether a refusal is about our address, whatever the command was."""
        enhanced = self.enhanced
        return (enhanced is not None and enhanced[2:] in _CLIENT_CODES) or bool(_BLOCKLIST.search(self.text))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class SmtpRefusalError(CheckError):
    """A reply that ends the check."""

    def __init__(self, kind: FailureKind, reply: SmtpReply, detail: str | None = None) -> None:
        super().__init__(kind, str(reply) if detail is None else detail)
        self.reply = reply


class _ReplyLine(NamedTuple):
    """A line of a reply; with `more` another one follows."""

    code: bytes
    more: bool
    text: str


async def read_reply(stream: LineStream, otherwise: FailureKind = FailureKind.PROTOCOL_ERROR) -> SmtpReply:
    """One reply, all its lines with the same code. Raises CheckError of kind `otherwise` if it is not one."""
    code: bytes | None = None
    lines: list[str] = []
    while True:
        raw = stream.ready_line()
        if raw is None:
            raw = await stream.read_line()
        line = _parse(raw)
        if line is None:
            raise CheckError(otherwise, f"not an SMTP reply: {printable(raw[:_QUOTED])}")
        if code is not None and line.code != code:
            raise CheckError(otherwise, f"a reply with two codes: {printable(code)} and {printable(raw[:_QUOTED])}")
        code = line.code
        lines.append(line.text)
        if not line.more:
            return SmtpReply(int(code), tuple(lines))


@parse_cached(longest=512)
def _parse(line: bytes) -> _ReplyLine | None:
    found = _LINE.match(line)
    return None if found is None else _ReplyLine(found[1], found[2] == b"-", printable(found[3] or b""))


async def request(stream: LineStream, command: str, *, shown: str | None = None) -> SmtpReply:
    """Send a command line and read its reply. The transcript shows `shown` instead of a command with a secret."""
    stream.write(encoded(command), shown=None if shown is None else shown.encode() + b"\r\n")
    return await read_reply(stream)


def encoded(command: str) -> bytes:
    """The line that sends a command. Raises CheckError (source agent) if it would be more than one."""
    if not _LINE_ENDS.isdisjoint(command):
        raise CheckError(FailureKind.AGENT_ERROR, "a command of more than one line", source=FailureSource.AGENT)
    return command.encode() + b"\r\n"


def refusal(reply: SmtpReply, permanent: FailureKind) -> SmtpRefusalError:
    """What a refusing reply means: 4yz is temporary, 5yz is `permanent`, anything else is a protocol error."""
    if reply.code < 400:
        return SmtpRefusalError(FailureKind.PROTOCOL_ERROR, reply, f"unexpected reply: {reply}")
    if reply.is_about_our_address:
        return SmtpRefusalError(FailureKind.POLICY_REFUSAL, reply)
    return SmtpRefusalError(permanent if reply.code >= 500 else FailureKind.TEMPORARY_REFUSAL, reply)
