"""Refusals of a monitor in the names of our own API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import InvalidError, InvalidFieldsError
from controller.kinds.typed_names import in_typed_names

_NAMES = {
    "checkIntervalSeconds": "interval",
    "timeoutSeconds": "timeout",
    "allowedCheckCountryCodes": "countries",
    "notificationPhoneNumber": "notificationPhone",
}
"""The names of fields in the rules, which are Uptimeify's, and ours."""


@contextmanager
def in_our_names(kind: str) -> Iterator[None]:
    """Raises what the block raises, with the names that a monitor of this kind has here, and all breaches at once."""
    try:
        yield
    except InvalidError as error:
        raise InvalidFieldsError([_renamed(each, kind) for each in error.fields]) from error


def _renamed(error: InvalidError, kind: str) -> InvalidError:
    if error.field in _NAMES:
        return InvalidError(_NAMES[error.field], error.rule)
    return in_typed_names(error, kind)
