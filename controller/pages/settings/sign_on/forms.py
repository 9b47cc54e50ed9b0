"""The form of single sign-on, and the settings that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.breaches import Breaches
from controller.errors import InvalidError
from controller.http.identifiers import is_uuid
from controller.model import Role
from controller.model.sign_on import GroupRole, SignOn
from controller.operations.sign_on.settings import SignOnChange
from controller.pages.shell.versions import version_of
from shared.secret import Secret

SCOPES = "openid email profile"
CLAIM = "groups"
KEEP, REPLACE, REMOVE = "keep", "replace", "remove"
SPARE_ROWS = 3
"""Empty rows for more groups: a page without scripts cannot add one."""

NAMES = {
    "clientId": "client_id",
    "clientSecret": "client_secret",
    "groupsClaim": "groups_claim",
    "defaultRole": "default_role",
    "createUsers": "create_users",
    "allowedEmailDomains": "domains",
    "roles": "group",
}
"""The form's names of fields that operations name otherwise."""


class SignOnForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted. The n-th `group` has the n-th `role`; `limits` are `n:id` of a customer for the n-th group.
    `secret` says what becomes of the secret that is stored. `sealed` holds one that was typed before.
    """

    issuer: str = ""
    client_id: str = ""
    secret: str = REPLACE
    client_secret: str = ""
    domains: str = ""
    scopes: str = SCOPES
    groups_claim: str = CLAIM
    group: list[str] = []
    role: list[str] = []
    limits: list[str] = []
    default_role: str = ""
    create_users: str = ""
    version: str = ""
    sealed: str = ""


FIELDS = frozenset(SignOnForm.__struct_fields__) - {"sealed"}


class _Versioned(msgspec.Struct, frozen=True, kw_only=True):
    form: SignOnForm
    config: dict[str, Any]


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """A group in the form, perhaps an empty one. `number` is its place in the form."""

    number: int
    group: str
    role: str
    limits: list[str]


def form_of_sign_on(sign_on: SignOn) -> SignOnForm:
    """The form as the settings fill it in; never the secret."""
    return SignOnForm(
        issuer=sign_on.issuer,
        client_id=sign_on.client_id,
        secret=KEEP if sign_on.config else REPLACE,
        domains=" ".join(sign_on.allowed_email_domains or ()),
        scopes=" ".join(sign_on.scopes),
        groups_claim=sign_on.groups_claim,
        group=[given.group for given in sign_on.roles],
        role=[given.role.value for given in sign_on.roles],
        limits=[f"{at}:{one}" for at, given in enumerate(sign_on.roles) for one in given.customers or ()],
        default_role=sign_on.default_role or "",
        create_users="on" if sign_on.create_users else "",
    )


def sign_on_version(sign_on: SignOn | None) -> str:
    """Another one for other settings, also for another secret, of which it has only what is stored encrypted."""
    if sign_on is None:
        return version_of(SignOnForm())
    return version_of(_Versioned(form=form_of_sign_on(sign_on), config=sign_on.config))


def group_rows(form: SignOnForm) -> list[GroupRow]:
    """Every group of the form, and some empty rows."""
    filled = [
        GroupRow(
            number=number,
            group=group,
            role=form.role[number] if number < len(form.role) else Role.USER.value,
            limits=[one for one in form.limits if one.startswith(f"{number}:")],
        )
        for number, group in enumerate(form.group)
    ]
    while filled and not filled[-1].group.strip():
        filled.pop()
    spare = range(len(filled), len(filled) + SPARE_ROWS)
    return filled + [GroupRow(number=number, group="", role=Role.USER.value, limits=[]) for number in spare]


def sign_on_change_of(form: SignOnForm, *, stored: bool) -> SignOnChange:
    """`stored`: there is a secret. Raises InvalidFieldsError for what is no role and no customer; the other rules are
    the operation's.
    """
    found = Breaches()
    roles: list[GroupRole] = []
    for row in group_rows(form):
        with found.noted():
            if row.group.strip():
                roles.append(GroupRole(group=row.group.strip(), role=_role(row.role, "group"), customers=_limits(row)))
    default: Role | None = None
    with found.noted():
        default = _role(form.default_role, "default_role") if form.default_role else None
    for name, value in (("client_id", form.client_id), ("groups_claim", form.groups_claim)):
        with found.noted():
            _check_ascii(value.strip(), name)
    secret: Secret | UnsetType | None = UNSET
    with found.noted():
        secret = _secret(form, stored=stored)
    found.refuse(every=True)
    return SignOnChange(
        issuer=form.issuer.strip(),
        client_id=form.client_id.strip(),
        client_secret=secret,
        scopes=form.scopes.split(),
        groups_claim=form.groups_claim.strip(),
        roles=roles,
        default_role=default,
        create_users=form.create_users == "on",
        allowed_email_domains=form.domains.replace(",", " ").split() or None,
    )


def refused_group(error: InvalidError, roles: Sequence[str]) -> InvalidError:
    """The same, with the name of the group instead of its place in a list; other errors as they are."""
    place, _, field = error.field.removeprefix("roles[").partition("].")
    if not field or not place.isdecimal() or int(place) >= len(roles):
        return error
    what = {"group": "", "role": "role ", "customers": "customers "}.get(field, "")
    return InvalidError("group", f"{roles[int(place)]}: {what}{error.rule}")


def _role(text: str, field: str) -> Role:
    if text not in set(Role):
        raise InvalidError(field, "must be chosen from the list")
    return Role(text)


def _limits(row: GroupRow) -> list[UUID] | None:
    texts = [one.partition(":")[2] for one in row.limits]
    if not all(map(is_uuid, texts)):
        raise InvalidError("group", "must have customers of the list")
    return [UUID(text) for text in texts] or None


def _secret(form: SignOnForm, *, stored: bool) -> Secret | UnsetType | None:
    if form.secret not in {KEEP, REPLACE, REMOVE}:
        raise InvalidError("secret", "must be chosen from the list")
    if form.secret == KEEP and stored:
        return UNSET
    if form.secret == REMOVE or not form.client_secret:
        if form.secret == REPLACE and stored:
            raise InvalidError("client_secret", "must be given to replace the one that is stored")
        return None
    _check_ascii(form.client_secret, "client_secret")
    return Secret(form.client_secret)


def _check_ascii(text: str, field: str) -> None:
    if not (text and text.isascii() and text.isprintable()):
        raise InvalidError(field, "must be of printable ASCII characters")
