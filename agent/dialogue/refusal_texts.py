"""Refusals whose meaning stands only in their text, because older servers send no response code with them.

The words are those of the RFCs and of Dovecot, Courier, Cyrus, qpopper, Exchange and large providers. A response code
counts more than the text beside it, except for a text that no code can say: that the server lacks this way to log in.
"""

from __future__ import annotations

import re

from shared.wire.failures import CheckWarning, FailureKind, WarningKind

_NOT_OPENED = {
    "IN-USE": WarningKind.MAILBOX_BUSY,  # POP3, RFC 2449 section 8.1.2
    "LOGIN-DELAY": WarningKind.MAILBOX_BUSY,
    "INUSE": WarningKind.MAILBOX_BUSY,  # IMAP, RFC 5530 section 3
    "OVERQUOTA": WarningKind.MAILBOX_FULL,
}
"""Response codes of a server that works, though it does not open this mailbox now."""

NOT_ADMITTED = {
    "EXPIRED": "the password or the account has expired",
    "CONTACTADMIN": "the server's administrator must act",
}
"""Response codes of a server that admits an account no more, whatever the password (RFC 5530 section 3)."""

_CODES_WITHOUT_MEANING = frozenset({"", "ALERT"})

_ABOUT_THE_ACCOUNT = re.compile(
    r"account|passw|attempts|credential|administrat|abuse|suspend|disabled|security|expired|failed login|failed auth",
    re.IGNORECASE,
)
"""A lock of the account, or another refusal of its user: never what another client or the server's load causes."""

_LOCK = re.compile(
    r"\b(un)?lock(ed|ing|s)?\b|\bmaillock\b|\bin use\b|\bbusy\b|\bbeing (read|used|accessed)\b"
    r"|\balready (open|opened|active)\b|\b(another|other) (pop3? |imap4? )?(session|client|process)\b",
    re.IGNORECASE,
)
_MAILBOX = re.compile(
    r"\b(mail ?drop|mail ?box|mail ?dir|mail ?file|mail ?spool|in ?box|folder|session)s?\b|\bmaillock\b|\.pop\b|/mail/"
    r"|\bwaiting for lock\b",
    re.IGNORECASE,
)

_KINDS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    (
        FailureKind.LOGIN_UNAVAILABLE,
        re.compile(
            r"\bgeneric failure\b"  # Cyrus SASL without saslauthd, or with a broken plugin
            r"|\blost to authentication server\b|\bfatal error\b",
            re.IGNORECASE,
        ),
    ),
    (
        FailureKind.TEMPORARY_REFUSAL,
        re.compile(
            r"\btoo many (\w+ ){0,2}(connections|sessions)\b|\bmaximum (number of )?(\w+ )?(connections|sessions)\b"
            r"|\bconnection limit\b|\bbandwidth limit"
            r"|\b(server|services?) (is )?(currently )?(unavailable|not available|busy|overloaded)\b"
            r"|\bconnection (is )?closed\. \d|\bauthenticated but not connected\b",  # both Exchange
            re.IGNORECASE,
        ),
    ),
)

_NO_SUCH_WAY = re.compile(
    r"\b(unknown|unrecogni[sz]ed|unimplemented|unsupported|invalid) (command|authentication (mechanism|type|method))\b"
    r"|\bcommand (is )?(not (valid|implemented|supported|recogni[sz]ed|known|allowed)|unknown)\b",
    re.IGNORECASE,
)
"""The server did not look at the password; Dovecot says so behind the code of refused logins."""

_LATER = re.compile(r"\btemporar(y|ily)\b|\btry (again )?later\b|\bwait a few\b", re.IGNORECASE)
"""Temporary trouble of the server, unless the text is about the account: bans after wrong passwords end too."""


def warning_instead(code: str, text: str, detail: str) -> CheckWarning | None:
    """The warning that a refusal to open a mailbox amounts to if the server works: the mailbox is in use or full.

    `code` is the response code of IMAP or POP3, "" if there is none; `detail` is shown to people.
    """
    kind = _NOT_OPENED.get(code)
    if kind is None and code in _CODES_WITHOUT_MEANING and _is_lock(text):
        kind = WarningKind.MAILBOX_BUSY
    return None if kind is None else CheckWarning(kind=kind, detail=detail)


def _is_lock(text: str) -> bool:
    return bool(_LOCK.search(text) and _MAILBOX.search(text) and not _ABOUT_THE_ACCOUNT.search(text))


def in_words(code: str, detail: str) -> str:
    """The detail of a refused login with this response code, which begins with our words if it needs any."""
    return f"{NOT_ADMITTED[code]}: {detail}" if code in NOT_ADMITTED else detail


def kind_by_text(code: str, text: str) -> FailureKind | None:
    """What a refusal, most often of a login, is about if only its text says so, else None."""
    if _NO_SUCH_WAY.search(text):
        return FailureKind.LOGIN_MECHANISM_MISSING
    if code not in _CODES_WITHOUT_MEANING:
        return None
    kind = next((kind for kind, words in _KINDS if words.search(text)), None)
    if kind is None and _LATER.search(text) and not _ABOUT_THE_ACCOUNT.search(text):
        return FailureKind.TEMPORARY_REFUSAL
    return kind
