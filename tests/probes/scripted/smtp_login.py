"""SMTP servers from the login on: mechanisms, refusals, recipients."""

from __future__ import annotations

from shared.wire.targets import TlsMode
from tests.fakes.scripted_server import Echo, Hang, Reset, Script, Tls
from tests.probes.scripted.case import (
    CHALLENGE_64,
    CRAM_MD5,
    PASSWORD,
    PASSWORD_64,
    PLAIN,
    USER_64,
    XOAUTH2,
    Case,
    Expected,
    fails,
    passes,
)
from tests.probes.scripted.smtp import BYE, HELLO, OPEN, SECURED, STARTTLS, anonymous, smtp

NONE, REQUIRED = TlsMode.NONE, TlsMode.REQUIRED
OK = "S: 235 ok"


def offering(*mechanisms: str) -> Script:
    """The start of a script, up to the capabilities under TLS."""
    return (*SECURED, "S: 250-mail.test", "S: 250-SIZE", f"S: 250 AUTH {' '.join(mechanisms)}")


AUTH = (*offering("PLAIN", "LOGIN"), "C: AUTH PLAIN " + PLAIN)
AUTH_LOGIN = (*offering("LOGIN"), "C: AUTH LOGIN")
PROMPTED = ("S: 334 VXNlcm5hbWU6", "C: " + USER_64, "S: 334 UGFzc3dvcmQ6", "C: " + PASSWORD_64)
CRAM = ("C: AUTH CRAM-MD5", "S: 334 " + CHALLENGE_64, "C: " + CRAM_MD5)
CLEAR_AUTH = (*HELLO, "S: 250-mail.test", "S: 250 AUTH LOGIN PLAIN")
BOTH_IN_CLEAR = (
    *HELLO,
    "S: 250-x",
    "S: 250-STARTTLS",
    "S: 250 AUTH PLAIN",
    *STARTTLS[4:],
    "S: 220 go",
    Tls(),
    "C: EHLO",
)

_MECHANISMS: dict[str, Case] = {
    "PLAIN is tried before LOGIN": smtp((*AUTH, OK, *BYE), passes()),
    "PLAIN's message is sent after a second prompt": smtp((*AUTH, "S: 334 ", "C: " + PLAIN, OK, *BYE), passes()),
    "prompts for PLAIN's message without end are a protocol error": smtp(
        (*AUTH, "S: 334 ", "C: " + PLAIN, "S: 334 ", "C: *", "C: QUIT"), fails("protocol_error@auth")
    ),
    "LOGIN is used where PLAIN is not offered": smtp((*AUTH_LOGIN, *PROMPTED, OK, *BYE), passes()),
    "LOGIN's prompts may be any text": smtp(
        (*AUTH_LOGIN, "S: 334 Name?", "C: " + USER_64, "S: 334", "C: " + PASSWORD_64, OK, *BYE), passes()
    ),
    "a third prompt of LOGIN is a protocol error": smtp(
        (*AUTH_LOGIN, *PROMPTED, "S: 334 more", "C: *", "C: QUIT"), fails("protocol_error@auth")
    ),
    "the old spelling AUTH= is understood": smtp(
        (*SECURED, "S: 250-x", "S: 250 AUTH=PLAIN", "C: AUTH PLAIN", OK, *BYE), passes()
    ),
    "CRAM-MD5 is tried first": smtp((*offering("LOGIN", "PLAIN", "CRAM-MD5"), *CRAM, OK, *BYE), passes()),
    "CRAM-MD5 that hashed passwords cannot pass is followed by PLAIN": smtp(
        (*offering("CRAM-MD5", "PLAIN"), *CRAM, "S: 535 5.7.8 no", "C: AUTH PLAIN " + PLAIN, OK, *BYE), passes()
    ),
    "CRAM-MD5 that is offered but unknown is followed by LOGIN": smtp(
        (
            *offering("CRAM-MD5", "LOGIN"),
            "C: AUTH CRAM-MD5",
            "S: 504 what?",
            "C: AUTH LOGIN",
            *PROMPTED,
            OK,
            *BYE,
        ),
        passes(),
    ),
    "a password that no mechanism passes is refused after two tries": smtp(
        (*offering("CRAM-MD5", "PLAIN", "LOGIN"), *CRAM, "S: 535 no", "C: AUTH PLAIN", "S: 535 no", "C: QUIT"),
        fails("login_refused@auth"),
    ),
    "CRAM-MD5 refused with a closed connection is refused": smtp(
        (*offering("CRAM-MD5", "PLAIN"), *CRAM, "S: 535 no"), fails("login_refused@auth")
    ),
    "CRAM-MD5 refused where nothing else is offered is refused": smtp(
        (*offering("CRAM-MD5"), *CRAM, "S: 535 no", "C: QUIT"), fails("login_refused@auth")
    ),
    "CRAM-MD5 unavailable is not followed by another mechanism": smtp(
        (*offering("CRAM-MD5", "PLAIN"), *CRAM, "S: 454 later", "C: QUIT"), fails("temporary_refusal@auth")
    ),
    "a challenge that is not base64 is a protocol error": smtp(
        (*offering("CRAM-MD5"), "C: AUTH CRAM-MD5", "S: 334 <what>", "C: *", "C: QUIT"), fails("protocol_error@auth")
    ),
    "a token is sent by XOAUTH2": smtp(
        (*offering("PLAIN", "XOAUTH2"), "C: AUTH XOAUTH2 " + XOAUTH2, OK, *BYE), passes(), bearer=True
    ),
    "a token's refusal is requested by an empty line": smtp(
        (
            *offering("XOAUTH2"),
            "C: AUTH XOAUTH2",
            "S: 334 eyJzdGF0dXMiOiI0MDEifQ==",
            "C: ",
            "S: 535 5.7.8 no",
            "C: QUIT",
        ),
        fails("login_refused@auth"),
        bearer=True,
    ),
    "a token is not sent by PLAIN": smtp(
        (*offering("PLAIN", "CRAM-MD5"), "C: QUIT"), fails("login_mechanism_missing@auth"), bearer=True
    ),
    "a password is not sent by XOAUTH2": smtp((*offering("XOAUTH2"), "C: QUIT"), fails("login_mechanism_missing@auth")),
    "a user with a NUL cannot be sent by PLAIN": smtp(
        (*offering("PLAIN"), "C: QUIT"), fails("agent_error@auth", "agent"), login=("alice\0root", PASSWORD)
    ),
    "no common mechanism is missing": smtp((*offering("GSSAPI"), "C: QUIT"), fails("login_mechanism_missing@auth")),
    "no mechanism at all is missing": smtp((*SECURED, "S: 250 x", "C: QUIT"), fails("login_mechanism_missing@auth")),
    "what was offered before TLS does not count": smtp(
        (*BOTH_IN_CLEAR, "S: 250 x", "C: QUIT"), fails("login_mechanism_missing@auth")
    ),
}

