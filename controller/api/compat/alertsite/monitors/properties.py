"""Custom properties of a monitor: a change names a property by its id, and what it leaves out stays (A11).

A property with a name and a value is the label of that name, as far as it keeps the rules for labels. Its value is the
label's, which other groups of routes may change; a label with a value that was set there is shown as a property.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

from controller.api.compat.alertsite.values import MOST_PROPERTIES
from controller.decisions.monitors.labels import MOST_LABELS, is_key, is_value

Property: TypeAlias = dict[str, Any]
"""Some of `id`, `name` (its label), `value` and `value_id`."""

PROPERTIES = "custom_properties"
LABELLED = "labelled_properties"
"""Keys of `Monitor.alertsite`: the properties with their ids, and the ids of those whose values are labels."""

_VALUE = ("value", "value_id")


class StoredProperties(NamedTuple):
    """What is stored of a monitor's properties: the fields of `Monitor.alertsite` and the labels."""

    kept: dict[str, Any]
    labels: dict[str, str]


def shown(kept: Mapping[str, Any], labels: Mapping[str, str]) -> list[Property]:
    """The properties with a value."""
    return [one for one in _present(kept, labels) if _has_value(one)]


def changed(kept: Mapping[str, Any], labels: Mapping[str, str], sent: Iterable[Property]) -> StoredProperties:
    """The change of what is stored, each property once. One that is not sent stays. One that is sent without a value
    loses its value and is shown no more, but its name is stored for when it gets a value again.
    """
    sent = list(sent)
    before = _present(kept, labels)
    touched = {_key(one) for one in sent}
    after = _merged(before, sent)
    lost = {_name(one) for one in before if _key(one) in touched and labels.get(_name(one)) == _text(one)}
    new_labels = {name: value for name, value in labels.items() if name not in lost}
    for one in after:
        name, value = _name(one), _text(one)
        fits = value and is_key(name) and is_value(value) and not new_labels.get(name)
        if _key(one) in touched and fits and (name in new_labels or len(new_labels) < MOST_LABELS):
            new_labels[name] = value
    own = touched | {_key(one) for one in kept.get(PROPERTIES, [])}
    backed = [one for one in after if _text(one) and new_labels.get(_name(one)) == _text(one)]
    labelled = {_name(one): _key(one) for one in reversed(backed)}
    return StoredProperties(
        {
            **kept,
            PROPERTIES: [one for one in after if _key(one) in own],
            LABELLED: sorted(key for key in labelled.values() if key in own),
        },
        new_labels,
    )


def _present(kept: Mapping[str, Any], labels: Mapping[str, str]) -> list[Property]:
    """All properties as they are now, also those without a value."""
    stored, labelled = kept.get(PROPERTIES, []), kept.get(LABELLED, [])
    owners: dict[str, str] = {}
    for one in stored:
        if _key(one) in labelled or _name(one) not in owners:
            owners[_name(one)] = _key(one)
    found = []
    for one in stored:
        value = labels.get(_name(one)) if owners[_name(one)] == _key(one) else None
        if value:
            found.append(one if _text(one) == value else {**_without_value(one), "value": value})
        else:
            found.append(_without_value(one) if _key(one) in labelled else one)
    others = sorted((name, value) for name, value in labels.items() if value and name not in owners)
    return found + [{"id": id_of_label(name), "name": name, "value": value} for name, value in others]


def _merged(before: Iterable[Property], sent: Iterable[Property]) -> list[Property]:
    properties = {_key(known): known for known in before}
    for one in sent:
        properties[_key(one)] = _changed(properties.get(_key(one), {}), one)
    stored = list(properties.values())
    unvalued = [one for one in stored if "name" in one and not _has_value(one)][-MOST_PROPERTIES:]
    return [one for one in stored if _has_value(one) or one in unvalued]


def _changed(old: Property, sent: Property) -> Property:
    """`value` is the text of `value_id`: one without the other keeps the other only if it is sent as it was."""
    new = {**old, **sent, "id": old.get("id", sent["id"])}
    same = [name for name in _VALUE if name in sent and sent[name] == old.get(name)]
    if not same:
        for name in _VALUE:
            if name not in sent:
                new.pop(name, None)
    return new


def _without_value(one: Property) -> Property:
    return {name: field for name, field in one.items() if name not in _VALUE}


def _has_value(one: Property) -> bool:
    return any(name in one for name in _VALUE)


def _key(one: Property) -> str:
    """Numbers may be sent as strings of digits (A4), so both name the same property."""
    return str(one["id"])


def _name(one: Property) -> str:
    """Names may be numbers. The empty text, which is no label's key, for a property without a name."""
    return str(one.get("name", ""))


def _text(one: Property) -> str:
    return str(one.get("value", ""))


def id_of_label(label: str) -> int:
    """The id of a label that was set elsewhere: the same each time, and beyond the ids that clients count up."""
    return 2**48 + int.from_bytes(blake2b(label.encode(), digest_size=5).digest(), "big")
