"""What the pages of single sign-on show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.model import Role
from controller.model.audit import AuditEntry
from controller.operations.accounts.login_entries import SIGN_ON
from controller.operations.sign_on.trials import ProviderTrial
from controller.pages.settings.sign_on.forms import GroupRow, SignOnForm, group_rows
from controller.pages.shell.problems import values_of
from controller.pages.shell.versions import BOX, differing, problems_of_conflict
from controller.pages.words.roles import role_name
from controller.sign_on.trial import ProviderStepName, ProviderStepOutcome

DONE = {
    "made": "Single sign-on is set up. Log in by it in another browser before you rely on it.",
    "saved": "The changes were saved. They hold from the next login on.",
    "deleted": "Single sign-on has ended. Everybody logs in with a password now.",
}


_SHOWN = ("issuer", "client_id", "domains", "scopes", "groups_claim", "default_role", "create_users")
_ROLES = {role.value: role_name(role) for role in Role}
_WORDS = {"create_users": BOX, "default_role": {"": "is not let in", **_ROLES}}
_SECRET_KEPT = "the one that you typed is kept with this form, though no page shows it"  # noqa: S105 - words
_STEPS = {
    ProviderStepName.DISCOVERY: "Discovery document",
    ProviderStepName.ISSUER: "Issuer",
    ProviderStepName.AUTHORIZATION_ENDPOINT: "Address to log in at",
    ProviderStepName.TOKEN_ENDPOINT: "Address for tokens",
    ProviderStepName.KEYS: "Keys for signatures",
    ProviderStepName.RETURN_ADDRESS: "Way back",
}
_OUTCOMES = {
    ProviderStepOutcome.PASSED: ("up", "works"),
    ProviderStepOutcome.FAILED: ("down", "does not work"),
    ProviderStepOutcome.SKIPPED: ("unknown", "not tried"),
}


class ProviderStepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of trying a provider: its name and outcome in words, and what helps."""

    name: str
    state: str
    outcome: str
    detail: str
    advice: str


class ProviderTrialView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of trying a provider."""

    issuer: str
    success: bool
    steps: list[ProviderStepView]


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
    tried: ProviderTrialView | None
    done: str


class SignOnEndView(msgspec.Struct, frozen=True, kw_only=True):
    """What the end of single sign-on does."""

    issuer: str
    done: str = ""


def trial_view(trial: ProviderTrial) -> ProviderTrialView:
    return ProviderTrialView(
        issuer=trial.issuer,
        success=trial.success,
        steps=[
            ProviderStepView(
                name=_STEPS[step.name],
                state=_OUTCOMES[step.outcome][0],
                outcome=_OUTCOMES[step.outcome][1],
                detail=step.detail,
                advice=step.advice,
            )
            for step in trial.steps
        ],
    )


def latest_refusal(entries: Iterable[AuditEntry]) -> SignOnRefusalView | None:
    """The newest login by single sign-on that failed; `entries` are of failed logins, the newest first."""
    for entry in entries:
        after = entry.after or {}
        if after.get("by") == SIGN_ON:
            return SignOnRefusalView(at=entry.at, reason=str(after.get("reason", "")), who=entry.object_name)
    return None


def changed_meanwhile(typed: SignOnForm, stored: SignOnForm, customers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What to show beside the fields when somebody else changed the settings since the form was drawn. Nothing is said
    of the secret that is stored.
    """
    names = dict(customers)
    mine, theirs = ({**_fields(one), "group": _groups(one, names)} for one in (typed, stored))
    problems = problems_of_conflict("single sign-on", differing(mine, theirs), theirs, _WORDS)
    return problems | ({"client_secret": _SECRET_KEPT} if typed.client_secret else {})


def _fields(form: SignOnForm) -> dict[str, Any]:
    values = values_of(form)
    return {name: values[name] for name in _SHOWN}


def _groups(form: SignOnForm, names: dict[str, str]) -> str:
    """Each group with what it gives, in words and in their order."""
    texts = []
    for row in group_rows(form):
        if name := row.group.strip():
            customers = [one.partition(":")[2] for one in row.limits]
            only = f" for {', '.join(names.get(one, one) for one in customers)}" if customers else ""
            texts.append(f"{name} ({_ROLES.get(row.role, row.role)}{only})")
    return "; ".join(texts)
