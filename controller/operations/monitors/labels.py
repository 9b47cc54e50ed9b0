"""The labels in use, and what renames or removes one on all monitors that have it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from controller.decisions.monitors.labels import KEY_RULE, VALUE_RULE, is_key, is_value
from controller.decisions.monitors.many import SettingsOfMany
from controller.errors import InvalidError, InvalidFieldsError
from controller.model import Principal
from controller.model.monitor_list import MonitorFilter
from controller.operations.monitors.many import ChangeOfMany
from controller.store.monitors import labels as store
from controller.store.platform.pool import Database

MOST_LABELS_LISTED = 2000


class LabelInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A label, and how many monitors have each of its values. `values` are the most used ones first."""

    key: str
    values: list[tuple[str, int]]

    @property
    def monitors(self) -> int:
        return sum(count for _, count in self.values)


async def labels_in_use(database: Database, principal: Principal) -> list[LabelInUse]:
    """The labels of the monitors that the principal may see, by name; MOST_LABELS_LISTED pairs at most."""
    found = await store.counted(database, principal.organization_id, principal.customer_ids, limit=MOST_LABELS_LISTED)
    by_key: dict[str, list[tuple[str, int]]] = {}
    for one in found:
        by_key.setdefault(one.key, []).append((one.value, one.monitors))
    return [LabelInUse(key=key, values=values) for key, values in by_key.items()]


def having(key: str, value: str | None) -> MonitorFilter:
    """The monitors with this label; with any value where it is None. Raises InvalidFieldsError."""
    _check(("key", key, is_key, KEY_RULE), ("value", value or "", is_value, VALUE_RULE))
    return MonitorFilter(label_keys=[key]) if value is None else MonitorFilter(labels={key: value})


def removal_of(key: str) -> ChangeOfMany:
    return ChangeOfMany(settings=SettingsOfMany(labels={key: None}))


def renaming_of(key: str, value: str | None, new_key: str, new_value: str | None) -> ChangeOfMany:
    """The change that gives a label another name, and with `value` another value. Raises InvalidFieldsError."""
    _check(("newKey", new_key, is_key, KEY_RULE), ("newValue", new_value or "", is_value, VALUE_RULE))
    if new_key == key and (value is None or (new_value or "") == value):
        raise InvalidError("newKey", "must be another name, or the value another one")
    if value is None:
        return ChangeOfMany(settings=SettingsOfMany(renamed_labels={key: new_key}))
    renamed = {key: new_key} if new_key != key else {}
    return ChangeOfMany(settings=SettingsOfMany(labels={new_key: new_value or ""}, renamed_labels=renamed))


def _check(*values: tuple[str, str, Callable[[str], bool], str]) -> None:
    mistakes = [InvalidError(field, rule) for field, text, fits, rule in values if not fits(text)]
    if mistakes:
        raise InvalidFieldsError(mistakes)
