"""What the account's page shows."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.errors import DomainError, InvalidError, LimitedError
from controller.model import OwnSession, Role
from controller.operations.accounts.profiles import Profile
from controller.pages.account.browsers import browser_name
from controller.pages.shell.texts import span

ROLES = {
    Role.ADMIN: "administrator",
    Role.USER: "user",
    Role.EDITOR: "editor",
    Role.READONLY: "read only",
    Role.GLOBAL_SUPPORTER: "supporter of every organization (read only)",
    Role.GLOBAL_ADMIN: "administrator of every organization",
}
DONE = {
    "password": "Your password is changed. Every other session has ended.",
    "session": "The session has ended.",
    "others": "Every other session has ended.",
    "view": "Saved for this browser.",
}
"""What to say after a form was accepted, by the value of `done` in the URL."""


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session. `id` is sent to end it."""

    id: str
    browser: str
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime | None
    current: bool


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """`customers` is None for somebody who sees all. `theme` and `keys` are what this browser has chosen;
    `choosing`: a password can be chosen without the current one.
    """

    name: str
    email: str
    role: str
    organization: str
    customers: list[str] | None
    sessions: list[SessionRow]
    theme: str
    keys: bool
    choosing: bool
    done: str | None
    problem: str | None


def account_view(
    profile: Profile,
    sessions: list[OwnSession],
    *,
    theme: str | None,
    keys: bool,
    choosing: bool,
    done: str | None = None,
    problem: str | None = None,
) -> AccountView:
    account = profile.account
    return AccountView(
        name=" ".join(filter(None, (account.first_name, account.last_name))),
        email=account.email,
        role=ROLES[account.role],
        organization=profile.organization,
        customers=profile.customers,
        sessions=[_row(session) for session in sessions],
        theme=theme or "system",
        keys=keys,
        choosing=choosing,
        done=DONE.get(done or ""),
        problem=problem,
    )


def password_problem(error: DomainError) -> str:
    """Why the password was not changed, in words."""
    if isinstance(error, LimitedError):
        return f"There were too many attempts. Try again in {span(error.retry_after)}."
    if isinstance(error, InvalidError) and error.field == "currentPassword":
        return "The current password is wrong." if error.rule == "is wrong" else "Give your current password, too."
    if isinstance(error, InvalidError):
        return f"The new {error.field} {error.rule}."
    return str(error)


def _row(session: OwnSession) -> SessionRow:
    return SessionRow(
        id=str(session.public_id),
        browser=browser_name(session.user_agent) if session.cookie else "a program, with an access token",
        user_agent=session.user_agent or "",
        address=session.address or "unknown",
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        current=session.current,
    )
