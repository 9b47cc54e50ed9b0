"""The form of a new token. Pure."""

from __future__ import annotations

import msgspec

from controller.errors import InvalidError
from controller.http.identifiers import is_uuid
from controller.model import TokenScope

FIELDS = frozenset({"name", "scope", "customer", "expires"})
NAMES = {"customerId": "customer", "expiresInDays": "expires"}
"""The form's names of fields that operations name otherwise."""

SCOPES = (
    (TokenScope.READ.value, "Read", "Reads monitors, results, incidents and settings. For dashboards and reports."),
    (
        TokenScope.WRITE.value,
        "Write",
        "Also makes, changes and deletes monitors, checks now and handles incidents. For scripts that set up monitors.",
    ),
    (
        TokenScope.ADMIN.value,
        "Administrate",
        "Also manages customers, channels and policies; of a customer only this customer. Never people or tokens.",
    ),
)
EXPIRIES = (
    ("7", "in 7 days"),
    ("30", "in 30 days"),
    ("90", "in 90 days"),
    ("365", "in a year"),
    ("", "never, until somebody revokes it"),
)


class TokenForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. `customer` is a public id; empty is all of the organization."""

    name: str = ""
    scope: str = TokenScope.READ.value
    customer: str = ""
    expires: str = "90"


def scope_of(form: TokenForm) -> TokenScope:
    """Raises InvalidError."""
    if form.scope not in set(TokenScope):
        raise InvalidError("scope", f"must be one of {', '.join(TokenScope)}")
    return TokenScope(form.scope)


def days_of(form: TokenForm) -> int | None:
    """Raises InvalidError."""
    if form.expires not in dict(EXPIRIES):
        raise InvalidError("expires", "must be chosen from the list")
    return int(form.expires) if form.expires else None


def check_customer(form: TokenForm) -> None:
    """Raises InvalidError."""
    if form.customer and not is_uuid(form.customer):
        raise InvalidError("customer", "must be chosen from the list")
