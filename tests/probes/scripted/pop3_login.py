"""POP3 servers from the login on: mechanisms, refusals, mailboxes."""

from __future__ import annotations

from shared.wire.targets import TlsMode
from tests.fakes.scripted_server import Echo, Hang, Reset, Script, Tls
from tests.probes.scripted.case import (
    APOP_DIGEST,
    CHALLENGE,
    CHALLENGE_64,
    CRAM_MD5,
    PASSWORD,
    PASSWORD_64,
    PLAIN,
    USER,
    XOAUTH2,
    Case,
    fails,
    passes,
)
from tests.probes.scripted.pop3 import BYE, CAPA_SENT, SECURED, anonymous, capa, pop3, secure

NONE = TlsMode.NONE
EMPTY_BYE = ("C: STAT", "S: +OK 0 0", *BYE)
OLD = (Tls(), *CAPA_SENT, "S: -ERR what?")
"""A server without CAPA, under TLS."""


def offering(*capabilities: str, greeting: str = "+OK POP3 ready") -> Script:
    return (Tls(), f"S: {greeting}", "C: CAPA", *capa(*capabilities))


USER_PASS = ("C: USER " + USER, "S: +OK", "C: PASS " + PASSWORD)
AUTH = (*offering("USER"), *USER_PASS)
APOP_GREETING = f"+OK ready {CHALLENGE.decode()}"
APOP = f"C: APOP {USER} {APOP_DIGEST}"
CRAM = ("C: AUTH CRAM-MD5", "S: + " + CHALLENGE_64, "C: " + CRAM_MD5)

