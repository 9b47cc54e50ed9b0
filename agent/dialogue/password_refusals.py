"""Refusals of every password, or of every ordinary one: how providers say them, and how a failure's detail says them.

Another try or another such password would not help; an access token or an application password does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.errors import CheckError
from shared.wire.failures import FailureKind
from shared.wire.targets import Login, Server

_MEANING = "this server no longer takes passwords here"
_SUGGESTION = "an application password may be needed here"

_FOR_TOKENS = frozenset({"XOAUTH2", "OAUTHBEARER"})
_GOOGLE = (".gmail.com", ".google.com", ".googlemail.com")

_TEXT = re.compile(
    r"\bbasic ?auth(entication)? ?(is )?(blocked|disabled|not supported)|\bapplication-specific password required",
    re.IGNORECASE,
)
"""The words of Microsoft and Google. No response code of IMAP or POP3 says it."""


def refuses_every_password(text: str) -> bool:
    """Whether a refusal of IMAP or POP3 is about passwords as such, not about the one that was sent."""
    return bool(_TEXT.search(text))


def takes_only_tokens(offered: Iterable[str]) -> bool:
    """Whether a server that offers no way for a password takes access tokens instead."""
    return not _FOR_TOKENS.isdisjoint(offered)


def no_passwords(detail: str, login: Login) -> str:
    """The detail of a failure by which a server takes no passwords, in our words; for an access token as it is."""
    return detail if login.bearer else f"{_MEANING}: {detail}"


def explain_at_google(refused: CheckError, target: Server) -> CheckError:
    """The same refusal; if Google refused a password, its detail says what that often means there."""
    host = f".{target.host.rstrip('.').lower()}"
    with_password = target.login is not None and not target.login.bearer
    if refused.kind is FailureKind.LOGIN_REFUSED and with_password and host.endswith(_GOOGLE):
        refused.detail = f"{_SUGGESTION}: {refused.detail}"
    return refused
