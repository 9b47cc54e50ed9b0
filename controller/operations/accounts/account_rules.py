"""The rules for the values of an account."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import UnsetType

from controller.decisions.breaches import Breaches
from controller.decisions.monitors.monitors import is_email
from controller.errors import InvalidError
from controller.model import Role
from controller.model.values.texts import check_text
from controller.operations.accounts.passwords import check_password
from controller.store.accounts import customers
from controller.store.platform.pool import Database
from shared.secret import Secret


def check_values(
    email: str | UnsetType,
    first_name: str | UnsetType | None,
    last_name: str | UnsetType | None,
    password: Secret | UnsetType,
    *,
    every: bool = False,
) -> None:
    """Raises InvalidError, with `every` breach of a rule or the first."""
    found = Breaches()
    with found.noted():
        if isinstance(email, str):
            check_login_address(email)
    for text, field in ((first_name, "firstName"), (last_name, "lastName")):
        with found.noted():
            check_text(text or None, field=field)
    with found.noted():
        if isinstance(password, Secret):
            check_password(password.reveal())
    found.refuse(every=every)


def check_login_address(email: str, *, field: str = "email") -> None:
    """Raises InvalidError."""
    if not is_email(email):
        raise InvalidError(field, "must be an e-mail address")


def role_named(text: str) -> Role:
    """Raises InvalidError."""
    try:
        return Role(text)
    except ValueError:
        raise InvalidError("role", f"must be one of {', '.join(Role)}", message="Invalid role") from None


async def customer_numbers(
    database: Database, organization_id: int, identifiers: Sequence[int | UUID] | UnsetType | None
) -> list[int] | None:
    """None is no limit, and so is an empty list, because an account that sees nothing would be of no use. Raises
    InvalidError.
    """
    if not isinstance(identifiers, Sequence) or not identifiers:
        return None
    numbers = await customers.numbers_of(database, organization_id, list(identifiers))
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        raise InvalidError("customerIds", "must be customers of the organization", message="Invalid customer ID")
    return sorted(set(known))
