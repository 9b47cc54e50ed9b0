"""The rules for what a wall may show. Pure."""

from __future__ import annotations

from controller.decisions.monitors.labels import LONGEST_KEY, LONGEST_VALUE, MOST_LABELS, is_key, is_value
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.walls import BY_CUSTOMER, WallQuery

COLUMNS = range(1, 4 + 1)

LABEL_RULE = f"must be key:value, or key alone, of at most {LONGEST_KEY} and {LONGEST_VALUE} characters"
BY_RULE = "must be customer, or label: and the key of a label, or empty"


def check_wall(query: WallQuery) -> None:
    """Raises InvalidFieldsError, which lists every mistake."""
    problems: list[InvalidError] = []
    with noting(problems):
        required_labels(query.labels)
    if query.by not in {"", BY_CUSTOMER} and not is_key(query.by_label or ""):
        problems.append(InvalidError("by", BY_RULE))
    if query.columns not in COLUMNS:
        problems.append(InvalidError("columns", f"must be from {COLUMNS[0]} to {COLUMNS[-1]}"))
    if problems:
        raise InvalidFieldsError(problems)


def required_labels(labels: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Labels with the values that a monitor must have, and keys that may have any value. Raises InvalidError."""
    values: dict[str, str] = {}
    keys = []
    for text in labels:
        key, colon, value = text.partition(":")
        if not is_key(key) or not is_value(value):
            raise InvalidError("label", LABEL_RULE)
        if not colon:
            keys.append(key)
        elif values.setdefault(key, value) != value:
            raise InvalidError("label", "must not name a key with two values: no monitor has both")
    if len(labels) > MOST_LABELS:
        raise InvalidError("label", f"must not be given more than {MOST_LABELS} times: no monitor has more")
    return values, sorted(set(keys))
