"""The form of a colleague, and the account that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from controller.errors import InvalidError
from controller.model import Account, Customer, Role
from controller.operations.accounts.people import AccountChange
from controller.pages.settings.requests import uuids_of
from shared.secret import Secret

FIELDS = frozenset({"email", "first_name", "last_name", "role", "customers", "password", "entry"})
NAMES = {"firstName": "first_name", "lastName": "last_name", "customerIds": "customers"}
"""The form's names of fields that operations name otherwise."""

BY_LINK, BY_PASSWORD, BY_SIGN_ON = "link", "password", "sign_on"


class PersonForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. `entry` is how a new colleague comes in."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    role: str = Role.USER.value
    customers: list[str] = []
    entry: str = BY_LINK
    password: str = ""
    version: str = ""


class OwnNameForm(msgspec.Struct, frozen=True, kw_only=True):
    """What administrators change of their own account here."""

    first_name: str = ""
    last_name: str = ""
    version: str = ""


def form_of_account(account: Account, customers: Sequence[Customer]) -> PersonForm:
    """The form as the account fills it in."""
    limits = account.customer_ids or ()
    return PersonForm(
        email=account.email,
        first_name=account.first_name or "",
        last_name=account.last_name or "",
        role=account.role.value,
        customers=[str(one.public_id) for one in customers if one.id in limits],
    )


def own_form_of_account(account: Account) -> OwnNameForm:
    return OwnNameForm(first_name=account.first_name or "", last_name=account.last_name or "")


def new_account(form: PersonForm) -> AccountChange:
    """Raises InvalidError."""
    if form.entry not in {BY_LINK, BY_PASSWORD, BY_SIGN_ON}:
        raise InvalidError("entry", "must be chosen from the list")
    return AccountChange(
        email=form.email.strip(),
        first_name=form.first_name.strip() or None,
        last_name=form.last_name.strip() or None,
        role=form.role,
        password=Secret(form.password) if form.entry == BY_PASSWORD else UNSET,
        customers=uuids_of(form.customers, "customers"),
    )


def changed_account(form: PersonForm) -> AccountChange:
    """Raises InvalidError."""
    return AccountChange(
        email=form.email.strip(),
        first_name=form.first_name.strip() or None,
        last_name=form.last_name.strip() or None,
        role=form.role,
        customers=uuids_of(form.customers, "customers"),
    )


def own_names(form: OwnNameForm) -> AccountChange:
    return AccountChange(first_name=form.first_name.strip() or None, last_name=form.last_name.strip() or None)