_LONG_PASSWORD = "p" * 600
_REFUSALS: dict[str, Case] = {
    "a message too long for a command is sent after it": smtp(
        (*offering("PLAIN"), "C: AUTH PLAIN", "S: 334 ", "C: AGFsaWNlAHBwc", OK, *BYE),
        passes(),
        login=("alice", _LONG_PASSWORD),
    ),
    **{
        f"{reply} to a login is {kind}": smtp((*AUTH, f"S: {reply} so", "C: QUIT"), fails(f"{kind}@auth"))
        for reply, kind in (
            ("535", "login_refused"),
            ("535 5.7.8", "login_refused"),
            ("432 4.7.12", "login_refused"),
            ("550", "login_refused"),
            ("454 4.7.0", "temporary_refusal"),
            ("451", "temporary_refusal"),
            ("435 4.7.8", "temporary_refusal"),
            ("432 4.3.2 STOREDRV; thread limit exceeded:", "temporary_refusal"),
            ("421", "temporary_refusal"),
            ("504", "login_mechanism_missing"),
            ("530 5.7.0", "login_mechanism_missing"),
            ("534 5.7.9", "login_mechanism_missing"),
            ("538 5.7.11", "login_mechanism_missing"),
            ("501 5.5.2", "protocol_error"),
            ("250", "protocol_error"),
            ("554 5.7.1 blocked using zen.spamhaus.org", "policy_refusal"),
        )
    },
    "closing after AUTH is closed": smtp(AUTH, fails("closed@auth")),
    "a reset after AUTH is reset": smtp((*AUTH, Reset()), fails("reset@auth")),
    "silence after AUTH times out": smtp((*AUTH, Hang()), fails("timeout@auth"), timeout=2.0),
    "garbage after AUTH is a protocol error": smtp((*AUTH, "S: ok", "C: QUIT"), fails("protocol_error@auth")),
    "a message with the password that the server sends back is not shown": smtp(
        (*AUTH, Echo("535 what is "), "C: QUIT"), fails("login_refused@auth")
    ),
    "a password that the server sends back is not shown": smtp(
        (*AUTH_LOGIN, *PROMPTED, Echo("535 what is "), "C: QUIT"), fails("login_refused@auth")
    ),
    "a password in a server's own words is not shown": smtp(
        (*AUTH, f"S: 535 {PASSWORD} {PASSWORD_64} {PLAIN} is wrong", "C: QUIT"), fails("login_refused@auth")
    ),
    "a password in a greeting is not shown": smtp(
        (f"S: 554 not you, {PASSWORD}", "C: QUIT"), fails("policy_refusal@greeting")
    ),
}

