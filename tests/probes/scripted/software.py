"""Exchange, Courier and Cyrus in their own words: greetings, logins and their ends, as these servers really answer."""

from __future__ import annotations

from tests.fakes.scripted_server import Script, Tls
from tests.probes.scripted.case import CHALLENGE, PLAIN, Case, Expected, fails, passes
from tests.probes.scripted.imap_login import INBOX, imap
from tests.probes.scripted.pop3 import capa, secure
from tests.probes.scripted.pop3_login import APOP, USER_PASS
from tests.probes.scripted.smtp import SECURED, smtp

_EXCHANGE_IMAP = (
    Tls(),
    "S: * OK The Microsoft Exchange IMAP4 service is ready. [RgBSADAAUAAyADgAMQBDAEEAMAA1ADMAMwA=]",
    "C: A1 CAPABILITY",
    "S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=NTLM AUTH=GSSAPI AUTH=PLAIN SASL-IR UIDPLUS ID UNSELECT IDLE LITERAL+",
    "S: A1 OK CAPABILITY completed.",
    "C: A2 AUTHENTICATE PLAIN " + PLAIN,
)
_EXCHANGE_IMAP_IN = (
    *_EXCHANGE_IMAP,
    "S: A2 OK AUTHENTICATE completed.",
    "C: A3 CAPABILITY",
    "S: * CAPABILITY IMAP4 IMAP4rev1 UIDPLUS",
    "S: A3 OK CAPABILITY completed.",
    "C: A4" + INBOX[0][5:],
)
_EXCHANGE_POP3 = (
    Tls(),
    "S: +OK The Microsoft Exchange POP3 service is ready. [TABPADEAUAByADAANABDAEEA]",
    "C: CAPA",
    *capa("TOP", "UIDL", "USER", "SASL NTLM GSSAPI", "STLS"),
    *USER_PASS,
)
_EXCHANGE_SMTP = (
    *SECURED,
    "S: 250-EX1.example.test Hello [192.0.2.7]",
    "S: 250-AUTH NTLM LOGIN PLAIN",
    "S: 250-AUTH=LOGIN",
    "S: 250 XRDST",
    "C: AUTH PLAIN " + PLAIN,
)


def _exchange(script: Script, answer: str, expected: Expected) -> Case:
    """A dialogue with Exchange that a refusal ends, over the protocol of `script`."""
    if script in (_EXCHANGE_IMAP, _EXCHANGE_IMAP_IN):
        return imap((*script, f"S: {answer}", *(() if answer.startswith("*") else ("C: A",))), expected)
    return (smtp if script is _EXCHANGE_SMTP else secure)((*script, f"S: {answer}", "C: QUIT"), expected)


