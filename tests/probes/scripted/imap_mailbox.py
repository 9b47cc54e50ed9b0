"""IMAP servers after a login: mailboxes."""

from __future__ import annotations

from typing import Any

from shared.wire.targets import TlsMode
from tests.fakes.scripted_server import Hang, Raw, Reset, Script, Tls
from tests.probes.scripted import imap as plain
from tests.probes.scripted.case import Case, Expected, fails, passes
from tests.probes.scripted.imap_login import BYE, INBOX, OK, PLAIN_SENT, imap

_IN = (*PLAIN_SENT, OK)


def _mailbox(script: Script, expected: Expected, **target: Any) -> Case:
    return imap((*_IN, *script), expected, **target)


def _named(mailbox: str, spelt: str, *capabilities: str) -> Case:
    """A mailbox by its name, and how EXAMINE spells the name."""
    hello = f"S: A1 OK [CAPABILITY {' '.join(capabilities or ('IMAP4rev1',))}]"
    return imap((*PLAIN_SENT, hello, f"C: A2 EXAMINE {spelt}", *INBOX[1:], *BYE), passes(), mailbox=mailbox)


CASES: dict[str, Case] = {
    "counts amid other replies are counts": _mailbox(
        (
            INBOX[0],
            r"S: * FLAGS (\Answered \Deleted)",
            r"S: * OK [PERMANENTFLAGS (\*)] limited",
            "S: * 2 RECENT",
            "S: * OK [UNSEEN 8] first",
            Raw(b"* LIST () NIL {5}\r\na\r\nbc\r\n"),
            *INBOX[1:],
            *BYE,
        ),
        passes(),
    ),
    "an empty mailbox passes": _mailbox((INBOX[0], "S: * 0 EXISTS", INBOX[2], *BYE), passes()),
    "no count breaks the protocol": _mailbox((INBOX[0], INBOX[2], "C: A3 LOGOUT"), fails("protocol_error@mailbox")),
    "a count beyond all numbers breaks the protocol": _mailbox(
        (INBOX[0], f"S: * {'9' * 5000} EXISTS"), fails("protocol_error@mailbox")
    ),
    "a mailbox that is not there is missing": _mailbox(
        ('C: A2 EXAMINE "Sales"', "S: A2 NO [NONEXISTENT] what", "C: A3 LOGOUT"),
        fails("mailbox_missing@mailbox"),
        mailbox="Sales",
    ),
    "a mailbox refused without a code is missing": _mailbox(
        (INBOX[0], "S: A2 NO what", "C: A3 LOGOUT"), fails("mailbox_missing@mailbox")
    ),
    "a mailbox that is not for this user is missing": _mailbox(
        (INBOX[0], "S: A2 NO [NOPERM] not yours", "C: A3 LOGOUT"), fails("mailbox_missing@mailbox")
    ),
    "a mailbox in use is a warning": _mailbox((INBOX[0], "S: A2 NO [INUSE] wait", *BYE), passes("mailbox_busy")),
    "a mailbox on a disk that is away is temporary": _mailbox(
        (INBOX[0], "S: A2 NO [UNAVAILABLE] later", "C: A3 LOGOUT"), fails("temporary_refusal@mailbox")
    ),
    "BAD to EXAMINE breaks the protocol": _mailbox(
        (INBOX[0], "S: A2 BAD what", "C: A3 LOGOUT"), fails("protocol_error@mailbox")
    ),
    "BYE instead of a mailbox is temporary": _mailbox(
        (INBOX[0], "S: * BYE going down"), fails("temporary_refusal@mailbox")
    ),
    "silence after EXAMINE times out": _mailbox((INBOX[0], Hang()), fails("timeout@mailbox"), timeout=2.0),
    "a reset after EXAMINE is reset": _mailbox((INBOX[0], Reset()), fails("reset@mailbox")),
    "a name with quotes is quoted": _named(r'A "b" \c', r'"A \"b\" \\c"'),
    "a name beyond ASCII is in modified UTF-7": _named(
        "Entwürfe & 台北/日本語 😀", '"Entw&APw-rfe &- &U,BTFw-/&ZeVnLIqe- &2D3eAA-"'
    ),
    "a name is in UTF-8 where the server speaks only IMAP4rev2": _named(
        "Entwürfe & mehr", '"Entwürfe & mehr"', "IMAP4rev2"
    ),
    "a name is in UTF-8 where the server agrees": imap(
        (
            *PLAIN_SENT,
            "S: A1 OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT]",
            "C: A2 ENABLE UTF8=ACCEPT",
            "S: * ENABLED UTF8=ACCEPT",
            "S: A2 OK",
            'C: A3 EXAMINE "Entwürfe"',
            "S: * 1 EXISTS",
            "S: A3 OK",
            "C: A4 LOGOUT",
        ),
        passes(),
        mailbox="Entwürfe",
    ),
    "a mailbox of PREAUTH is read without a login": plain.imap(
        (
            Tls(),
            "S: * PREAUTH [CAPABILITY IMAP4rev1] hi",
            'C: A1 EXAMINE "INBOX"',
            "S: * 1 EXISTS",
            "S: A1 OK",
            "C: A2 LOGOUT",
        ),
        passes(),
        tls=TlsMode.IMPLICIT,
    ),
}
