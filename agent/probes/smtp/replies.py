"""SMTP replies: their grammar, read strictly, and what a refusal means (RFC 5321 section 4.2, RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.dialogue.parse_cache import remembered
from agent.dialogue.scrub import printable
from agent.errors import CheckError
from agent.net.stream import LineStream
from shared.wire.failures import FailureKind, FailureSource

_LINE = re.compile(rb"([2-5][0-5][0-9])(?:([ -])([^\0\r]*))?\Z", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |\Z)")
_QUOTED = 200
_LINE_ENDS = frozenset("\r\n\0")

_ABOUT_THE_CLIENT = frozenset({"7.25"})
"""Subject and detail of enhanced codes that are only ever about who we are: no reverse name (RFC 7372)."""

_BLOCKLIST = re.compile(
    r"\b(dnsbl|rbl|blocked using|(block|black|deny)[ -]?list(s|ed)?|spamhaus|spamcop|barracudacentral|reputation)\b",
    re.IGNORECASE,
)
"""How servers say that the client's address is on a list. No reply code tells that from other refusals."""


class Reply(NamedTuple):
    """A reply code and the text of its lines, printable."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(line for line in self.lines if line)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 2034). One of another class than the reply's is only text."""
        found = _ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else None

    @property
    def dislikes_us(self) -> bool:
        """Whether a refusal is about our address, whatever was asked."""
        enhanced = self.enhanced
        return (enhanced is not None and enhanced[2:] in _ABOUT_THE_CLIENT) or bool(_BLOCKLIST.search(self.text))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class RefusalError(CheckError):
    """A reply that ends the check."""

    def __init__(self, kind: FailureKind, reply: Reply, detail: str | None = None) -> None:
        super().__init__(kind, str(reply) if detail is None else detail)
        self.reply = reply


class _Line(NamedTuple):
    """A line of a reply; `more` follow."""

    code: bytes
    more: bool
    text: str


async def read_reply(stream: LineStream, otherwise: FailureKind = FailureKind.PROTOCOL_ERROR) -> Reply:
    """One reply, its lines all of one code. Raises CheckError of kind `otherwise` for anything else."""
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
            raise CheckError(otherwise, f"a reply of two codes: {printable(code)} and {printable(raw[:_QUOTED])}")
        code = line.code
        lines.append(line.text)
        if not line.more:
            return Reply(int(code), tuple(lines))


@remembered(longest=512)
def _parse(line: bytes) -> _Line | None:
    found = _LINE.match(line)
    return None if found is None else _Line(found[1], found[2] == b"-", printable(found[3] or b""))


async def ask(stream: LineStream, command: str, *, shown: str | None = None) -> Reply:
    """Send a command line and read the reply to it. `shown` stands in the transcript for a command with a secret."""
    if not _LINE_ENDS.isdisjoint(command):
        raise CheckError(FailureKind.AGENT_ERROR, "a command of more than one line", source=FailureSource.AGENT)
    stream.write(command.encode() + b"\r\n", shown=None if shown is None else shown.encode() + b"\r\n")
    return await read_reply(stream)


def refusal(reply: Reply, permanent: FailureKind) -> RefusalError:
    """What an unwanted reply means: 4yz is temporary, 5yz is `permanent`, anything else is out of place."""
    if reply.code < 400:
        return RefusalError(FailureKind.PROTOCOL_ERROR, reply, f"unexpected reply: {reply}")
    if reply.dislikes_us:
        return RefusalError(FailureKind.POLICY_REFUSAL, reply)
    return RefusalError(permanent if reply.code >= 500 else FailureKind.TEMPORARY_REFUSAL, reply)
