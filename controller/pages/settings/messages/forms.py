"""The forms of grouping and reminders, and what they set: their fields have the names of what may be set, and an empty
field sets nothing. Pure.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from controller.decisions.notification.grouping import Grouping
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.notification.on_call import Reminders

Form = TypeVar("Form", "GroupingForm", "RemindersForm")
Own = TypeVar("Own", Grouping, Reminders)

ON, OFF, AS_ABOVE = "on", "off", ""
_SWITCH = {ON: True, OFF: False, AS_ABOVE: None}
_LONGEST_NUMBER = 6

_SWITCHED = "enabled"

NAMES = {field.encode_name: field.name for own in (Grouping, Reminders) for field in msgspec.structs.fields(own)}
"""The forms' names of fields by those of operations."""


class GroupingForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts."""

    enabled: str = AS_ABOVE
    group_seconds: str = ""
    group_update_seconds: str = ""
    storm_limit: str = ""
    version: str = ""


class RemindersForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts."""

    enabled: str = AS_ABOVE
    first_minutes: str = ""
    max_minutes: str = ""
    version: str = ""


def form_of_own(form: type[Form], own: msgspec.Struct) -> Form:
    """The form as it is filled in with what is set."""
    return form(**{name: _text(value) for name, value in msgspec.structs.asdict(own).items()})


def own_of_form(form: GroupingForm | RemindersForm, own: type[Own]) -> Own:
    """What a form sets. Raises InvalidFieldsError, with the names of operations."""
    problems: list[InvalidError] = []
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(own):
        text = getattr(form, field.name)
        with noting(problems):
            values[field.name] = _choice(text) if field.name == _SWITCHED else _number(text, field.encode_name)
    if problems:
        raise InvalidFieldsError(problems)
    return own(**values)


def _choice(text: str) -> bool | None:
    if text not in _SWITCH:
        raise InvalidError("enabled", "must be one of the list")
    return _SWITCH[text]


def _number(text: str, field: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise InvalidError(field, "must be a whole number, or empty")
    return int(text)


def _text(value: bool | int | None) -> str:
    if isinstance(value, bool):
        return ON if value else OFF
    return AS_ABOVE if value is None else str(value)
