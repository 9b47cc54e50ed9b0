"""IMAP servers up to TLS: greetings, capabilities, STARTTLS and certificates."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from tests.fakes.certificates import HOST
from tests.fakes.scripted_server import Hang, Pieces, Raw, Receive, Reset, Tls
from tests.probes.scripted.case import Case, case, fails, passes

imap = partial(case, ImapTarget)
anonymous = partial(imap, login=None)
NONE, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.REQUIRED, TlsMode.IMPLICIT

GREETING = ("S: * OK ready",)
HELLO = (*GREETING, "C: A1 CAPABILITY")
OPEN = (*HELLO, "S: * CAPABILITY IMAP4rev1", "S: A1 OK done")
BYE = ("C: A2 LOGOUT", "S: * BYE see you", "S: A2 OK done")
OFFER = (*HELLO, "S: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "S: A1 OK done")
STARTTLS = (*OFFER, "C: A2 STARTTLS")
SECURED = (*STARTTLS, "S: A2 OK go", Tls(), "C: A3 CAPABILITY")
SECURED_BYE = ("S: * CAPABILITY IMAP4rev1", "S: A3 OK", "C: A4 LOGOUT", "S: * BYE", "S: A4 OK")
INTERNAL_ERROR = Raw(b"\x15\x03\x03\x00\x02\x02\x50")
"""A fatal TLS alert instead of an answer to the handshake (RFC 8446 section 6.2)."""

_GREETING: dict[str, Case] = {
    "a plain server passes": anonymous((*OPEN, *BYE), passes()),
    "a greeting in single bytes passes": anonymous(
        (Pieces("* OK " + "welcome " * 20), *OPEN[1:], *BYE),
        passes(),
    ),
    "capabilities in the greeting are not requested again": anonymous(
        ("S: * OK [CAPABILITY IMAP4rev1 IDLE] hi", "C: A1 LOGOUT", "S: * BYE", "S: A1 OK"), passes()
    ),
    "keywords in small letters are understood": anonymous(
        ("S: * ok hi", "C: A1 CAPABILITY", "S: * capability imap4rev1", "S: A1 ok", *BYE), passes()
    ),
    "lines that end in LF alone are read": anonymous(
        (Raw(b"* OK x\n"), "C: A1", Raw(b"* CAPABILITY IMAP4rev2\nA1 OK\n"), *BYE), passes()
    ),
    "a server that is authenticated already passes": anonymous(
        ("S: * PREAUTH [CAPABILITY IMAP4rev1] hi", "C: A1 LOGOUT", "S: * BYE", "S: A1 OK"), passes()
    ),
    "closing at once is closed": imap((), fails("closed@greeting")),
    "a reset instead of a greeting is reset": imap((Reset(),), fails("reset@greeting")),
    "half a greeting is closed": imap((Raw(b"* OK he"),), fails("closed@greeting")),
    "BYE as a greeting is a policy refusal": imap(("S: * BYE not you",), fails("policy_refusal@greeting")),
    "an alert in BYE as a greeting is a policy refusal": imap(
        ("S: * BYE [ALERT] you are banned",), fails("policy_refusal@greeting")
    ),
    "BYE because of an internal error is temporary": imap(
        ("S: * BYE [UNAVAILABLE] come again",), fails("temporary_refusal@greeting")
    ),
    "NO as a greeting is invalid": imap(("S: * NO hello", "C: A1 LOGOUT"), fails("greeting_invalid@greeting")),
    "a tagged greeting is invalid": imap(("S: A1 OK hello", "C: A1 LOGOUT"), fails("greeting_invalid@greeting")),
    "SMTP's greeting is invalid": imap(("S: 220 mail.test ESMTP", "C: A1 LOGOUT"), fails("greeting_invalid@greeting")),
    "POP3's greeting is invalid": imap(("S: +OK ready", "C: A1 LOGOUT"), fails("greeting_invalid@greeting")),
    "a web server's greeting is invalid": imap(
        ("S: HTTP/1.1 400 Bad Request", "C: A1 LOGOUT"), fails("greeting_invalid@greeting")
    ),
    "a NUL in the greeting is invalid": imap((Raw(b"* OK a\0b\r\n"), "C: A1"), fails("greeting_invalid@greeting")),
    "noise is invalid": imap((Raw(bytes(range(256))), "C: A1 LOGOUT"), fails("greeting_invalid@greeting")),
    "a line of 10 MB is too long": imap((Raw(b"x" * 65536, 160),), fails("reply_too_long@greeting")),
    "silence after connect times out": imap((Hang(),), fails("timeout@greeting"), timeout=2.0),
}

_CAPABILITIES: dict[str, Case] = {
    "untagged replies in between are read": anonymous(
        (
            *HELLO,
            "S: * OK [ALERT] the disk is nearly full",
            "S: * 23 EXISTS",
            "S: * XSERVER (something new)",
            "S: * NO the backup is late",
            "S: * CAPABILITY IMAP4rev1",
            "S: A1 OK",
            *BYE,
        ),
        passes("server_alert"),
    ),
    "an alert in the greeting is a warning": anonymous(
        ("S: * OK [ALERT] System shutdown in 10 minutes", "C: A1 CAPABILITY", *OPEN[2:], *BYE), passes("server_alert")
    ),
    "an alert at the end is a warning": anonymous(
        (*OPEN, "C: A2 LOGOUT", "S: * BYE [ALERT] closed for good tomorrow", "S: A2 OK"), passes("server_alert")
    ),
    "literals in between are skipped": anonymous(
        (
            *HELLO,
            Raw(b'* LIST () "/" {9}\r\nA1 BAD {3}\r\n'),
            Raw(b"* 1 FETCH (BODY[TEXT] {7}\r\nA1 OK\r\n FLAGS ({0}\r\n))\r\n"),
            *OPEN[2:],
            *BYE,
        ),
        passes(),
    ),
    "braces in text for people are no literal": anonymous(
        (*GREETING, "C: A1", "S: * OK you have mail {5}", *OPEN[2:], *BYE), passes()
    ),
    "a literal beyond all bounds is too long": imap(
        (*HELLO, "S: * LIST () x {999999999999999999999999}", "S: "), fails("reply_too_long@capabilities")
    ),
    "many literals are too long": imap(
        (*HELLO, *(Raw(b"* LIST () x {60000}\r\n" + b"x" * 60000 + b"\r\n"),) * 5), fails("reply_too_long@capabilities")
    ),
    "a literal cut short is closed": imap((*HELLO, Raw(b"* LIST () x {50}\r\nabc")), fails("closed@capabilities")),
    "a literal that never comes times out": imap(
        (*HELLO, "S: * LIST () x {50}", Hang()), fails("timeout@capabilities"), timeout=2.0
    ),
    "lines without end are too long": imap((*HELLO, Raw(b"* 1 EXISTS\r\n", 600)), fails("reply_too_long@capabilities")),
    "capabilities may come with the tagged reply": anonymous(
        (*HELLO, "S: A1 OK [CAPABILITY IMAP4rev1] done", *BYE), passes()
    ),
    "a server that names no version of IMAP breaks the protocol": imap(
        (*HELLO, "S: * CAPABILITY IDLE", "S: A1 OK", "C: A2 LOGOUT"), fails("protocol_error@capabilities")
    ),
    "a server that reports no capabilities breaks the protocol": imap(
        (*HELLO, "S: A1 OK done", "C: A2 LOGOUT"), fails("protocol_error@capabilities")
    ),
    "BAD breaks the protocol": imap((*HELLO, "S: A1 BAD what", "C: A2"), fails("protocol_error@capabilities")),
    "NO because of an internal error is temporary": imap(
        (*HELLO, "S: A1 NO [UNAVAILABLE] later", "C: A2"), fails("temporary_refusal@capabilities")
    ),
    "garbage breaks the protocol": imap((*HELLO, "S: hello"), fails("protocol_error@capabilities")),
    "an empty line breaks the protocol": imap((*HELLO, "S: "), fails("protocol_error@capabilities")),
    "a NUL breaks the protocol": imap((*HELLO, Raw(b"* CAPA\0BILITY\r\n")), fails("protocol_error@capabilities")),
    "an answer to another command breaks the protocol": imap(
        (*HELLO, "S: A7 OK done"), fails("protocol_error@capabilities")
    ),
    "a tagged BYE breaks the protocol": imap((*HELLO, "S: A1 BYE"), fails("protocol_error@capabilities")),
    "a continuation request out of place breaks the protocol": imap(
        (*HELLO, "S: + go on"), fails("protocol_error@capabilities")
    ),
    "BYE amid the dialogue is temporary": imap(
        (*HELLO, "S: * BYE going down"), fails("temporary_refusal@capabilities")
    ),
    "BYE amid the dialogue, then nothing, is temporary": imap(
        (*HELLO, "S: * BYE going down", Hang()), fails("temporary_refusal@capabilities")
    ),
    "BYE with an alert amid the dialogue is a policy refusal": imap(
        (*HELLO, "S: * BYE [ALERT] too many connections from you"), fails("policy_refusal@capabilities")
    ),
    "closing after CAPABILITY is closed": imap(HELLO, fails("closed@capabilities")),
    "a reset after CAPABILITY is reset": imap((*HELLO, Reset()), fails("reset@capabilities")),
    "silence after CAPABILITY times out": imap((*HELLO, Hang()), fails("timeout@capabilities"), timeout=2.0),
    "a server that closes instead of answering LOGOUT passes": anonymous((*OPEN, "C: A2 LOGOUT"), passes()),
    "a server that resets instead of answering LOGOUT passes": anonymous((*OPEN, "C: A2 LOGOUT", Reset()), passes()),
    "garbage after LOGOUT breaks the protocol": anonymous(
        (*OPEN, "C: A2 LOGOUT", "S: bye"), fails("protocol_error@quit")
    ),
    "silence after LOGOUT is a warning": anonymous(
        (*OPEN, "C: A2 LOGOUT", Hang()), passes("quit_unanswered"), timeout=2.0
    ),
    "silence after BYE is a warning": anonymous(
        (*OPEN, "C: A2 LOGOUT", "S: * BYE", Hang()), passes("quit_unanswered"), timeout=2.0
    ),
}

_STARTTLS: dict[str, Case] = {
    "STARTTLS is used when offered": anonymous((*SECURED, *SECURED_BYE), passes()),
    "STARTTLS is not used when the user chose none": anonymous((*OFFER, *BYE), passes(), tls=NONE),
    "capabilities sent with the go-ahead do not count": anonymous(
        (*STARTTLS, "S: A2 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] go", *SECURED[6:], *SECURED_BYE), passes()
    ),
    "STARTTLS required but stripped fails": anonymous(
        (*OPEN, "C: A2 LOGOUT"), fails("starttls_missing@starttls"), tls=REQUIRED
    ),
    "no password goes in clear when STARTTLS is stripped": imap(
        (*HELLO, "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN", "S: A1 OK", "C: A2 LOGOUT"), fails("starttls_missing@starttls")
    ),
    "PREAUTH leaves no STARTTLS where it is required": anonymous(
        ("S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi", "C: A1 LOGOUT"),
        fails("starttls_missing@starttls"),
        tls=REQUIRED,
    ),
    "PREAUTH leaves no STARTTLS where a mailbox is to be read": imap(
        ("S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi", "C: A1 LOGOUT"), fails("starttls_missing@starttls")
    ),
    "STARTTLS offered then refused goes on with a warning": anonymous(
        (*STARTTLS, "S: A2 NO not now", "C: A3 LOGOUT", "S: * BYE", "S: A3 OK"), passes("starttls_refused")
    ),
    "STARTTLS offered then unknown goes on with a warning": anonymous(
        (*STARTTLS, "S: A2 BAD what", "C: A3 LOGOUT", "S: * BYE", "S: A3 OK"), passes("starttls_refused")
    ),
    "STARTTLS required but refused fails": anonymous(
        (*STARTTLS, "S: A2 NO not now", "C: A3 LOGOUT"), fails("starttls_refused@starttls"), tls=REQUIRED
    ),
    "no password goes in clear when STARTTLS is refused": imap(
        (*STARTTLS, "S: A2 NO not now", "C: A3 LOGOUT"), fails("starttls_refused@starttls")
    ),
    "BYE instead of the go-ahead is temporary": imap(
        (*STARTTLS, "S: * BYE going down"), fails("temporary_refusal@starttls")
    ),
    "text in clear after the go-ahead is an injection": imap(
        (*STARTTLS, Raw(b"A2 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"), "C: A3 LOGOUT"),
        fails("starttls_injection@starttls"),
    ),
    "plain text instead of a handshake fails": imap(
        (*STARTTLS, "S: A2 OK go", Receive(), "S: * OK hello"), fails("tls_handshake@tls")
    ),
    "a TLS alert instead of a handshake fails": imap(
        (*STARTTLS, "S: A2 OK go", Receive(), INTERNAL_ERROR), fails("tls_handshake@tls")
    ),
    "closing instead of a handshake is closed": imap((*STARTTLS, "S: A2 OK go"), fails("closed@tls")),
    "silence after STARTTLS times out": imap((*STARTTLS, Hang()), fails("timeout@starttls"), timeout=2.0),
    "a reset after STARTTLS is reset": imap((*STARTTLS, Reset()), fails("reset@starttls")),
    "silence after the go-ahead times out": imap((*STARTTLS, "S: A2 OK go", Hang()), fails("timeout@tls"), timeout=2.0),
    "implicit TLS passes": anonymous((Tls(), *OPEN, *BYE), passes(), tls=IMPLICIT, host=HOST),
    "plain text on the TLS port fails": imap((*GREETING, Hang()), fails("tls_handshake@tls"), tls=IMPLICIT),
    "silence on the TLS port times out": imap((Hang(),), fails("timeout@tls"), tls=IMPLICIT, timeout=2.0),
    "a bad certificate on opportunistic STARTTLS is a warning": anonymous(
        (*STARTTLS, "S: A2 OK go", Tls("expired"), "C: A3 CAPABILITY", *SECURED_BYE), passes("certificate_invalid")
    ),
    "a bad certificate with a login fails, and the password is not sent": imap(
        (*STARTTLS, "S: A2 OK go", Tls("wrong host"), "C: A3 LOGOUT"), fails("certificate_wrong_host@tls")
    ),
    "a bad certificate passes where it is not verified": anonymous(
        (Tls("self-signed"), *OPEN, *BYE), passes(), tls=IMPLICIT, verify_certificate=False
    ),
    "a login that is offered before TLS warns those who require TLS": anonymous(
        (
            *HELLO,
            "S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN",
            "S: A1 OK",
            "C: A2 STARTTLS",
            *SECURED[5:],
            *SECURED_BYE,
        ),
        passes("login_offered_unencrypted"),
        tls=REQUIRED,
    ),
}

CASES = _GREETING | _CAPABILITIES | _STARTTLS
