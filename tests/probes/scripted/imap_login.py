"""IMAP servers after TLS: logins."""

from __future__ import annotations

from base64 import b64encode
from functools import partial

from shared.wire.targets import TlsMode
from tests.fakes.scripted_server import Echo, Hang, Pause, Reset, Script, Tls
from tests.probes.scripted import imap as plain
from tests.probes.scripted.case import (
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
    """The start of a script: a server under TLS whose greeting has these capabilities."""
    return (Tls(), f"S: * OK [CAPABILITY IMAP4rev1 {' '.join(names)}] hi")


PLAIN_SENT = (*offering("SASL-IR", "AUTH=PLAIN", "AUTH=LOGIN"), "C: A1 AUTHENTICATE PLAIN " + PLAIN)
_COMMAND = offering("SASL-IR", "LITERAL+")
_CRAM = (*offering("SASL-IR", "AUTH=PLAIN", "AUTH=CRAM-MD5"), "C: A1 AUTHENTICATE CRAM-MD5", "S: + " + CHALLENGE_64)
_FALL_BACK = (*_CRAM, "C: " + CRAM_MD5, "S: A1 NO no", "C: A2 AUTHENTICATE PLAIN " + PLAIN)
_TOKEN = (*offering("SASL-IR", "AUTH=XOAUTH2", "AUTH=PLAIN"), "C: A1 AUTHENTICATE XOAUTH2 " + XOAUTH2)


def _refused(status: str, expected: str) -> Case:
    """A login that the server answers with this status."""
    return imap((*PLAIN_SENT, f"S: {status}", "C: A2 LOGOUT"), fails(expected))


_MECHANISMS: dict[str, Case] = {
    "PLAIN goes with the command where the server takes it": imap((*PLAIN_SENT, *END), passes()),
    "PLAIN waits for the continuation request elsewhere": imap(
        (*offering("AUTH=PLAIN"), "C: A1 AUTHENTICATE PLAIN", "S: + ", "C: " + PLAIN, *END), passes()
    ),
    "a continuation request without a space is understood": imap(
        (*offering("AUTH=PLAIN"), "C: A1 AUTHENTICATE PLAIN", "S: +", "C: " + PLAIN, *END), passes()
    ),
    "PLAIN's message is sent again when the server requests it again": imap(
        (*PLAIN_SENT, "S: + ", "C: " + PLAIN, *END), passes()
    ),
    "requests for PLAIN's message without end break the protocol": imap(
        (*PLAIN_SENT, "S: + ", "C: " + PLAIN, "S: + ", "C: *", "S: A1 BAD called off", "C: A2 LOGOUT"),
        fails("protocol_error@auth"),
    ),
    "LOGIN answers two prompts": imap(
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
    "CRAM-MD5 refused with a closed connection is refused": imap(_FALL_BACK, fails("login_refused@auth")),
    "CRAM-MD5 is not followed by another mechanism when logins are unavailable": imap(
        (*_CRAM, "C: " + CRAM_MD5, "S: A1 NO [UNAVAILABLE] later", "C: A2 LOGOUT"), fails("temporary_refusal@auth")
    ),
    "a challenge not in base64 breaks the protocol": imap(
        (*_CRAM[:-1], "S: + <not base64>", "C: *", "S: A1 BAD called off", "C: A2 LOGOUT"), fails("protocol_error@auth")
    ),
    "an access token is sent by XOAUTH2": imap((*_TOKEN, *END), passes(), bearer=True),
    "an access token that is refused with a reason is refused": imap(
        (*_TOKEN, "S: + eyJzdGF0dXMiOiI0MDAifQ==", "C: ", "S: A1 NO [AUTHENTICATIONFAILED] no", "C: A2 LOGOUT"),
        fails("login_refused@auth"),
        bearer=True,
    ),
    "an access token is never sent as a password": imap(
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
    "capabilities are requested again after a login whose reply has none": imap(
        (
            *PLAIN_SENT,
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
    "a literal waits for the continuation request where it must": _login(
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
    "a NUL can be sent by no command of IMAP": _login(
        (*offering("AUTH=PLAIN"), "C: A1 LOGOUT"), "alice", "a\0b4711", fails("agent_error@auth", "agent")
    ),
}

_REFUSALS: dict[str, Case] = {
    "a wrong password is refused": _refused("A1 NO [AUTHENTICATIONFAILED] no", "login_refused@auth"),
    "a wrong password without a code is refused": _refused("A1 NO no", "login_refused@auth"),
    "a login without permission is refused": _refused("A1 NO [AUTHORIZATIONFAILED] no", "login_refused@auth"),
    "a password that has expired is not checked": _refused("A1 NO [EXPIRED] no", "login_unavailable@auth"),
    "a login that needs the administrator is not checked": _refused(
        "A1 NO [CONTACTADMIN] call us", "login_unavailable@auth"
    ),
    "an alert with a refusal is a refusal": _refused("A1 NO [ALERT] use the web", "login_refused@auth"),
    "a login server that is down is temporary": _refused("A1 NO [UNAVAILABLE] later", "temporary_refusal@auth"),
    "a login server with an internal error is unavailable": _refused(
        "A1 NO [SERVERBUG] oops", "login_unavailable@auth"
    ),
    "too many connections are temporary": _refused("A1 NO [LIMIT] too many", "temporary_refusal@auth"),
    "a mechanism that requires privacy is missing": _refused("A1 NO [PRIVACYREQUIRED]", "login_mechanism_missing@auth"),
    "BAD to a login breaks the protocol": _refused("A1 BAD what", "protocol_error@auth"),
    "BYE to a login is temporary": imap((*PLAIN_SENT, "S: * BYE going down"), fails("temporary_refusal@auth")),
    "BYE before the refusal of a login is a refusal": imap(
        (*PLAIN_SENT, "S: * BYE bye", Pause(0.02), "S: A1 NO [AUTHENTICATIONFAILED] no"), fails("login_refused@auth")
    ),
    "BYE before the acceptance of a login is temporary": imap(
        (*PLAIN_SENT, "S: * BYE bye", OK), fails("temporary_refusal@auth")
    ),
    "a password that the server sends back is not shown": imap(
        (*PLAIN_SENT, Echo("A1 NO what is "), "C: A2 LOGOUT"), fails("login_refused@auth")
    ),
    "a password in a server's own words is not shown": imap(
        (*PLAIN_SENT, f"S: A1 NO [ALERT] {USER} {PASSWORD} {PASSWORD_64} {PLAIN} is wrong", "C: A2 LOGOUT"),
        fails("login_refused@auth"),
    ),
    "a password in a continuation request is not shown": imap(
        (*_CRAM[:-1], "S: + " + b64encode(UTF8).decode(), "C: ", "S: A1 BAD no", "C: A2 LOGOUT"),
        fails("protocol_error@auth"),
    ),
    "silence after a login times out": imap((*PLAIN_SENT, Hang()), fails("timeout@auth"), timeout=2.0),
    "a reset after a login is reset": imap((*PLAIN_SENT, Reset()), fails("reset@auth")),
    "closing after a login is closed": imap(PLAIN_SENT, fails("closed@auth")),
    "a login without TLS warns where the user chose so": plain.imap(
        (*offering("SASL-IR", "AUTH=PLAIN")[1:], "C: A1 AUTHENTICATE PLAIN " + PLAIN, *END),
        passes("login_unencrypted"),
        tls=TlsMode.NONE,
    ),
}

CASES = _MECHANISMS | _SPELLING | _REFUSALS
