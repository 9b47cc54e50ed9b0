"""IMAP servers after TLS: logins and mailboxes."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import Any

from shared.wire.targets import TlsMode
from tests.fakes.scripted_server import Hang, Pause, Raw, Reset, Script, Tell, Tls
from tests.probes.zoo import imap as plain
from tests.probes.zoo.case import (
    CHALLENGE_64,
    CRAM_MD5,
    PASSWORD,
    PASSWORD_64,
    PLAIN,
    USER,
    USER_64,
    XOAUTH2,
    Case,
    Expected,
    fails,
    passes,
)

imap = partial(plain.imap, tls=TlsMode.IMPLICIT)

UTF8 = PASSWORD.encode()
INBOX = ('C: A2 EXAMINE "INBOX"', "S: * 3 EXISTS", "S: A2 OK [READ-ONLY] done")
BYE = ("C: A3 LOGOUT", "S: * BYE", "S: A3 OK")
OK = "S: A1 OK [CAPABILITY IMAP4rev1] hello"
END = (OK, *INBOX, *BYE)


def offering(*names: str) -> Script:
    """A server under TLS that greets with these capabilities."""
    return (Tls(), f"S: * OK [CAPABILITY IMAP4rev1 {' '.join(names)}] hi")


_PLAIN = (*offering("SASL-IR", "AUTH=PLAIN", "AUTH=LOGIN"), "C: A1 AUTHENTICATE PLAIN " + PLAIN)
_COMMAND = offering("SASL-IR", "LITERAL+")
_CRAM = (*offering("SASL-IR", "AUTH=PLAIN", "AUTH=CRAM-MD5"), "C: A1 AUTHENTICATE CRAM-MD5", "S: + " + CHALLENGE_64)
_FALL_BACK = (*_CRAM, "C: " + CRAM_MD5, "S: A1 NO no", "C: A2 AUTHENTICATE PLAIN " + PLAIN)
_TOKEN = (*offering("SASL-IR", "AUTH=XOAUTH2", "AUTH=PLAIN"), "C: A1 AUTHENTICATE XOAUTH2 " + XOAUTH2)


def _refused(status: str, expected: str) -> Case:
    """A login that ends so."""
    return imap((*_PLAIN, f"S: {status}", "C: A2 LOGOUT"), fails(expected))


_MECHANISMS: dict[str, Case] = {
    "PLAIN goes with the command where the server takes it": imap((*_PLAIN, *END), passes()),
    "PLAIN waits for the question elsewhere": imap(
        (*offering("AUTH=PLAIN"), "C: A1 AUTHENTICATE PLAIN", "S: + ", "C: " + PLAIN, *END), passes()
    ),
    "a question without a space is a question": imap(
        (*offering("AUTH=PLAIN"), "C: A1 AUTHENTICATE PLAIN", "S: +", "C: " + PLAIN, *END), passes()
    ),
    "PLAIN asked for again is said again": imap((*_PLAIN, "S: + ", "C: " + PLAIN, *END), passes()),
    "PLAIN asked for without end breaks the protocol": imap(
        (*_PLAIN, "S: + ", "C: " + PLAIN, "S: + ", "C: *", "S: A1 BAD called off", "C: A2 LOGOUT"),
        fails("protocol_error@auth"),
    ),
    "LOGIN answers two questions": imap(
        (
            *offering("SASL-IR", "AUTH=LOGIN"),
            "C: A1 AUTHENTICATE LOGIN",
            "S: + VXNlciBOYW1lAA==",
            "C: " + USER_64,
            "S: + UGFzc3dvcmQA",
            "C: " + PASSWORD_64,
            *END,
        ),
        passes(),
    ),
    "CRAM-MD5 is tried first": imap((*_CRAM, "C: " + CRAM_MD5, *END), passes()),
    "CRAM-MD5 refused is followed by the next, once": imap(
        (*_FALL_BACK, "S: A2 OK [CAPABILITY IMAP4rev1]", 'C: A3 EXAMINE "INBOX"', "S: * 0 EXISTS", "S: A3 OK", "C: A4"),
        passes(),
    ),
    "CRAM-MD5 and the next refused is refused": imap(
        (*_FALL_BACK, "S: A2 NO no", "C: A3 LOGOUT"), fails("login_refused@auth")
    ),
    "CRAM-MD5 refused and hung up on is refused": imap(_FALL_BACK, fails("login_refused@auth")),
    "CRAM-MD5 when logins are down is not followed": imap(
        (*_CRAM, "C: " + CRAM_MD5, "S: A1 NO [UNAVAILABLE] later", "C: A2 LOGOUT"), fails("login_unavailable@auth")
    ),
    "a challenge not in base64 breaks the protocol": imap(
        (*_CRAM[:-1], "S: + <not base64>", "C: *", "S: A1 BAD called off", "C: A2 LOGOUT"), fails("protocol_error@auth")
    ),
    "an access token goes by XOAUTH2": imap((*_TOKEN, *END), passes(), bearer=True),
    "an access token that is refused with a reason is refused": imap(
        (*_TOKEN, "S: + eyJzdGF0dXMiOiI0MDAifQ==", "C: ", "S: A1 NO [AUTHENTICATIONFAILED] no", "C: A2 LOGOUT"),
        fails("login_refused@auth"),
        bearer=True,
    ),
    "an access token is never said as a password": imap(
        (*_COMMAND, "C: A1 LOGOUT"), fails("login_mechanism_missing@auth"), bearer=True
    ),
    "no common mechanism and LOGINDISABLED is missing": imap(
        (*offering("LOGINDISABLED", "AUTH=GSSAPI"), "C: A1 LOGOUT"), fails("login_mechanism_missing@auth")
    ),
    "what was offered before TLS does not count": plain.imap(
        (
            *plain.HELLO,
            "S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LOGINDISABLED",
            "S: A1 OK",
            "C: A2 STARTTLS",
            "S: A2 OK go",
            Tls(),
            "C: A3 CAPABILITY",
            "S: * CAPABILITY IMAP4rev1 LOGINDISABLED",
            "S: A3 OK",
            "C: A4 LOGOUT",
        ),
        fails("login_mechanism_missing@auth"),
    ),
    "capabilities are asked for again after a login that tells none": imap(
        (
            *_PLAIN,
            "S: A1 OK hello",
            "C: A2 CAPABILITY",
            "S: * CAPABILITY IMAP4rev1",
            "S: A2 OK",
            'C: A3 EXAMINE "INBOX"',
            "S: * 0 EXISTS",
            "S: A3 OK",
            "C: A4 LOGOUT",
        ),
        passes(),
    ),
}


def _login(script: Script, user: str, password: str, expected: Expected | None = None) -> Case:
    return imap(script, expected or passes(), login=(user, password))


_SPELLING: dict[str, Case] = {
    "a password with quotes and backslashes is quoted": _login(
        (*_COMMAND, r'C: A1 LOGIN "al ice" "a\\b\"c{1}"', *END), "al ice", r'a\b"c{1}'
    ),
    "a password beyond ASCII is a literal": _login(
        (*_COMMAND, f'C: A1 LOGIN "alice" {{{len(UTF8)}+}}', "C: " + PASSWORD, *END), "alice", PASSWORD
    ),
    "a literal waits for the question where it must": _login(
        (*offering(), f'C: A1 LOGIN "alice" {{{len(UTF8)}}}', "S: + go on", "C: " + PASSWORD, *END), "alice", PASSWORD
    ),
    "a small literal does not wait where it need not": _login(
        (*offering("LITERAL-"), f'C: A1 LOGIN "alice" {{{len(UTF8)}+}}', "C: " + PASSWORD, *END), "alice", PASSWORD
    ),
    "user and password may both be literals": _login(
        (*offering(), "C: A1 LOGIN {6}", "S: + ", "C: älice {7}", "S: + ", "C: sécret", *END), "älice", "sécret"
    ),
    "a line end in a password is no command": _login(
        (*offering(), 'C: A1 LOGIN "alice" {12}', "S: +", "C: x", "C: A9 DELETE", *END), "alice", "x\r\nA9 DELETE"
    ),
    "a long password is a literal": _login(
        (*_COMMAND, 'C: A1 LOGIN "alice" {600+}', "C: " + "p" * 600, *END), "alice", "p" * 600
    ),
    "a literal that is refused is a refusal": _login(
        (*offering(), 'C: A1 LOGIN "alice" {', "S: A1 NO no literals", "C: A2 LOGOUT"),
        "alice",
        PASSWORD,
        fails("login_refused@auth"),
    ),
    "a NUL goes by no command of IMAP": _login(
        (*offering("AUTH=PLAIN"), "C: A1 LOGOUT"), "alice", "a\0b4711", fails("agent_error@auth", "agent")
    ),
}

_REFUSALS: dict[str, Case] = {
    "a wrong password is refused": _refused("A1 NO [AUTHENTICATIONFAILED] no", "login_refused@auth"),
    "a wrong password without a code is refused": _refused("A1 NO no", "login_refused@auth"),
    "a login that may not is refused": _refused("A1 NO [AUTHORIZATIONFAILED] no", "login_refused@auth"),
    "a password that has expired is refused": _refused("A1 NO [EXPIRED] no", "login_refused@auth"),
    "a login to be talked about is refused": _refused("A1 NO [CONTACTADMIN] call us", "login_refused@auth"),
    "an alert with a refusal is a refusal": _refused("A1 NO [ALERT] use the web", "login_refused@auth"),
    "a login server that is away is unavailable": _refused("A1 NO [UNAVAILABLE] later", "login_unavailable@auth"),
    "a login server that broke is unavailable": _refused("A1 NO [SERVERBUG] oops", "login_unavailable@auth"),
    "too many connections are temporary": _refused("A1 NO [LIMIT] too many", "temporary_refusal@auth"),
    "a mechanism that wants privacy is missing": _refused("A1 NO [PRIVACYREQUIRED]", "login_mechanism_missing@auth"),
    "BAD to a login breaks the protocol": _refused("A1 BAD what", "protocol_error@auth"),
    "BYE to a login is temporary": imap((*_PLAIN, "S: * BYE going down"), fails("temporary_refusal@auth")),
    "BYE before the refusal of a login is a refusal": imap(
        (*_PLAIN, "S: * BYE bye", Pause(0.02), "S: A1 NO [AUTHENTICATIONFAILED] no"), fails("login_refused@auth")
    ),
    "BYE before the acceptance of a login is temporary": imap(
        (*_PLAIN, "S: * BYE bye", OK), fails("temporary_refusal@auth")
    ),
    "a server that says the password back does not show it": imap(
        (*_PLAIN, Tell("A1 NO what is "), "C: A2 LOGOUT"), fails("login_refused@auth")
    ),
    "a server that knows the password does not show it": imap(
        (*_PLAIN, f"S: A1 NO [ALERT] {USER} {PASSWORD} {PASSWORD_64} {PLAIN} is wrong", "C: A2 LOGOUT"),
        fails("login_refused@auth"),
    ),
    "a server that asks with the password does not show it": imap(
        (*_CRAM[:-1], "S: + " + b64encode(UTF8).decode(), "C: ", "S: A1 BAD no", "C: A2 LOGOUT"),
        fails("protocol_error@auth"),
    ),
    "silence after a login times out": imap((*_PLAIN, Hang()), fails("timeout@auth"), timeout=2.0),
    "a reset after a login is reset": imap((*_PLAIN, Reset()), fails("reset@auth")),
    "closing after a login is closed": imap(_PLAIN, fails("closed@auth")),
    "a login without TLS warns where the user chose so": plain.imap(
        (*offering("SASL-IR", "AUTH=PLAIN")[1:], "C: A1 AUTHENTICATE PLAIN " + PLAIN, *END),
        passes("login_unencrypted"),
        tls=TlsMode.NONE,
    ),
}

_IN = (*_PLAIN, OK)


def _mailbox(script: Script, expected: Expected, **target: Any) -> Case:
    return imap((*_IN, *script), expected, **target)


def _named(mailbox: str, spelt: str, *capabilities: str) -> Case:
    """A mailbox by its name, and how the server is told it."""
    hello = f"S: A1 OK [CAPABILITY {' '.join(capabilities or ('IMAP4rev1',))}]"
    return imap((*_PLAIN, hello, f"C: A2 EXAMINE {spelt}", *INBOX[1:], *BYE), passes(), mailbox=mailbox)


_MAILBOXES: dict[str, Case] = {
    "counts amid other words are counts": _mailbox(
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
    "a name of IMAP4rev2 alone is in UTF-8": _named("Entwürfe & mehr", '"Entwürfe & mehr"', "IMAP4rev2"),
    "a name is in UTF-8 where the server agrees": imap(
        (
            *_PLAIN,
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

CASES = _MECHANISMS | _SPELLING | _REFUSALS | _MAILBOXES
