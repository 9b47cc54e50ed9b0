"""SMTP replies: their grammar, read strictly, and what a refusal means (RFC 5321 section 4.2, RFC 3463)."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.scrub import printable
from shared.failures import FailureKind

_LINE = re.compile(rb"([2-5][0-5][0-9])(?:([ -])([^\0\r]*))?\Z", re.DOTALL)
_QUOTED = 200


class Reply(NamedTuple):
    """A reply code and the text of its lines, printable."""

    code: int
    lines: list[str]

    @property
    def text(self) -> str:
        return " ".join(line for line in self.lines if line)

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


async def read_reply(stream: LineStream, otherwise: FailureKind = FailureKind.PROTOCOL_ERROR) -> Reply:
    """One reply, its lines all of one code. Raises CheckError of kind `otherwise` for anything else."""
    code: bytes | None = None
    lines: list[str] = []
    while True:
        line = await stream.read_line()
        found = _LINE.match(line)
        if found is None:
            raise CheckError(otherwise, f"not an SMTP reply: {printable(line[:_QUOTED])}")
        if code is not None and found[1] != code:
            raise CheckError(otherwise, f"a reply of two codes: {printable(code)} and {printable(line[:_QUOTED])}")
        code = found[1]
        lines.append(printable(found[3] or b""))
        if found[2] != b"-":
            return Reply(int(code), lines)


async def ask(stream: LineStream, command: str) -> Reply:
    """Send a command line and read the reply to it."""
    stream.write(command.encode() + b"\r\n")
    return await read_reply(stream)


def refusal(reply: Reply, permanent: FailureKind) -> CheckError:
    """What an unwanted reply means: 4yz is temporary, 5yz is `permanent`, anything else is out of place."""
    if reply.code >= 500:
        return CheckError(permanent, str(reply))
    if reply.code >= 400:
        return CheckError(FailureKind.TEMPORARY_REFUSAL, str(reply))
    return CheckError(FailureKind.PROTOCOL_ERROR, f"unexpected reply: {reply}")
