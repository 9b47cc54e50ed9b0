"""POP3 servers up to TLS: greetings, capabilities, STLS."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.pop3 import Pop3Target
from tests.fakes.certificates import HOST
from tests.fakes.scripted_server import Hang, Pause, Pieces, Raw, Receive, Reset, Script, Tls
from tests.probes.scripted.case import Case, case, fails, passes

pop3 = partial(case, Pop3Target)
anonymous = partial(pop3, login=None)
secure = partial(pop3, tls=TlsMode.IMPLICIT)
NONE, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.REQUIRED, TlsMode.IMPLICIT

GREETING = ("S: +OK POP3 ready",)
CAPA_SENT = (*GREETING, "C: CAPA")
BYE = ("C: QUIT", "S: +OK bye")
EMPTY_BYE = ("C: STAT", "S: +OK 0 0", *BYE)


def capa(*capabilities: str) -> Script:
    return ("S: +OK", *(f"S: {capability}" for capability in capabilities), "S: .")


OPEN = (*CAPA_SENT, *capa("TOP", "UIDL"))
STLS = (*CAPA_SENT, *capa("STLS"), "C: STLS")
SECURED = (*STLS, "S: +OK go", Tls(), "C: CAPA")
_GREETING: dict[str, Case] = {
    "a plain server passes": anonymous((*OPEN, *BYE), passes()),
    "a greeting in 200 pieces passes": anonymous((Pieces("+OK " + "welcome " * 25), *OPEN[1:], *BYE), passes()),
    "a slow greeting is waited for": anonymous(
        (Raw(b"+OK wa"), Pause(0.05), Raw(b"it\r\n"), *OPEN[1:], *BYE), passes()
    ),
    "a greeting without text passes": anonymous(("S: +OK", *OPEN[1:], *BYE), passes()),
    "a server without CAPA passes": anonymous((*CAPA_SENT, "S: -ERR what?", *BYE), passes()),
    "lines that end in LF alone are read": anonymous((Raw(b"+OK\n"), "C: CAPA", Raw(b"+OK\nTOP\n.\n"), *BYE), passes()),
    "closing at once is closed": pop3((), fails("closed@greeting")),
    "a reset instead of a greeting is reset": pop3((Reset(),), fails("reset@greeting")),
    "half a greeting is closed": pop3((Raw(b"+OK he"),), fails("closed@greeting")),
    "silence after connect times out": pop3((Hang(),), fails("timeout@greeting"), timeout=2.0),
    "a refusal for a greeting is a policy refusal": pop3(
        ("S: -ERR go away", "C: QUIT"), fails("policy_refusal@greeting")
    ),
    "a temporary refusal for a greeting is temporary": pop3(
        ("S: -ERR [SYS/TEMP] later", "C: QUIT"), fails("temporary_refusal@greeting")
    ),
    "too many connections in words are temporary": pop3(
        ("S: -ERR Too many connections from your address, try again later", "C: QUIT"),
        fails("temporary_refusal@greeting"),
    ),
    "another protocol's greeting is invalid": pop3(
        ("S: 220 mail.test ESMTP", "C: QUIT"), fails("greeting_invalid@greeting")
    ),
    "a word longer than +OK is invalid": pop3(("S: +OKAY", "C: QUIT"), fails("greeting_invalid@greeting")),
    "a NUL in the greeting is invalid": pop3((Raw(b"+OK a\0b\r\n"), "C: QUIT"), fails("greeting_invalid@greeting")),
    "noise is invalid": pop3((Raw(bytes(range(256))), "C: QUIT"), fails("greeting_invalid@greeting")),
    "a line of 10 MB is too long": pop3((Raw(b"x" * 65536, 160),), fails("reply_too_long@greeting")),
}

_CAPABILITIES: dict[str, Case] = {
    "capabilities without end are too long": pop3(
        (*CAPA_SENT, "S: +OK", Raw(b"X-MORE\r\n", 600)), fails("reply_too_long@capabilities")
    ),
    "capabilities that break off are closed": pop3((*CAPA_SENT, "S: +OK", "S: TOP"), fails("closed@capabilities")),
    "closing after CAPA is closed": pop3(CAPA_SENT, fails("closed@capabilities")),
    "a reset after CAPA is reset": pop3((*CAPA_SENT, Reset()), fails("reset@capabilities")),
    "silence after CAPA times out": pop3((*CAPA_SENT, Hang()), fails("timeout@capabilities"), timeout=2.0),
    "garbage after CAPA is a protocol error": pop3(
        (*CAPA_SENT, "S: what?", "C: QUIT"), fails("protocol_error@capabilities")
    ),
    "an empty line is no capability": anonymous((*CAPA_SENT, *capa("", "TOP"), *BYE), passes()),
    "a server that closes instead of answering QUIT passes": anonymous((*OPEN, "C: QUIT"), passes()),
    "a refusal of QUIT passes": anonymous((*OPEN, "C: QUIT", "S: -ERR no"), passes()),
    "silence after QUIT is a warning": anonymous((*OPEN, "C: QUIT", Hang()), passes("quit_unanswered"), timeout=2.0),
    "garbage after QUIT is a protocol error": anonymous((*OPEN, "C: QUIT", "S: bye"), fails("protocol_error@quit")),
}

_TLS: dict[str, Case] = {
    "STLS is used when offered": anonymous((*SECURED, *capa(), *BYE), passes()),
    "STLS is not used when ignored": anonymous((*CAPA_SENT, *capa("STLS"), *BYE), passes(), tls=NONE),
    "STLS required but stripped fails": anonymous((*OPEN, "C: QUIT"), fails("starttls_missing@starttls"), tls=REQUIRED),
    "STLS is missing without CAPA": anonymous(
        (*CAPA_SENT, "S: -ERR what?", "C: QUIT"), fails("starttls_missing@starttls"), tls=REQUIRED
    ),
    "STLS offered then refused goes on with a warning": anonymous(
        (*STLS, "S: -ERR no", *BYE), passes("starttls_refused")
    ),
    "STLS required but refused fails": anonymous(
        (*STLS, "S: -ERR no", "C: QUIT"), fails("starttls_refused@starttls"), tls=REQUIRED
    ),
    "no password goes in clear when STLS is stripped": pop3(
        (*CAPA_SENT, *capa("USER"), "C: QUIT"), fails("starttls_missing@starttls")
    ),
    "no password goes in clear when STLS is refused": pop3(
        (*STLS, "S: -ERR no", "C: QUIT"), fails("starttls_refused@starttls")
    ),
    "text in clear after the go-ahead is an injection": pop3(
        (*STLS, Raw(b"+OK go\r\n+OK injected\r\n"), "C: QUIT"), fails("starttls_injection@starttls")
    ),
    "closing after STLS is closed": pop3(STLS, fails("closed@starttls")),
    "a reset after STLS is reset": pop3((*STLS, Reset()), fails("reset@starttls")),
    "silence after STLS times out": pop3((*STLS, Hang()), fails("timeout@starttls"), timeout=2.0),
    "silence after the go-ahead times out": pop3((*STLS, "S: +OK", Hang()), fails("timeout@tls"), timeout=2.0),
    "plain text instead of a handshake fails": pop3(
        (*STLS, "S: +OK go", Receive(), "S: +OK hello"), fails("tls_handshake@tls")
    ),
    "a reset instead of a handshake is reset": pop3((*STLS, "S: +OK", Receive(), Reset()), fails("reset@tls")),
    "a bad certificate on opportunistic STLS is a warning": anonymous(
        (*STLS, "S: +OK", Tls("expired"), "C: CAPA", *capa(), *BYE), passes("certificate_invalid")
    ),
    "a bad certificate with a login fails, and the password is not sent": pop3(
        (*STLS, "S: +OK", Tls("wrong host"), "C: QUIT"), fails("certificate_wrong_host@tls"), host=HOST
    ),
    "a bad certificate passes where it is not verified": anonymous(
        (Tls("expired"), *OPEN, *BYE), passes(), tls=IMPLICIT, verify_certificate=False
    ),
    "plain text on the TLS port fails": secure((*GREETING, Hang()), fails("tls_handshake@tls")),
    "silence on the TLS port times out": secure((Hang(),), fails("timeout@tls"), timeout=2.0),
}

CASES = {**_GREETING, **_CAPABILITIES, **_TLS}
