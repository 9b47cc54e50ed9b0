"""Servers that hold their clients up, wait for something that a check does not send, or have very much to count."""

from __future__ import annotations

from shared.wire.targets import Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.scripted_server import Hang, Pause, Pieces, Raw, Receive, Script
from tests.probes.scripted import pop3, smtp
from tests.probes.scripted.case import Case, Expected, case, fails, passes
from tests.probes.scripted.imap_login import BYE, INBOX, OK, PLAIN_SENT, imap
from tests.probes.scripted.pop3_login import STAT

_SHORT = 2.0
_LATE = Pause(0.1)
_KINDS: dict[str, type[Target]] = {"SMTP": SmtpTarget, "IMAP": ImapTarget, "POP3": Pop3Target}
_FIRST_WORDS = {"SMTP": "220 ", "IMAP": "* OK ", "POP3": "+OK "}


def _late(script: Script) -> Script:
    """The same server, which sends each line late."""
    return tuple(step for line in script for step in ((_LATE, line) if str(line).startswith("S: ") else (line,)))


def _counted(*lines: str) -> Script:
    return (*PLAIN_SENT, OK, INBOX[0], *lines, INBOX[-1], *BYE)


_TARPITS: dict[str, Case] = {
    **{
        f"a tarpit that greets byte by byte times out over {kind}": case(
            _KINDS[kind], (Pieces(words + "welcome " * 20, 0.05), Hang()), fails("timeout@greeting"), timeout=_SHORT
        )
        for kind, words in _FIRST_WORDS.items()
    },
    "a tarpit that answers each command late passes as slow over SMTP": case(
        SmtpTarget, _late((*smtp.OPEN, *smtp.BYE)), passes("slow"), login=None, warning_ms=150
    ),
    "a tarpit that answers each command late passes as slow over POP3": case(
        Pop3Target,
        _late((*pop3.CAPA_SENT, "S: +OK", "S: .", *pop3.BYE)),
        passes("slow"),
        login=None,
        warning_ms=150,
    ),
    "a tarpit that lists its capabilities byte by byte times out": case(
        SmtpTarget, (*smtp.HELLO, Pieces("250-" + "welcome " * 20, 0.05), Hang()), fails("timeout@ehlo"), timeout=_SHORT
    ),
}

_PROXIES: dict[str, Case] = {
    **{
        f"{kind} that expects the PROXY protocol and gives up is closed": case(
            target, (Pause(0.3),), fails("closed@greeting")
        )
        for kind, target in _KINDS.items()
    },
    "SMTP that expects the PROXY protocol and waits times out": case(
        SmtpTarget, (Hang(),), fails("timeout@greeting"), timeout=_SHORT
    ),
    "SMTP that expects the PROXY protocol and says so is temporary": case(
        SmtpTarget, (_LATE, "S: 421 4.3.2 No system resources"), fails("temporary_refusal@greeting")
    ),
    "TLS that expects the PROXY protocol is closed": case(
        ImapTarget, (Receive(), _LATE), fails("closed@tls"), tls=TlsMode.IMPLICIT
    ),
}


def _pop3(counts: str, expected: Expected) -> Case:
    return pop3.secure((*STAT, f"S: +OK {counts}", *pop3.BYE), expected)


_MILLIONS: dict[str, Case] = {
    "a million messages pass over IMAP": imap(
        _counted("S: * 1000000 EXISTS", "S: * OK [UIDNEXT 4294967295] next"), passes()
    ),
    "a million messages pass over POP3": _pop3("1000000 75000000000", passes()),
    "a million messages that take long to count are waited for": pop3.secure(
        (*STAT, Pause(1.0), "S: +OK 1000000 75000000000", *pop3.BYE), passes()
    ),
    "a server that sends a million messages unrequested is too long": imap(
        (*PLAIN_SENT, OK, INBOX[0], Raw(b"* 1 FETCH (FLAGS (\\Seen))\r\n" * 1000, 1000)),
        fails("reply_too_long@mailbox"),
    ),
}

CASES: dict[str, Case] = {**_TARPITS, **_PROXIES, **_MILLIONS}
