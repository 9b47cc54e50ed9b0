"""Mailboxes that are in use, full or not opened yet: the server works, so the check passes with a warning.

Locks of accounts are refused logins all the same.
"""

from __future__ import annotations

from tests.fakes.scripted_server import Script
from tests.probes.scripted.case import Case, Expected, fails, passes
from tests.probes.scripted.imap_login import BYE as IMAP_BYE
from tests.probes.scripted.imap_login import END, INBOX, PLAIN_SENT, imap
from tests.probes.scripted.imap_login import OK as IMAP_OK
from tests.probes.scripted.pop3 import BYE, secure
from tests.probes.scripted.pop3_login import APOP, APOP_GREETING, AUTH, STAT, USER_PASS, offering

_LOGGED_OUT = ("C: A2 LOGOUT", "S: * BYE", "S: A2 OK")


def _pop3(script: Script, refusal: str, expected: Expected) -> Case:
    """A POP3 server that refuses with -ERR and this text where `script` ends."""
    return secure((*script, f"S: -ERR {refusal}", *(BYE if expected.warnings else ("C: QUIT",))), expected)


_POP3_LOCKS = {
    "RFC 1939": "maildrop already locked",
    "RFC 1939, unable": "unable to lock maildrop",
    "Dovecot 1": "Couldn't open INBOX: Timeout while waiting for lock",
    "Dovecot 2": "[IN-USE] Couldn't open INBOX: Mailbox is locked, will abort in 30 seconds",
    "Courier": "Unable to obtain a lock on this maildir, try again later",
    "Cyrus": "[IN-USE] Unable to lock maildrop: Mailbox is locked by POP server",
    "Cyrus 2.0": "Unable to lock maildrop",
    "qpopper": "Maildrop lock busy!  Is another session active?",
    "qpopper with its file": "/var/mail/.alice.pop lock busy!  Is another session active? (11)",
    "qpopper before 3": "maillock: cannot lock file",
    "Exchange": "The mailbox is in use by another client",
    "hMailServer": "Your mailbox is already locked",
    "VPOP3": "Mailbox Locked",
    "mailutils": "[IN-USE] Mailbox in use",
    "a pause between logins": "[LOGIN-DELAY] Logins must be at least 5 minutes apart",
}
_POP3_REFUSALS = {
    "an account": "Account is locked: too many failed login attempts",
    "a mailbox by its administrator": "Mailbox locked by the administrator",
    "a password": "mailbox locked, wrong password",
    "a code beside the text": "[AUTH] mailbox locked",
}

_POP3: dict[str, Case] = {
    **{
        f"POP3, a lock in the words of {server}": _pop3(AUTH, words, passes("mailbox_busy"))
        for server, words in _POP3_LOCKS.items()
    },
    **{
        f"POP3, a lock of {what} is a refused login": _pop3(AUTH, words, fails("login_refused@auth"))
        for what, words in _POP3_REFUSALS.items()
    },
    "POP3, a lock in words after APOP is not tried again with the password": _pop3(
        (*offering("USER", greeting=APOP_GREETING), APOP), "maildrop already locked", passes("mailbox_busy")
    ),
    "POP3, a lock in words to USER": _pop3(
        (*offering("USER"), USER_PASS[0]), "maildrop already locked", passes("mailbox_busy")
    ),
    "POP3, a lock after the login": _pop3(STAT, "[IN-USE] locked", passes("mailbox_busy")),
    "POP3, a lock in words after the login": _pop3(STAT, "unable to lock maildrop", passes("mailbox_busy")),
    "POP3, a full mailbox at the login": _pop3(AUTH, "[OVERQUOTA] full", passes("mailbox_full")),
}


def _at_login(status: str, expected: Expected) -> Case:
    return imap((*PLAIN_SENT, f"S: A1 {status}", *(_LOGGED_OUT if expected.warnings else ("C: A2",))), expected)


def _at_examine(status: str, expected: Expected) -> Case:
    script = (*PLAIN_SENT, IMAP_OK, INBOX[0], f"S: A2 {status}")
    return imap((*script, *(IMAP_BYE if expected.warnings else ("C: A3 LOGOUT",))), expected)


_IMAP: dict[str, Case] = {
    "IMAP, a mailbox in use at the login": _at_login("NO [INUSE] wait", passes("mailbox_busy")),
    "IMAP, a lock in words at the login": _at_login("NO Mailbox is locked", passes("mailbox_busy")),
    "IMAP, an account that is locked is a refused login": _at_login("NO Account locked", fails("login_refused@auth")),
    "IMAP, a lock in the words of Cyrus": _at_examine("NO Mailbox is locked by POP server", passes("mailbox_busy")),
    "IMAP, a full mailbox at the login": _at_login("NO [OVERQUOTA] full", passes("mailbox_full")),
    "IMAP, a full mailbox": _at_examine("NO [OVERQUOTA] full", passes("mailbox_full")),
    "IMAP, a soft quota": imap(
        (*PLAIN_SENT, "S: * NO [OVERQUOTA] Soft quota has been exceeded", *END), passes("mailbox_full")
    ),
    "IMAP, a soft quota at the mailbox": imap(
        (*PLAIN_SENT, IMAP_OK, INBOX[0], "S: * OK [OVERQUOTA] 101 % used", *INBOX[1:], *IMAP_BYE),
        passes("mailbox_full"),
    ),
}

CASES = {**_POP3, **_IMAP}
