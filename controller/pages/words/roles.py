"""What each role may do, in a sentence, for where it is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.decisions.access import GLOBAL
from controller.model import Role
from controller.pages.shell.texts import counted

ROLES = {
    Role.READONLY: (
        "Read only",
        "Sees monitors and incidents of ticked customers (none ticked: none). Sets monitors on, off or in maintenance.",
    ),
    Role.USER: (
        "User",
        "Makes and changes monitors, checks now, takes and resolves incidents, and makes tokens of customers.",
    ),
    Role.EDITOR: ("Editor", "The same as a user. Some programs that were written for other services use this name."),
    Role.ADMIN: (
        "Administrator",
        "Does everything in this organization: also people, tokens, customers, channels, policies and single sign-on.",
    ),
    Role.GLOBAL_SUPPORTER: (
        "Supporter of every organization",
        "Sees everything of every organization of this installation, and changes nothing.",
    ),
    Role.GLOBAL_ADMIN: (
        "Administrator of every organization",
        "Does everything in every organization of this installation, and adds organizations.",
    ),
}
"""The name and the sentence of each role, those who may do least first."""


def role_name(role: Role) -> str:
    return ROLES[role][0]


def sees(role: Role, customers: Sequence[str] | None) -> str:
    """What an account with this role sees, limited to these customers; None is no limit. Empty: no monitor at all."""
    if customers is None:
        where = "every organization" if role in GLOBAL else "the organization"
        return f"all customers and monitors of {where}"
    if not customers:
        return ""
    return f"the monitors and incidents of {counted(len(customers), 'customer')}: {', '.join(customers)}"


def role_options(roles: Iterable[Role]) -> list[tuple[str, str, str]]:
    """These roles as options of a form: value, name and sentence."""
    chosen = set(roles)
    return [(role.value, name, about) for role, (name, about) in ROLES.items() if role in chosen]
