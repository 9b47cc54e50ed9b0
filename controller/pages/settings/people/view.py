"""What the pages of people show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.decisions.access import GLOBAL
from controller.model import Customer, Principal, Role
from controller.operations.accounts.colleagues import Colleague
from controller.pages.settings.people.forms import BY_LINK, BY_PASSWORD, BY_SIGN_ON
from controller.pages.shell.versions import differing, problems_of_conflict
from controller.pages.words.roles import role_name, role_options, sees

_SHOWN = frozenset({"email", "first_name", "last_name", "role", "customers"})

DONE = {
    "added": "The colleague was added.",
    "saved": "The changes were saved.",
    "sessions": "All their sessions have ended. To keep them out, delete the account or change its role.",
    "deleted": "The account was deleted, and its sessions have ended.",
}


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the list. `customers` is None for all of them; `sees` says what that comes to, and is empty when it
    is no monitor.
    """

    id: str
    name: str
    email: str
    role: str
    customers: list[str] | None
    sees: str
    last_login_at: datetime | None
    last_used_at: datetime | None
    entry: str
    invited_until: datetime | None
    own: bool


class PeopleView(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[PersonRow]
    text: str
    following: str | None
    may_add: bool
    done: str


class NewPersonView(msgspec.Struct, frozen=True, kw_only=True):
    """`form` is as it was typed, but for the password."""

    form: dict[str, Any]
    problems: dict[str, str]
    roles: list[tuple[str, str, str]]
    customers: list[tuple[str, str]]
    entries: list[tuple[str, str, str]]
    done: str = ""


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """`changeable` is false for somebody with more rights than the one who looks has."""

    person: PersonRow
    sessions: int
    form: dict[str, Any]
    problems: dict[str, str]
    roles: list[tuple[str, str, str]]
    customers: list[tuple[str, str]]
    changeable: bool
    global_role: bool
    done: str


class LoginLinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link that is shown this once; `whole` is false when it lacks the dashboard's address. `sees` says what the
    person sees who comes in by it, and is empty when it is no monitor.
    """

    id: str
    email: str
    link: str
    whole: bool
    expires_at: datetime
    added: bool
    sees: str
    done: str = ""


class PersonRemovalView(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with an account, and which tokens stay that its person made."""

    person: PersonRow
    sessions: int
    tokens: list[str]
    done: str = ""


def person_row(found: Colleague, principal: Principal) -> PersonRow:
    account, where = found.account, found.whereabouts
    return PersonRow(
        id=str(account.public_id),
        name=" ".join(filter(None, (account.first_name, account.last_name))),
        email=account.email,
        role=role_name(account.role),
        customers=found.customers,
        sees=sees(account.role, found.customers),
        last_login_at=account.last_login_at,
        last_used_at=where.last_used_at,
        entry="single sign-on" if where.signs_on else "password",
        invited_until=where.invited_until,
        own=account.id == principal.account_id,
    )


def customer_options(customers: Iterable[Customer]) -> list[tuple[str, str]]:
    """Customers as options of a form, by name."""
    return [(str(one.public_id), one.name) for one in sorted(customers, key=lambda one: one.name.lower())]


def changed_meanwhile(
    typed: Mapping[str, Any], stored: Mapping[str, Any], customers: Iterable[Customer]
) -> dict[str, str]:
    """What to show beside the fields of an account that somebody else changed since its form was drawn."""
    words = {
        "role": {role.value: role_name(role) for role in Role},
        "customers": {str(one.public_id): one.name for one in customers},
    }
    shown = {name: value for name, value in stored.items() if name in _SHOWN}
    return problems_of_conflict("this account", differing(typed, shown), shown, words)


def entry_options(*, sign_on: bool) -> list[tuple[str, str, str]]:
    """How a new colleague can come in."""
    options = [
        (
            BY_LINK,
            "By a link",
            "It is shown once, after you add them. Hand it over: it logs in once, and they choose a password.",
        ),
        (BY_PASSWORD, "By a password that you set", "You hand over the password, and they can change it."),
    ]
    if sign_on:
        options.append(
            (
                BY_SIGN_ON,
                "By single sign-on only",
                "They log in at your provider with this e-mail address. No password is needed.",
            )
        )
    return options


def person_view(
    found: Colleague,
    principal: Principal,
    form: dict[str, Any],
    problems: dict[str, str],
    *,
    roles: Sequence[Role],
    customers: Sequence[Customer],
    done: str,
) -> PersonView:
    return PersonView(
        person=person_row(found, principal),
        sessions=found.whereabouts.sessions,
        form=form,
        problems=problems,
        roles=role_options(roles),
        customers=customer_options(customers),
        changeable=found.account.role in roles,
        global_role=found.account.role in GLOBAL,
        done=done,
    )
