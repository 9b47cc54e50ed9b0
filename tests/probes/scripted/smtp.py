"""SMTP servers up to TLS: greetings, EHLO, STARTTLS and certificates."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import HOST
from tests.fakes.context import CLIENT_NAME
from tests.fakes.scripted_server import Hang, Pause, Pieces, Raw, Receive, Reset, Tls
from tests.probes.scripted.case import Case, case, fails, passes

smtp = partial(case, SmtpTarget)
anonymous = partial(smtp, login=None)
NONE, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.REQUIRED, TlsMode.IMPLICIT

GREETING = ("S: 220 mail.test ESMTP",)
HELLO = (*GREETING, "C: EHLO " + CLIENT_NAME)
OPEN = (*HELLO, "S: 250-mail.test", "S: 250 SIZE 1000")
BYE = ("C: QUIT", "S: 221 bye")
STARTTLS = (*HELLO, "S: 250-mail.test", "S: 250 STARTTLS", "C: STARTTLS")
SECURED = (*STARTTLS, "S: 220 go", Tls(), "C: EHLO")
INTERNAL_ERROR = Raw(b"\x15\x03\x03\x00\x02\x02\x50")
"""A fatal TLS alert instead of an answer to the handshake (RFC 8446 section 6.2)."""

_PLAIN: dict[str, Case] = {
    "a plain server passes": anonymous((*OPEN, *BYE), passes()),
    "a greeting of many lines passes": anonymous(
        ("S: 220-one", "S: 220-two", "S: 220 three", *OPEN[1:], *BYE), passes()
    ),
    "a greeting in 200 pieces passes": anonymous(
        (Pieces("220-" + "welcome " * 20), Pieces("220 and good day to you"), *OPEN[1:], *BYE), passes()
    ),
    "a greeting of many lines that takes six seconds is waited for": anonymous(
        (*("S: 220-wait", Pause(2.0)) * 3, "S: 220 now", *OPEN[1:], *BYE), passes(), timeout=10
    ),
    "a bare code is a reply": anonymous(("S: 220", "C: EHLO", "S: 250", *BYE), passes()),
    "lines that end in LF alone are read": anonymous(
        (Raw(b"220 x\n"), "C: EHLO", Raw(b"250-x\n250 SIZE\n"), *BYE), passes()
    ),
    "a server without EHLO passes with HELO": anonymous(
        (*HELLO, "S: 502 what?", "C: HELO " + CLIENT_NAME, "S: 250 hi", *BYE), passes()
    ),
    "EHLO sends the name that the monitor gives": anonymous(
        (*GREETING, "C: EHLO shop.example.test", "S: 502 what?", "C: HELO shop.example.test", "S: 250 hi", *BYE),
        passes(),
        ehlo_name="shop.example.test",
    ),
    "a server that closes instead of answering QUIT passes": anonymous((*OPEN, "C: QUIT"), passes()),
    "a server that resets instead of answering QUIT passes": anonymous((*OPEN, "C: QUIT", Reset()), passes()),
    "an empty EHLO line is no capability": anonymous(
        (*HELLO, "S: 250-mail.test", "S: 250- ", "S: 250 SIZE", *BYE), passes()
    ),
}

_GREETING: dict[str, Case] = {
    "closing at once is closed": smtp((), fails("closed@greeting")),
    "a reset instead of a greeting is reset": smtp((Reset(),), fails("reset@greeting")),
    "half a greeting is closed": smtp((Raw(b"220 he"),), fails("closed@greeting")),
    "a 554 greeting is a policy refusal": smtp(("S: 554 go away", "C: QUIT"), fails("policy_refusal@greeting")),
    "a 521 greeting is a policy refusal": smtp(("S: 521 no mail here", "C: QUIT"), fails("policy_refusal@greeting")),
    "a 421 greeting is temporary": smtp(("S: 421 busy", "C: QUIT"), fails("temporary_refusal@greeting")),
    "a 450 greeting is temporary": smtp(("S: 450 4.3.2 later", "C: QUIT"), fails("temporary_refusal@greeting")),
    "a 421 greeting that names our rate, as anvil's, is temporary": smtp(
        ("S: 421 4.7.0 mail.test Error: too many connections from 192.0.2.1", "C: QUIT"),
        fails("temporary_refusal@greeting"),
    ),
    "a 421 greeting that names a blocklist is a policy refusal": smtp(
        ("S: 421 4.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", "C: QUIT"),
        fails("policy_refusal@greeting"),
    ),
    "a 421 greeting that names a missing reverse name is a policy refusal": smtp(
        ("S: 421 4.7.25 who are you", "C: QUIT"), fails("policy_refusal@greeting")
    ),
    "a 250 greeting is invalid": smtp(("S: 250 hello", "C: QUIT"), fails("greeting_invalid@greeting")),
    "another protocol's greeting is invalid": smtp(
        ("S: * OK IMAP4rev1 ready", "C: QUIT"), fails("greeting_invalid@greeting")
    ),
    "a web server's greeting is invalid": smtp(
        ("S: HTTP/1.1 400 Bad Request", "C: QUIT"), fails("greeting_invalid@greeting")
    ),
    "a NUL in the greeting is invalid": smtp((Raw(b"220 a\0b\r\n"), "C: QUIT"), fails("greeting_invalid@greeting")),
    "a greeting of two codes is invalid": smtp(("S: 220-a", "S: 250 b", "C: QUIT"), fails("greeting_invalid@greeting")),
    "a code beyond the grammar is invalid": smtp(("S: 199 a", "C: QUIT"), fails("greeting_invalid@greeting")),
    "noise is invalid": smtp((Raw(bytes(range(256))), "C: QUIT"), fails("greeting_invalid@greeting")),
    "a line of 10 MB is too long": smtp((Raw(b"x" * 65536, 160),), fails("reply_too_long@greeting")),
    "endless reply lines are too long": smtp((Raw(b"220-more\r\n" * 100, 100),), fails("reply_too_long@greeting")),
    "many long lines are too long": smtp((Raw(b"220-" + b"x" * 8000 + b"\r\n", 60),), fails("reply_too_long@greeting")),
    "silence after connect times out": smtp((Hang(),), fails("timeout@greeting"), timeout=2.0),
    "a greeting without end times out": smtp(
        (*(Raw(b"220-x\r\n"), Pause(0.1)) * 40, Hang()), fails("timeout@greeting"), timeout=2.0
    ),
}

_EHLO: dict[str, Case] = {
    "EHLO refused for now is temporary": smtp((*HELLO, "S: 451 later", "C: QUIT"), fails("temporary_refusal@ehlo")),
    "EHLO and HELO refused is a policy refusal": smtp(
        (*HELLO, "S: 550 no", "C: HELO", "S: 550 no", "C: QUIT"), fails("policy_refusal@ehlo")
    ),
    "EHLO refused with a closed connection is a policy refusal": smtp(
        (*HELLO, "S: 554 you are listed"), fails("policy_refusal@ehlo")
    ),
    "EHLO answered out of place is a protocol error": smtp(
        (*HELLO, "S: 354 go on", "C: QUIT"), fails("protocol_error@ehlo")
    ),
    "EHLO answered with garbage is a protocol error": smtp(
        (*HELLO, "S: hello", "C: QUIT"), fails("protocol_error@ehlo")
    ),
    "EHLO answered with a NUL is a protocol error": smtp(
        (*HELLO, Raw(b"250-x\r\n250 SI\0ZE\r\n"), "C: QUIT"), fails("protocol_error@ehlo")
    ),
    "a second greeting is a protocol error": smtp((*GREETING, *HELLO, "C: QUIT"), fails("protocol_error@ehlo")),
    "capabilities without end are too long": smtp((*HELLO, Raw(b"250-x\r\n", 600)), fails("reply_too_long@ehlo")),
    "closing after EHLO is closed": smtp(HELLO, fails("closed@ehlo")),
    "a reset after EHLO is reset": smtp((*HELLO, Reset()), fails("reset@ehlo")),
    "silence after EHLO times out": smtp((*HELLO, Hang()), fails("timeout@ehlo"), timeout=2.0),
    "garbage after QUIT is a protocol error": anonymous((*OPEN, "C: QUIT", "S: bye"), fails("protocol_error@quit")),
    "silence after QUIT is a warning": anonymous((*OPEN, "C: QUIT", Hang()), passes("quit_unanswered"), timeout=2.0),
}

_STARTTLS: dict[str, Case] = {
    "STARTTLS is used when offered": anonymous((*SECURED, "S: 250 x", *BYE), passes()),
    "the name is verified too": anonymous((*SECURED, "S: 250 x", *BYE), passes(), tls=REQUIRED, host=HOST),
    "STARTTLS is not used when ignored": anonymous((*HELLO, "S: 250-x", "S: 250 STARTTLS", *BYE), passes(), tls=NONE),
    "STARTTLS required but stripped fails": anonymous(
        (*OPEN, "C: QUIT"), fails("starttls_missing@starttls"), tls=REQUIRED
    ),
    "STARTTLS is missing after HELO": smtp(
        (*HELLO, "S: 500 what", "C: HELO", "S: 250 hi", "C: QUIT"), fails("starttls_missing@starttls"), tls=REQUIRED
    ),
    "STARTTLS offered then refused for now goes on with a warning": anonymous(
        (*STARTTLS, "S: 454 no", *BYE), passes("starttls_refused")
    ),
    "STARTTLS offered then refused for good goes on with a warning": anonymous(
        (*STARTTLS, "S: 502 no", *BYE), passes("starttls_refused")
    ),
    "STARTTLS required but refused fails": anonymous(
        (*STARTTLS, "S: 454 no", "C: QUIT"), fails("starttls_refused@starttls"), tls=REQUIRED
    ),
    "STARTTLS answered with 421 is temporary": smtp(
        (*STARTTLS, "S: 421 bye", "C: QUIT"), fails("temporary_refusal@starttls")
    ),
    "STARTTLS answered out of place is a protocol error": smtp(
        (*STARTTLS, "S: 250 fine", "C: QUIT"), fails("protocol_error@starttls")
    ),
    "text in clear after the go-ahead is an injection": smtp(
        (*STARTTLS, Raw(b"220 go\r\n250 injected\r\n"), "C: QUIT"), fails("starttls_injection@starttls")
    ),
    "closing after STARTTLS is closed": smtp(STARTTLS, fails("closed@starttls")),
    "a reset after STARTTLS is reset": smtp((*STARTTLS, Reset()), fails("reset@starttls")),
    "silence after STARTTLS times out": smtp((*STARTTLS, Hang()), fails("timeout@starttls"), timeout=2.0),
    "plain text instead of a handshake fails": smtp(
        (*STARTTLS, "S: 220 go", Receive(), "S: 250 hello"), fails("tls_handshake@tls")
    ),
    "a TLS alert instead of a handshake fails": smtp(
        (*STARTTLS, "S: 220 go", Receive(), INTERNAL_ERROR), fails("tls_handshake@tls")
    ),
    "closing instead of a handshake is closed": smtp((*STARTTLS, "S: 220 go"), fails("closed@tls")),
    "a reset instead of a handshake is reset": smtp((*STARTTLS, "S: 220 go", Receive(), Reset()), fails("reset@tls")),
    "silence after the go-ahead times out": smtp((*STARTTLS, "S: 220 go", Hang()), fails("timeout@tls"), timeout=2.0),
    "closing after the handshake is closed": smtp((*STARTTLS, "S: 220 go", Tls()), fails("closed@ehlo")),
    "a server that forgets EHLO under TLS is a protocol error": smtp(
        (*SECURED, "S: 220 hello again", "C: QUIT"), fails("protocol_error@ehlo")
    ),
}

_CERTIFICATES: dict[str, Case] = {
    "an intermediate certificate is good": anonymous(
        (*STARTTLS, "S: 220 go", Tls("good by an intermediate"), "C: EHLO", "S: 250 x", *BYE), passes(), tls=REQUIRED
    ),
    **{
        f"{kind} on opportunistic STARTTLS is a warning": anonymous(
            (*STARTTLS, "S: 220 go", Tls(kind), "C: EHLO", "S: 250 x", *BYE), passes("certificate_invalid")
        )
        for kind in ("expired", "not yet valid", "wrong host", "unknown issuer", "self-signed")
    },
    **{
        f"{kind} on required STARTTLS fails": smtp(
            (*STARTTLS, "S: 220 go", Tls(kind), "C: QUIT"), fails(f"{failure}@tls"), tls=REQUIRED, host=HOST
        )
        for kind, failure in (
            ("expired", "certificate_expired"),
            ("not yet valid", "certificate_not_yet_valid"),
            ("wrong host", "certificate_wrong_host"),
            ("address only", "certificate_wrong_host"),
            ("unknown issuer", "certificate_untrusted"),
            ("self-signed", "certificate_untrusted"),
        )
    },
    "an address is verified by the certificate's addresses": anonymous(
        (Tls("address only"), *OPEN, *BYE), passes(), tls=IMPLICIT
    ),
    "an address is not verified by the certificate's names": anonymous(
        (Tls("name only"), "C: QUIT"), fails("certificate_wrong_host@tls"), tls=IMPLICIT
    ),
    "a bad certificate with a login fails, and the password is not sent": smtp(
        (*STARTTLS, "S: 220 go", Tls("expired"), "C: QUIT"), fails("certificate_expired@tls")
    ),
    "a bad certificate passes where it is not verified": anonymous(
        (Tls("wrong host"), *OPEN, *BYE), passes(), tls=IMPLICIT, verify_certificate=False
    ),
    "a certificate near its end passes with a warning": anonymous(
        (Tls("soon expired"), *OPEN, *BYE), passes("certificate_expires_soon"), tls=IMPLICIT
    ),
    "TLS 1.1 passes with a warning": anonymous((Tls("old version"), *OPEN, *BYE), passes("tls_weak"), tls=IMPLICIT),
    "implicit TLS passes": anonymous((Tls(), *OPEN, *BYE), passes(), tls=IMPLICIT),
    "implicit TLS with a bad certificate fails": smtp(
        (Tls("unknown issuer"), "C: QUIT"), fails("certificate_untrusted@tls"), tls=IMPLICIT
    ),
    "plain text on the TLS port fails": smtp((*GREETING, Hang()), fails("tls_handshake@tls"), tls=IMPLICIT),
    "closing on the TLS port is closed": smtp((Receive(),), fails("closed@tls"), tls=IMPLICIT),
    "silence on the TLS port times out": smtp((Hang(),), fails("timeout@tls"), tls=IMPLICIT, timeout=2.0),
}

CASES = {**_PLAIN, **_GREETING, **_EHLO, **_STARTTLS, **_CERTIFICATES}