_IN_CLEAR: dict[str, Case] = {
    "a login without TLS warns where the user chose so": smtp(
        (*CLEAR_AUTH, "C: AUTH PLAIN " + PLAIN, OK, *BYE), passes("login_unencrypted"), tls=NONE
    ),
    "no password goes in clear when STARTTLS is stripped": smtp(
        (*CLEAR_AUTH, "C: QUIT"), fails("starttls_missing@starttls")
    ),
    "no password goes in clear when STARTTLS is refused": smtp(
        (*STARTTLS, "S: 454 no", "C: QUIT"), fails("starttls_refused@starttls")
    ),
    "a login that is offered before TLS warns those who log in": smtp(
        (*BOTH_IN_CLEAR, "S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH PLAIN", OK, *BYE),
        passes("login_offered_unencrypted"),
    ),
    "a login that is offered before TLS warns those who require TLS": anonymous(
        (*BOTH_IN_CLEAR, "S: 250 x", *BYE), passes("login_offered_unencrypted"), tls=REQUIRED
    ),
    "a login that is offered before TLS warns nobody else": anonymous((*BOTH_IN_CLEAR, "S: 250 x", *BYE), passes()),
    "a login that is offered where there is no TLS warns nobody": anonymous((*CLEAR_AUTH, *BYE), passes()),
}

_MAIL = (*OPEN, "C: MAIL FROM:<>", "S: 250 2.1.0 ok")
_RCPT = (*_MAIL, "C: RCPT TO:<bob@example.test>")
_EIGHT = (*HELLO, "S: 250-x", "S: 250 SMTPUTF8")
_UMLAUT = "jürgen@bücher.test"


def _recipient(script: Script, expected: Expected, rcpt_to: str = "bob@example.test", mail_from: str = "") -> Case:
    return anonymous(script, expected, rcpt_to=rcpt_to, mail_from=mail_from)


_ENVELOPE: dict[str, Case] = {
    "a recipient is accepted, and nothing is sent": _recipient(
        (*_RCPT, "S: 250 2.1.5 ok", "C: RSET", "S: 250 ok", *BYE), passes()
    ),
    "a recipient that would be forwarded is accepted": _recipient(
        (*_RCPT, "S: 251 elsewhere", "C: RSET", "S: 250 ok", *BYE), passes()
    ),
    "a sender is named where the monitor names one": _recipient(
        (*OPEN, "C: MAIL FROM:<me@example.test>", "S: 250 ok", *_RCPT[-1:], "S: 250 ok", "C: RSET", "S: 250", *BYE),
        passes(),
        mail_from="me@example.test",
    ),
    "a recipient is sent after the login": smtp(
        (*AUTH, OK, *_MAIL[-2:], *_RCPT[-1:], "S: 250 ok", "C: RSET", "S: 250 ok", *BYE),
        passes(),
        rcpt_to="bob@example.test",
    ),
    **{
        f"{reply} to a recipient is {kind}": _recipient(
            (*_RCPT, f"S: {reply} so", "C: QUIT"), fails(f"{kind}@envelope")
        )
        for reply, kind in (
            ("550 5.1.1", "recipient_refused"),
            ("554 5.7.1", "recipient_refused"),
            ("552 5.2.2", "recipient_refused"),
            ("450 4.2.0", "temporary_refusal"),
            ("451 4.7.1", "temporary_refusal"),
            ("421", "temporary_refusal"),
            ("550 5.7.25", "policy_refusal"),
            ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example", "policy_refusal"),
            ("354", "protocol_error"),
        )
    },
    "a sender refused is a policy refusal": _recipient(
        (*_MAIL[:-1], "S: 550 5.1.8 unknown", "C: QUIT"), fails("policy_refusal@envelope")
    ),
    "a sender refused for now is temporary": _recipient(
        (*_MAIL[:-1], "S: 452 4.3.1 full", "C: QUIT"), fails("temporary_refusal@envelope")
    ),
    "RSET refused is a protocol error": _recipient(
        (*_RCPT, "S: 250 ok", "C: RSET", "S: 502 what?", "C: QUIT"), fails("protocol_error@envelope")
    ),
    "an international domain is sent in ASCII": _recipient(
        (*_MAIL, "C: RCPT TO:<bob@xn--bcher-kva.test>", "S: 250 ok", "C: RSET", "S: 250 ok", *BYE),
        passes(),
        "bob@bücher.test",
    ),
    "an international address is sent with SMTPUTF8": _recipient(
        (
            *_EIGHT,
            "C: MAIL FROM:<> SMTPUTF8",
            "S: 250 ok",
            "C: RCPT TO:<jürgen@xn--bcher-kva.test>",
            "S: 250 ok",
            "C: RSET",
            "S: 250 ok",
            *BYE,
        ),
        passes(),
        _UMLAUT,
    ),
    "an international address is refused by a server without SMTPUTF8": _recipient(
        (*OPEN, "C: QUIT"), fails("recipient_refused@envelope"), _UMLAUT
    ),
    "an address that would be a second command is never sent": _recipient(
        (*OPEN, "C: QUIT"), fails("agent_error@envelope", "agent"), "bob@example.test>\r\nDATA\r\n"
    ),
    "closing instead of answering RCPT is closed": _recipient(_RCPT, fails("closed@envelope")),
    "a reset at a recipient is reset": _recipient((*_RCPT, Reset()), fails("reset@envelope")),
}

CASES = {
    **_MECHANISMS,
    **_REFUSALS,
    **_IN_CLEAR,
    **_ENVELOPE,
    "silence after RCPT times out": anonymous(
        (*_RCPT, Hang()), fails("timeout@envelope"), rcpt_to="bob@example.test", timeout=2.0
    ),
}