_EXCHANGE: dict[str, Case] = {
    "Exchange's IMAP passes": imap(
        (
            *_EXCHANGE_IMAP_IN,
            "S: * 3 EXISTS",
            "S: * 0 RECENT",
            "S: A4 OK [READ-ONLY] EXAMINE completed.",
            "C: A5 LOGOUT",
            "S: * BYE Microsoft Exchange Server IMAP4 server signing off.",
            "S: A5 OK LOGOUT completed.",
        ),
        passes(),
    ),
    "Exchange's POP3 passes": secure(
        (
            *_EXCHANGE_POP3,
            "S: +OK User successfully logged on.",
            "C: STAT",
            "S: +OK 3 4096",
            "C: QUIT",
            "S: +OK Microsoft Exchange Server POP3 server signing off.",
        ),
        passes(),
    ),
    "Exchange's SMTP passes": smtp(
        (
            *_EXCHANGE_SMTP,
            "S: 235 2.7.0 Authentication successful",
            "C: QUIT",
            "S: 221 2.0.0 Service closing transmission channel",
        ),
        passes(),
    ),
    "Exchange's IMAP refuses a login": _exchange(
        _EXCHANGE_IMAP, "A2 NO AUTHENTICATE failed.", fails("login_refused@auth")
    ),
    "Exchange's IMAP whose mailbox server is away is temporary": _exchange(
        _EXCHANGE_IMAP, "A2 NO Server Unavailable. 15", fails("temporary_refusal@auth")
    ),
    "Exchange's IMAP that closes at a login is temporary": _exchange(
        _EXCHANGE_IMAP, "* BYE Connection is closed. 13", fails("temporary_refusal@auth")
    ),
    "Exchange's IMAP that is not connected to its mailbox server is temporary": _exchange(
        _EXCHANGE_IMAP_IN, "A4 BAD User is authenticated but not connected.", fails("temporary_refusal@mailbox")
    ),
    "Exchange's POP3 refuses a login": _exchange(
        _EXCHANGE_POP3, "-ERR Logon failure: unknown user name or bad password.", fails("login_refused@auth")
    ),
    "Exchange's POP3 whose mailbox server is away is temporary": _exchange(
        _EXCHANGE_POP3, "-ERR Server Unavailable. 21", fails("temporary_refusal@auth")
    ),
    "Exchange's POP3 whose mailbox server goes away is temporary": secure(
        (
            *_EXCHANGE_POP3,
            "S: +OK User successfully logged on.",
            "C: STAT",
            "S: -ERR Server Unavailable. 21",
            "C: QUIT",
        ),
        fails("temporary_refusal@mailbox"),
    ),
    "Exchange's IMAP that is not connected at CAPABILITY is temporary": imap(
        (*_EXCHANGE_IMAP_IN[:8], "S: A3 BAD User is authenticated but not connected.", "C: A4 LOGOUT"),
        fails("temporary_refusal@capabilities"),
    ),
    "Exchange's POP3 with too many connections is temporary": _exchange(
        _EXCHANGE_POP3, "-ERR Connection is closed. 16", fails("temporary_refusal@auth")
    ),
    "Exchange's POP3 that takes no such login has no mechanism": _exchange(
        _EXCHANGE_POP3, "-ERR Command is not valid in this state.", fails("login_mechanism_missing@auth")
    ),
    "Exchange's SMTP refuses a login": _exchange(
        _EXCHANGE_SMTP, "535 5.7.3 Authentication unsuccessful", fails("login_refused@auth")
    ),
    "Exchange's SMTP without its directory is temporary": _exchange(
        _EXCHANGE_SMTP, "454 4.7.0 Temporary authentication failure", fails("temporary_refusal@auth")
    ),
    "Exchange's SMTP that knows no such mechanism has none": _exchange(
        _EXCHANGE_SMTP, "504 5.7.4 Unrecognized authentication type", fails("login_mechanism_missing@auth")
    ),
}

_COURIER_IMAP = (
    Tls(),
    "S: * OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT IDLE AUTH=PLAIN ACL] Courier-IMAP ready. Copyright",
    "C: A1 AUTHENTICATE PLAIN",
    "S: + ",
    "C: " + PLAIN,
)
_COURIER_POP3 = (
    Tls(),
    "S: +OK Hello there.",
    "C: CAPA",
    "S: +OK Here's what I can do:",
    *capa("SASL LOGIN PLAIN", "USER")[1:],
    "C: AUTH PLAIN " + PLAIN,
)

