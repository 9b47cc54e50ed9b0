"""Identifiers that clients send: public UUIDs in paths, numbers or UUIDs elsewhere (docs/compatibility.md, U1)."""

from __future__ import annotations

import re
from uuid import UUID

from controller.errors import InvalidError
from controller.model import Principal

INVALID_CUSTOMER = "Invalid Customer identifier"

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_LARGEST = 2**63 - 1


def monitor_public_id(text: str, *, message: str) -> UUID:
    """`message` is the text of the refusal, as `SMTP monitor public ID (UUID) required`. Raises InvalidError."""
    if not _UUID.fullmatch(text):
        raise InvalidError("publicId", "must be a UUID", message=message)
    return UUID(text)


def given_uuid(text: str, field: str) -> UUID:
    """The UUID in this parameter. Raises InvalidError."""
    if not _UUID.fullmatch(text):
        raise InvalidError(field, "must be a UUID")
    return UUID(text)


def customer_identifier(value: int | str) -> int | UUID:
    """A string of digits is read as a number. Raises InvalidError."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or not 1 <= value <= _LARGEST:
        raise InvalidError("customerId", "must be a number or a UUID", message=INVALID_CUSTOMER)
    return value


def path_id(text: str) -> UUID:
    """The UUID in a path of our own API. Raises InvalidError."""
    if not _UUID.fullmatch(text):
        raise InvalidError("id", "must be a UUID")
    return UUID(text)


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def names_another(text: str, principal: Principal) -> bool:
    """Whether `organizationId` names another organization than the one that the guard found for this caller. Raises
    InvalidError.
    """
    return not is_uuid(text) and organization_number(text) != principal.organization_id


def organization_number(text: str) -> int:
    """Raises InvalidError."""
    if not _NUMBER.fullmatch(text):
        raise InvalidError("organizationId", "must be a number", message="Invalid organizationId")
    return int(text)
