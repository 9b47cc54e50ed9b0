"""The rules for what a wall may show. Pure."""

from __future__ import annotations

from controller.decisions.monitors.labels import is_key, labels_meant
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.walls import BY_CUSTOMER, WallQuery

COLUMNS = range(1, 4 + 1)

BY_RULE = "must be customer, or label: and the key of a label, or empty"


def check_wall(query: WallQuery) -> None:
    """Raises InvalidFieldsError, which lists every mistake."""
    problems: list[InvalidError] = []
    with noting(problems):
        labels_meant(query.labels)
    if query.by not in {"", BY_CUSTOMER} and not is_key(query.by_label or ""):
        problems.append(InvalidError("by", BY_RULE))
    if query.columns not in COLUMNS:
        problems.append(InvalidError("columns", f"must be from {COLUMNS[0]} to {COLUMNS[-1]}"))
    if problems:
        raise InvalidFieldsError(problems)
