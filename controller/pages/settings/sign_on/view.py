"""What the pages of single sign-on show. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from controller.model.audit import AuditEntry
from controller.operations.accounts.login_entries import SIGN_ON
from controller.pages.settings.sign_on.forms import GroupRow

DONE = {
    "made": "Single sign-on is set up. Try it: log in by it in another browser before you rely on it.",
    "saved": "The changes were saved. They hold from the next login on.",
    "deleted": "Single sign-on has ended. Everybody logs in with a password now.",
}


class SignOnRefusalView(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody was not let in last."""

    at: datetime
    reason: str
    who: str | None


class SignOnSettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """`exists`: it is set up; `has_secret`: a secret is stored, which is never shown. `redirect_uri` is None without
    MAILPROBE_PUBLIC_URL.
    """

    exists: bool
    has_secret: bool
    redirect_uri: str | None
    login_url: str | None
    updated_at: datetime | None
    refused: SignOnRefusalView | None
    form: dict[str, Any]
    problems: dict[str, str]
    rows: list[GroupRow]
    roles: list[tuple[str, str]]
    default_roles: list[tuple[str, str]]
    customers: list[tuple[str, str]]
    done: str


class SignOnEndView(msgspec.Struct, frozen=True, kw_only=True):
    """What the end of single sign-on does."""

    issuer: str
    done: str = ""


def latest_refusal(entries: Iterable[AuditEntry]) -> SignOnRefusalView | None:
    """The newest login by single sign-on that failed; `entries` are of failed logins, the newest first."""
    for entry in entries:
        after = entry.after or {}
        if after.get("by") == SIGN_ON:
            return SignOnRefusalView(at=entry.at, reason=str(after.get("reason", "")), who=entry.object_name)
    return None
