"""Opens a mailbox read-only and reads its counts (RFC 9051 section 6.3.3), its name encoded as the server needs it."""

from __future__ import annotations

import re
from base64 import b64encode

from agent.errors import CheckError
from agent.probes.imap.replies import Response, refusal
from agent.probes.imap.session import Session, Word, astring
from shared.wire.failures import CheckWarning, FailureKind
from shared.wire.messages import Fact

_NAMES = {
    ("EXISTS", ""): "messages",
    ("RECENT", ""): "recent",
    ("OK", "UNSEEN"): "firstUnseen",
    ("OK", "UIDNEXT"): "uidNext",
    ("OK", "UIDVALIDITY"): "uidValidity",
}
"""The names of the counts in results, by word and code of the response that holds them."""

_TO_ENCODE = re.compile(r"[^\x20-\x7e]+|&")


async def examine(session: Session, name: Word, *, and_log_out: bool) -> tuple[dict[str, Fact], list[CheckWarning]]:
    """The counts of the mailbox with this `encoded` name, without changing anything in it. `and_log_out`: send LOGOUT
    in the same packet, unless the name is a literal. Raises CheckError.

    A mailbox that is in use or full is only a warning, because the server works.
    """
    if and_log_out and isinstance(name, bytes):
        reply = await session.last_command(b"EXAMINE " + name)
    else:
        reply = await session.command(b"EXAMINE", name)
    if warning := reply.status.warning_instead:
        return {}, [warning]
    if not reply.ok:
        # NO without a code means "no such mailbox, can't access mailbox" as well (RFC 3501 section 6.3.2).
        raise refusal(reply.status, FailureKind.MAILBOX_MISSING)
    facts = _counts(reply.data)
    if "messages" not in facts:
        raise CheckError(FailureKind.PROTOCOL_ERROR, "EXAMINE without a number of messages")
    return facts, []


def _counts(data: list[Response]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for response in data:
        name = _NAMES.get((response.word, response.code))
        if name is not None and _is_number(response.argument):
            facts[name] = int(response.argument)
    return facts


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


async def encoded(session: Session, mailbox: str) -> Word:
    """The name in UTF-8 if the server accepts it (RFC 6855, or IMAP4rev2 only), else in modified UTF-7."""
    capabilities = session.capabilities or frozenset()
    if "UTF8=ONLY" in capabilities or ("UTF8=ACCEPT" in capabilities and not mailbox.isascii()):
        reply = await session.command(b"ENABLE UTF8=ACCEPT")
        if not reply.ok:
            raise refusal(reply.status, FailureKind.PROTOCOL_ERROR)
        return astring(mailbox, utf8=True)
    if "IMAP4REV2" in capabilities and "IMAP4REV1" not in capabilities:
        return astring(mailbox, utf8=True)
    return astring(modified_utf7(mailbox))


def modified_utf7(name: str) -> str:
    """A mailbox name as IMAP4rev1 encodes it (RFC 3501 section 5.1.3)."""
    return _TO_ENCODE.sub(_encoded_part, name)


def _encoded_part(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    return "&" + b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
