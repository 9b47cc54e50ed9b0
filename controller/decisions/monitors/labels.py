"""The rules for labels: keys with values by which people and programs sort their monitors. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from controller.errors import InvalidError, InvalidFieldsError

LONGEST_KEY = 50
LONGEST_VALUE = 100
MOST_LABELS = 32

KEY_PATTERN = r"^[^:\u0000-\u001f\u007f-\u009f]+$"
VALUE_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]*$"
"""For schemas, in the dialect of JSON Schema."""

KEY_RULE = f"must have keys of 1 to {LONGEST_KEY} characters, none of them a colon or a control character"
VALUE_RULE = f"must be a text of at most {LONGEST_VALUE} characters, none of them a control character"

FILTER_RULE = f"must be key:value, or key alone, of at most {LONGEST_KEY} and {LONGEST_VALUE} characters"
"""For `label` in filters."""

_KEY = re.compile(r"[^:\x00-\x1f\x7f-\x9f]+")
_VALUE = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")


def check_labels(labels: Mapping[str, str], *, field: str = "labels", most: int | None = MOST_LABELS) -> None:
    """Raises InvalidFieldsError, which lists every mistake."""
    problems = list(_each(labels, field))
    if most is not None and len(labels) > most:
        problems.append(InvalidError(field, f"must be at most {most}"))
    if problems:
        raise InvalidFieldsError(problems)


def is_key(text: str) -> bool:
    return len(text) <= LONGEST_KEY and _KEY.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """The empty text is one too: such a label is a tag."""
    return len(text) <= LONGEST_VALUE and _VALUE.fullmatch(text) is not None


def labels_meant(texts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Labels with the values that they must have, and keys of those that may have any. Raises InvalidError."""
    values: dict[str, str] = {}
    keys = []
    for text in texts:
        key, colon, value = text.partition(":")
        if not is_key(key) or not is_value(value):
            raise InvalidError("label", FILTER_RULE)
        if not colon:
            keys.append(key)
        elif values.setdefault(key, value) != value:
            raise InvalidError("label", "must not name a key with two values: no monitor has both")
    if len(values) + len(keys) > MOST_LABELS:
        raise InvalidError("label", f"must not be given more than {MOST_LABELS} times: no monitor has more")
    return values, sorted(set(keys))


def tagged(labels: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The labels with a tag for each name: a label that is there already keeps its value."""
    return {**dict.fromkeys(names, ""), **labels}


def merged_labels(labels: Mapping[str, str], patch: Mapping[str, str | None]) -> dict[str, str]:
    """The labels with those of the patch set, and those removed that are None in it."""
    after = {**labels, **{key: value for key, value in patch.items() if value is not None}}
    return {key: value for key, value in after.items() if patch.get(key, value) is not None}


def renamed_labels(labels: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """The labels with other names, from old to new. Raises InvalidError where a new one is there with another value."""
    for old, new in names.items():
        if old in labels and labels.get(new, labels[old]) != labels[old]:
            raise InvalidError("labels", f"must not have {new} already, with the value {labels[new] or '(empty)'}")
    return {names.get(key, key): value for key, value in labels.items()}


def _each(labels: Mapping[str, str], field: str) -> Iterator[InvalidError]:
    for key, value in labels.items():
        if not is_key(key):
            yield InvalidError(field, KEY_RULE)
        elif not is_value(value):
            yield InvalidError(f"{field}.{key}", VALUE_RULE)
