"""Labels in bodies, with their rules as constraints of the schema; controller.decisions.monitors.labels checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from controller.decisions.monitors.labels import (
    KEY_PATTERN,
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_LABELS,
    VALUE_PATTERN,
    check_labels,
)
from controller.model.values.ruled import ruled

KEYS: dict[str, Any] = {"minLength": 1, "maxLength": LONGEST_KEY, "pattern": KEY_PATTERN}


def _check(labels: Mapping[str, str | None], *, field: str) -> None:
    """Raises InvalidFieldsError. How many there are is known when a patch is applied."""
    check_labels({key: value or "" for key, value in labels.items()}, field=field, most=None)


LabelValue = Annotated[str, Meta(max_length=LONGEST_VALUE, pattern=VALUE_PATTERN)]
LabelMap = Annotated[
    dict[str, LabelValue],
    Meta(
        description=f"Keys with values, {MOST_LABELS} at most. A key has 1 to {LONGEST_KEY} characters and no colon, a"
        f" value at most {LONGEST_VALUE}; it may be empty. None has control characters.",
        examples=[{"team": "post", "critical": ""}],
        max_length=MOST_LABELS,
        extra_json_schema={"propertyNames": KEYS},
        extra=ruled(_check),
    ),
]
LabelPatch = Annotated[
    dict[str, LabelValue | None],
    Meta(
        description="A merge patch: labels to set, and null for those to remove; the others stay.",
        examples=[{"team": "post", "old": None}],
        max_length=2 * MOST_LABELS,
        extra_json_schema={"propertyNames": KEYS},
        extra=ruled(_check),
    ),
]
