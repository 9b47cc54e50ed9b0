"""The forms of grouping and reminders, and what they set. An empty field sets nothing. Pure."""

from __future__ import annotations

import msgspec

from controller.decisions.notification.grouping import Grouping
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.notification.on_call import Reminders

ON, OFF, AS_ABOVE = "on", "off", ""
_SWITCH = {ON: True, OFF: False, AS_ABOVE: None}
_LONGEST_NUMBER = 6

NAMES = {
    "groupSeconds": "group_seconds",
    "groupUpdateSeconds": "group_update_seconds",
    "stormLimit": "storm_limit",
    "firstMinutes": "first_minutes",
    "maxMinutes": "max_minutes",
}
"""The forms' names of fields that operations name otherwise."""


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


def form_of_grouping(own: Grouping) -> GroupingForm:
    return GroupingForm(
        enabled=_switch(own.enabled),
        group_seconds=_text(own.group_seconds),
        group_update_seconds=_text(own.group_update_seconds),
        storm_limit=_text(own.storm_limit),
    )


def form_of_reminders(own: Reminders) -> RemindersForm:
    return RemindersForm(
        enabled=_switch(own.enabled), first_minutes=_text(own.first_minutes), max_minutes=_text(own.max_minutes)
    )


def grouping_of(form: GroupingForm) -> Grouping:
    """Raises InvalidFieldsError, with the names of operations."""
    problems: list[InvalidError] = []
    enabled, seconds, update_seconds, limit = None, None, None, None
    with noting(problems):
        enabled = _choice(form.enabled)
    with noting(problems):
        seconds = _number(form.group_seconds, "groupSeconds")
    with noting(problems):
        update_seconds = _number(form.group_update_seconds, "groupUpdateSeconds")
    with noting(problems):
        limit = _number(form.storm_limit, "stormLimit")
    if problems:
        raise InvalidFieldsError(problems)
    return Grouping(enabled=enabled, group_seconds=seconds, group_update_seconds=update_seconds, storm_limit=limit)


def reminders_of(form: RemindersForm) -> Reminders:
    """Raises InvalidFieldsError, with the names of operations."""
    problems: list[InvalidError] = []
    enabled, first, longest = None, None, None
    with noting(problems):
        enabled = _choice(form.enabled)
    with noting(problems):
        first = _number(form.first_minutes, "firstMinutes")
    with noting(problems):
        longest = _number(form.max_minutes, "maxMinutes")
    if problems:
        raise InvalidFieldsError(problems)
    return Reminders(enabled=enabled, first_minutes=first, max_minutes=longest)


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


def _switch(value: bool | None) -> str:
    return AS_ABOVE if value is None else ON if value else OFF


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
