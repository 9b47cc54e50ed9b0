"""What refusals mean whose meaning stands only in their text."""

from __future__ import annotations

import pytest

from agent.dialogue.refusal_texts import kind_by_text, warning_instead
from shared.wire.failures import FailureKind, WarningKind

TEMPORARY, MISSING = FailureKind.TEMPORARY_REFUSAL, FailureKind.LOGIN_MECHANISM_MISSING
UNAVAILABLE = FailureKind.LOGIN_UNAVAILABLE


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("", "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", TEMPORARY),
        ("ALERT", "Too many simultaneous connections. (Failure)", TEMPORARY),
        ("ALERT", "Account exceeded command or bandwidth limits. (Failure)", TEMPORARY),
        ("", "mail storage services unavailable, wait a few minutes and try again", TEMPORARY),
        ("", "Temporary authentication failure", TEMPORARY),
        ("", "Server Unavailable. 15", TEMPORARY),
        ("", "Your account is temporarily locked", None),
        ("", "Too many failed login attempts, try again later", None),
        ("", "Authentication failed.", None),
        ("", "Please try again", None),
        ("", "", None),
        ("AUTHENTICATIONFAILED", "Temporary authentication failure", None),
        ("", "authentication failed: generic failure", UNAVAILABLE),
        ("AUTH", "Unsupported authentication mechanism.", MISSING),
        ("", "Unrecognized command", MISSING),
        ("", "Command is not valid in this state.", MISSING),
        ("", "Invalid user name or password", None),
    ],
)
def test_what_a_text_says(code: str, text: str, kind: FailureKind | None) -> None:
    assert kind_by_text(code, text) is kind
    assert kind_by_text(code, text.upper()) is kind


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("IN-USE", "", WarningKind.MAILBOX_BUSY),
        ("INUSE", "", WarningKind.MAILBOX_BUSY),
        ("LOGIN-DELAY", "", WarningKind.MAILBOX_BUSY),
        ("OVERQUOTA", "", WarningKind.MAILBOX_FULL),
        ("", "maildrop already locked", WarningKind.MAILBOX_BUSY),
        ("ALERT", "Mailbox is locked by another session", WarningKind.MAILBOX_BUSY),
        ("SYS/TEMP", "unable to lock maildrop", None),
        ("AUTH", "mailbox locked", None),
        ("", "account locked", None),
        ("", "mailbox locked for security reasons", None),
        ("", "this mailbox does not exist", None),
        ("", "the server is busy", None),
        ("", "too many sessions", None),
    ],
)
def test_which_refusals_are_only_warnings(code: str, text: str, kind: WarningKind | None) -> None:
    found = warning_instead(code, text, "shown")
    assert (found and found.kind) == kind
    assert found is None or found.detail == "shown"
