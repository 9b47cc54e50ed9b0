"""IMAP responses: their grammar, and what a refusal means (RFC 9051 sections 7 and 9, RFC 3501, RFC 5530).

It is strict about the frame of a response and tolerant about unrequested data, as section 7 requires of clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from agent.dialogue.parse_cache import parse_cached
from agent.dialogue.refusal_texts import kind_by_text, warning_instead
from agent.dialogue.scrub import printable
from agent.errors import CheckError
from agent.net.stream import LineStream
from shared.wire.failures import CheckWarning, FailureKind

_STATUS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})
_TAGGED = frozenset({"OK", "NO", "BAD"})

_QUOTED = 200
_MOST_DIGITS = 19  # of a 63-bit number (number64, RFC 9051 section 9)
_LITERAL = re.compile(rb"\{([0-9]+)\}\Z")
_FRAME = re.compile(
    r"(\*|[A-Za-z0-9]+) (?:([0-9]{1,19}) )?([A-Za-z][\w.$+:=&/-]*)(?: (?:\[([^\s\]]+)(?: ([^\]]*))?\] ?)?(.*))?\Z",
    re.ASCII | re.DOTALL,
)
"""Tag, number, word; then the parts that only a status has: response code, its argument, text."""

_KINDS = {
    "UNAVAILABLE": FailureKind.TEMPORARY_REFUSAL,
    "SERVERBUG": FailureKind.TEMPORARY_REFUSAL,
    "INUSE": FailureKind.TEMPORARY_REFUSAL,
    "LIMIT": FailureKind.TEMPORARY_REFUSAL,  # too many connections of this user or address
}
"""Codes with the same meaning after every command (RFC 5530 section 3); that of others depends on the command."""


class Response(NamedTuple):
    """One response. `tag` is "*", "+" or that of a command; `word` is a status or the name of the data, in capitals.

    In a status, `code` is its response code in capitals with `argument`, and `text` is the text for people. In data,
    `argument` is the number before its name, or "", and `text` is the rest; literals in it are skipped.
    """

    tag: str
    word: str
    code: str
    argument: str
    text: str

    @property
    def warning_instead(self) -> CheckWarning | None:
        """The warning that NO amounts to if the server works and only does not open this mailbox now."""
        return warning_instead(self.code, self.text, str(self)) if self.word == "NO" else None

    def __str__(self) -> str:
        code = f"[{self.code}{' ' * bool(self.argument)}{self.argument}]" if self.code else ""
        return " ".join(part for part in (self.word, code, self.text) if part)


async def read_response(stream: LineStream, otherwise: FailureKind = FailureKind.PROTOCOL_ERROR) -> Response:
    """The next response. Raises CheckError of kind `otherwise` if the line is not a response."""
    line = stream.ready_line()
    if line is None:
        line = await stream.read_line()
    response = parse(line)
    if response is None:
        raise CheckError(otherwise, f"not an IMAP response: {printable(line[:_QUOTED])}")
    # Nothing that a check requests comes as a literal, but an unrequested mailbox or header may.
    if response.tag == "*" and response.word not in _STATUS:
        while found := _LITERAL.search(line):
            await stream.skip(int(found[1][:_MOST_DIGITS]))
            line = await stream.read_line()
    return response


@parse_cached(longest=1024)
def parse(line: bytes) -> Response | None:
    """The response that begins with `line`; None if no response begins so."""
    if b"\0" in line or b"\r" in line:
        return None
    found = _FRAME.match(printable(line))
    if found is None:
        # Some servers omit the space when nothing follows.
        return Response("+", "", "", "", printable(line[2:])) if line == b"+" or line.startswith(b"+ ") else None
    tag, number, name, code, argument, text = found.groups("")
    word = name.upper()
    if word in _STATUS:
        if number or (tag != "*" and word not in _TAGGED):
            return None
        return Response(tag, word, code.upper(), argument, text)
    return Response(tag, word, "", number, found.string[found.end(3) + 1 :]) if tag == "*" else None


class ImapRefusalError(CheckError):
    """A status that refuses a command; the result reports its response code."""

    def __init__(self, kind: FailureKind, response: Response, detail: str | None = None) -> None:
        super().__init__(kind, str(response) if detail is None else detail)
        self.response = response


def refusal(
    response: Response, refused: FailureKind, particular: Mapping[str, FailureKind] | None = None
) -> ImapRefusalError:
    """What a refusing status means: by its code, first in the `particular` codes of the command.

    Without a known code, temporary trouble is known by its words; else NO and BYE are `refused`, and everything else is
    a protocol error.
    """
    kind = (particular or {}).get(response.code) or _KINDS.get(response.code)
    if kind is None and kind_by_text(response.code, response.text) is FailureKind.TEMPORARY_REFUSAL:
        kind = FailureKind.TEMPORARY_REFUSAL
    if kind is None:
        kind = refused if response.word in ("NO", "BYE") else FailureKind.PROTOCOL_ERROR
    return ImapRefusalError(kind, response)
