"""Custom properties of a monitor: a change names a property by its id, and what it leaves out stays (A11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from controller.api.compat.alertsite.values import MOST_PROPERTIES

Property: TypeAlias = dict[str, Any]
"""Some of `id`, `name` (its label), `value` and `value_id`."""

_VALUE = ("value", "value_id")


def merged(before: Iterable[Property], sent: Iterable[Property]) -> list[Property]:
    """The properties to store, each once. One that is not sent stays. One that is sent without a value loses its value
    and is shown no more, but its label is stored for when it gets a value again.
    """
    properties = {_key(known): known for known in before}
    for one in sent:
        properties[_key(one)] = _changed(properties.get(_key(one), {}), one)
    stored = list(properties.values())
    labels = [one for one in stored if "name" in one and not _has_value(one)][-MOST_PROPERTIES:]
    return [one for one in stored if _has_value(one) or one in labels]


def valued(stored: Sequence[Property]) -> list[Property]:
    """The properties that are shown: those with a value."""
    return [one for one in stored if _has_value(one)]


def _changed(old: Property, sent: Property) -> Property:
    """`value` is the text of `value_id`: one without the other keeps the other only if it is sent as it was."""
    new = {**old, **sent, "id": old.get("id", sent["id"])}
    same = [name for name in _VALUE if name in sent and sent[name] == old.get(name)]
    if not same:
        for name in _VALUE:
            if name not in sent:
                new.pop(name, None)
    return new


def _has_value(one: Property) -> bool:
    return any(name in one for name in _VALUE)


def _key(one: Property) -> str:
    """Numbers may be sent as strings of digits (A4), so both name the same property."""
    return str(one["id"])