_MECHANISMS: dict[str, Case] = {
    "USER and PASS log in": secure((*AUTH, "S: +OK", *EMPTY_BYE), passes()),
    "a login after STLS passes": pop3((*SECURED, *capa("USER"), *USER_PASS, "S: +OK", *EMPTY_BYE), passes()),
    "USER and PASS are tried without CAPA": secure((*OLD, *USER_PASS, "S: +OK", *EMPTY_BYE), passes()),
    "PLAIN is tried before USER": secure(
        (*offering("USER", "SASL LOGIN PLAIN"), "C: AUTH PLAIN " + PLAIN, "S: +OK", *EMPTY_BYE), passes()
    ),
    "PLAIN's message is sent after a second prompt": secure(
        (*offering("SASL PLAIN"), "C: AUTH PLAIN", "S: + ", "C: " + PLAIN, "S: +OK", *EMPTY_BYE), passes()
    ),
    "prompts for PLAIN's message without end are a protocol error": secure(
        (*offering("SASL PLAIN"), "C: AUTH PLAIN", "S: +", "C: " + PLAIN, "S: +", "C: *", "C: QUIT"),
        fails("protocol_error@auth"),
    ),
    "a message too long for a command is sent after it": secure(
        (*offering("SASL PLAIN"), "C: AUTH PLAIN", "S: +", "C: AGFsaWNlAHBwc", "S: +OK", *EMPTY_BYE),
        passes(),
        login=("alice", "p" * 300),
    ),
    "CRAM-MD5 is tried before PLAIN": secure(
        (*offering("USER", "SASL PLAIN CRAM-MD5"), *CRAM, "S: +OK", *EMPTY_BYE), passes()
    ),
    "CRAM-MD5 that hashed passwords cannot pass is followed by PLAIN": secure(
        (*offering("SASL PLAIN CRAM-MD5"), *CRAM, "S: -ERR no", "C: AUTH PLAIN", "S: +OK", *EMPTY_BYE), passes()
    ),
    "a challenge that is not base64 is a protocol error": secure(
        (*offering("SASL CRAM-MD5"), "C: AUTH CRAM-MD5", "S: + <x>", "C: *", "C: QUIT"), fails("protocol_error@auth")
    ),
    "APOP is tried first": secure(
        (*offering("USER", "SASL PLAIN CRAM-MD5", greeting=APOP_GREETING), APOP, "S: +OK", *EMPTY_BYE), passes()
    ),
    "APOP that hashed passwords cannot pass is followed by a mechanism that shows the password": secure(
        (
            *offering("USER", "SASL CRAM-MD5", greeting=APOP_GREETING),
            APOP,
            "S: -ERR [AUTH] no",
            *USER_PASS,
            "S: +OK",
            *EMPTY_BYE,
        ),
        passes(),
    ),
    "APOP refused with a closed connection is refused": secure(
        (*offering("USER", greeting=APOP_GREETING), APOP, "S: -ERR no"), fails("login_refused@auth")
    ),
    "APOP that is unavailable is not followed by another way": secure(
        (*offering("USER", greeting=APOP_GREETING), APOP, "S: -ERR [SYS/TEMP] no", "C: QUIT"),
        fails("temporary_refusal@auth"),
    ),
    "a password that no mechanism passes is refused after two tries": secure(
        (
            *offering("USER", "SASL PLAIN", greeting=APOP_GREETING),
            APOP,
            "S: -ERR no",
            "C: AUTH PLAIN",
            "S: -ERR no",
            "C: QUIT",
        ),
        fails("login_refused@auth"),
    ),
    "a token is sent by XOAUTH2": secure(
        (*offering("USER", "SASL PLAIN XOAUTH2"), "C: AUTH XOAUTH2 " + XOAUTH2, "S: +OK", *EMPTY_BYE),
        passes(),
        bearer=True,
    ),
    "a token's refusal is requested by an empty line": secure(
        (*offering("SASL XOAUTH2"), "C: AUTH XOAUTH2", "S: + eyJ9", "C: ", "S: -ERR [AUTH] no", "C: QUIT"),
        fails("login_refused@auth"),
        bearer=True,
    ),
    "a token is not sent by USER and PASS": secure(
        (*offering("USER", greeting=APOP_GREETING), "C: QUIT"), fails("login_mechanism_missing@auth"), bearer=True
    ),
    "no usable mechanism is missing": secure(
        (*offering("TOP", "SASL GSSAPI"), "C: QUIT"), fails("login_mechanism_missing@auth")
    ),
    "what was offered before TLS does not count": pop3(
        (*SECURED, *capa("TOP"), "C: QUIT"), fails("login_mechanism_missing@auth")
    ),
    "a password with a line's end is never sent to a server that would take it for a command": secure(
        (*offering("USER", greeting=APOP_GREETING), "C: QUIT"),
        fails("agent_error@auth", "agent"),
        login=(USER, "x\r\nDELE 1"),
    ),
    "a user with a line's end is never sent to a server that would take it for a command": secure(
        (*offering("USER", greeting=APOP_GREETING), "C: QUIT"),
        fails("agent_error@auth", "agent"),
        login=("alice\nDELE 1", PASSWORD),
    ),
    "a password with a line's end is sent by PLAIN": secure(
        (*offering("USER", "SASL PLAIN"), "C: AUTH PLAIN AGFsaWNlAHgNCkRFTEUgMQ==", "S: +OK", *EMPTY_BYE),
        passes(),
        login=("alice", "x\r\nDELE 1"),
    ),
}