_COURIER: dict[str, Case] = {
    "Courier's IMAP passes": imap(
        (
            *_COURIER_IMAP,
            "S: A1 OK LOGIN Ok.",
            "C: A2 CAPABILITY",
            "S: * CAPABILITY IMAP4rev1 UIDPLUS",
            "S: A2 OK CAPABILITY completed",
            "C: A3" + INBOX[0][5:],
            "S: * 3 EXISTS",
            "S: A3 OK [READ-ONLY] Ok",
            "C: A4 LOGOUT",
            "S: * BYE Courier-IMAP server shutting down",
            "S: A4 OK LOGOUT completed",
        ),
        passes(),
    ),
    "Courier's POP3 passes": secure(
        (*_COURIER_POP3, "S: +OK logged in.", "C: STAT", "S: +OK 3 4096", "C: QUIT", "S: +OK Bye-bye."), passes()
    ),
    "Courier's IMAP refuses a login": imap(
        (*_COURIER_IMAP, "S: A1 NO Login failed.", "C: A2 LOGOUT"), fails("login_refused@auth")
    ),
    "Courier's POP3 refuses a login": secure(
        (*_COURIER_POP3, "S: -ERR Login failed.", "C: QUIT"), fails("login_refused@auth")
    ),
    "Courier's IMAP without authdaemond is temporary": imap(
        (*_COURIER_IMAP, "S: * BYE Temporary problem, please try again later"), fails("temporary_refusal@auth")
    ),
    "Courier's POP3 without authdaemond is temporary": secure(
        (*_COURIER_POP3, "S: -ERR Temporary problem, please try again later"), fails("temporary_refusal@auth")
    ),
    "Courier's IMAP without the user's folder is unavailable": imap(
        (*_COURIER_IMAP, "S: * BYE [ALERT] Fatal error: No such file or directory"), fails("login_unavailable@auth")
    ),
}

_CYRUS_IMAP = (
    Tls(),
    "S: * OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE AUTH=PLAIN SASL-IR] mail.test Cyrus IMAP 3.6.1 server ready",
    "C: A1 AUTHENTICATE PLAIN " + PLAIN,
)
_CYRUS_POP3 = (
    Tls(),
    f"S: +OK mail.test Cyrus POP3 v2.4.17 server ready {CHALLENGE.decode()}",
    "C: CAPA",
    "S: +OK List of capabilities follows",
    *capa(
        "SASL PLAIN",
        "EXPIRE NEVER",
        "LOGIN-DELAY 0",
        "TOP",
        "UIDL",
        "PIPELINING",
        "RESP-CODES",
        "AUTH-RESP-CODE",
        "USER",
    )[1:],
    APOP,
)

_CYRUS: dict[str, Case] = {
    "Cyrus' IMAP passes": imap(
        (
            *_CYRUS_IMAP,
            "S: A1 OK [CAPABILITY IMAP4rev1 LITERAL+ ID] Success (tls protection) SESSIONID=<cyrus-1-2>",
            *INBOX,
            "C: A3 LOGOUT",
            "S: * BYE LOGOUT received",
            "S: A3 OK Completed",
        ),
        passes(),
    ),
    "Cyrus' POP3 passes by APOP": secure(
        (
            *_CYRUS_POP3,
            "S: +OK Mailbox locked and ready SESSIONID=<x>",
            "C: STAT",
            "S: +OK 3 4096",
            "C: QUIT",
            "S: +OK",
        ),
        passes(),
    ),
    "Cyrus' IMAP refuses a login": imap(
        (*_CYRUS_IMAP, "S: A1 NO authentication failure", "C: A2 LOGOUT"), fails("login_refused@auth")
    ),
    "Cyrus' POP3 refuses a login": secure(
        (
            *_CYRUS_POP3,
            "S: -ERR [AUTH] authentication failed",
            "C: AUTH PLAIN",
            "S: -ERR [AUTH] Invalid login",
            "C: QUIT",
        ),
        fails("login_refused@auth"),
    ),
    "Cyrus' POP3 whose timestamp promises an APOP that it lacks passes by PLAIN": secure(
        (*_CYRUS_POP3, "S: -ERR Unrecognized command", "C: AUTH PLAIN", "S: +OK", "C: STAT", "S: +OK 0 0", "C: QUIT"),
        passes(),
    ),
    "Cyrus' IMAP without saslauthd is unavailable": imap(
        (*_CYRUS_IMAP, "S: A1 NO Login failed: generic failure", "C: A2 LOGOUT"), fails("login_unavailable@auth")
    ),
    "SMTP by Cyrus SASL without saslauthd is unavailable": smtp(
        (*_EXCHANGE_SMTP, "S: 535 5.7.8 Error: authentication failed: generic failure", "C: QUIT"),
        fails("login_unavailable@auth"),
    ),
}

CASES = {**_EXCHANGE, **_COURIER, **_CYRUS}
