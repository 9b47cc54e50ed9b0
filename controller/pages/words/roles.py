"""What each role may do, in a sentence, for where it is chosen."""

from __future__ import annotations

from collections.abc import Iterable

from controller.model import Role

ROLES = {
    Role.READONLY: (
        "Read only",
        "Sees monitors and incidents of the customers that you tick, and switches monitors on and off. Nothing else.",
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


def role_options(roles: Iterable[Role]) -> list[tuple[str, str, str]]:
    """These roles as options of a form: value, name and sentence."""
    chosen = set(roles)
    return [(role.value, name, about) for role, (name, about) in ROLES.items() if role in chosen]