_REFUSALS: dict[str, Case] = {
    **{
        f"-ERR {reply} to a login is {kind}": secure((*AUTH, f"S: -ERR {reply}", "C: QUIT"), fails(f"{kind}@auth"))
        for reply, kind in (
            ("no", "login_refused"),
            ("[AUTH] no", "login_refused"),
            ("[auth] no", "login_refused"),
            ("[SYS/TEMP] later", "temporary_refusal"),
            ("[LIMIT] too many sessions", "temporary_refusal"),
            ("[UNAVAILABLE] later", "temporary_refusal"),
            ("[EXPIRED] renew it", "login_unavailable"),
            ("[CONTACTADMIN] call us", "login_unavailable"),
            ("[SYS/PERM] broken", "login_unavailable"),
            ("[X-OTHER] no", "login_refused"),
        )
    },
    **{
        f"-ERR {reply} to a login passes with a warning": secure(
            (*AUTH, f"S: -ERR {reply}", *BYE), passes("mailbox_busy")
        )
        for reply in ("[IN-USE] another session", "[LOGIN-DELAY] wait a minute")
    },
    "a warning does not show the password that the server repeats": secure(
        (*AUTH, Echo("-ERR [IN-USE] I heard "), *BYE), passes("mailbox_busy")
    ),
    "a mailbox in use after APOP passes with a warning": secure(
        (*offering("USER", greeting=APOP_GREETING), APOP, "S: -ERR [IN-USE] busy", *BYE), passes("mailbox_busy")
    ),
    "a user refused is refused": secure(
        (*offering("USER"), "C: USER", "S: -ERR never heard of", "C: QUIT"), fails("login_refused@auth")
    ),
    "closing after PASS is closed": secure(AUTH, fails("closed@auth")),
    "a reset after PASS is reset": secure((*AUTH, Reset()), fails("reset@auth")),
    "silence after PASS times out": secure((*AUTH, Hang()), fails("timeout@auth"), timeout=2.0),
    "garbage after PASS is a protocol error": secure((*AUTH, "S: ok", "C: QUIT"), fails("protocol_error@auth")),
    "a password that the server sends back is not shown": secure(
        (*AUTH, Echo("-ERR what is "), "C: QUIT"), fails("login_refused@auth")
    ),
    "a password in a server's own words is not shown": secure(
        (*AUTH, f"S: -ERR {PASSWORD} {PASSWORD_64} {PLAIN} is wrong", "C: QUIT"), fails("login_refused@auth")
    ),
    "a login without TLS warns where the user chose so": pop3(
        (*CAPA_SENT, *capa("USER"), *USER_PASS, "S: +OK", *EMPTY_BYE), passes("login_unencrypted"), tls=NONE
    ),
    "a login that is offered before TLS warns those who log in": pop3(
        (
            *CAPA_SENT,
            *capa("STLS", "USER"),
            "C: STLS",
            "S: +OK",
            Tls(),
            "C: CAPA",
            *capa("USER"),
            *USER_PASS,
            "S: +OK",
            *EMPTY_BYE,
        ),
        passes("login_offered_unencrypted"),
    ),
    "a login that is offered before TLS warns nobody else": anonymous(
        (*CAPA_SENT, *capa("STLS", "USER"), "C: STLS", "S: +OK", Tls(), "C: CAPA", *capa("USER"), *BYE), passes()
    ),
}

STAT = (*AUTH, "S: +OK", "C: STAT")

_MAILBOX: dict[str, Case] = {
    "counts with text after them are counts": secure((*STAT, "S: +OK 2 320 octets", *BYE), passes()),
    "counts that are not numbers are a protocol error": secure(
        (*STAT, "S: +OK many", "C: QUIT"), fails("protocol_error@mailbox")
    ),
    "counts beyond all numbers are a protocol error": secure(
        (*STAT, f"S: +OK {'9' * 5000} 1", "C: QUIT"), fails("protocol_error@mailbox")
    ),
    "STAT refused is a protocol error": secure((*STAT, "S: -ERR no", "C: QUIT"), fails("protocol_error@mailbox")),
    "STAT refused for now is temporary": secure(
        (*STAT, "S: -ERR [SYS/TEMP] no", "C: QUIT"), fails("temporary_refusal@mailbox")
    ),
    "a mailbox that needs its operator is missing": secure(
        (*STAT, "S: -ERR [SYS/PERM] corrupt", "C: QUIT"), fails("mailbox_missing@mailbox")
    ),
    "closing after STAT is closed": secure(STAT, fails("closed@mailbox")),
    "a reset after STAT is reset": secure((*STAT, Reset()), fails("reset@mailbox")),
    "silence after STAT times out": secure((*STAT, Hang()), fails("timeout@mailbox"), timeout=2.0),
}

CASES = {**_MECHANISMS, **_REFUSALS, **_MAILBOX}
