"""Filters of monitors: as parameters of the list, and in the body of a change of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from controller.api.v1.results.query import kind_name, one_of
from controller.decisions.monitors.labels import LONGEST_KEY, LONGEST_VALUE, MOST_LABELS, is_key, is_value
from controller.errors import InvalidError
from controller.model.monitor_list import MonitorFilter
from controller.model.overview import DisplayState
from controller.model.values.countries import country_list

LONGEST_TEXT = 255

_LABEL_RULE = f"must be key:value, or key alone, of at most {LONGEST_KEY} and {LONGEST_VALUE} characters"


def monitor_filter(
    *,
    kinds: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
    countries: Sequence[str] | None = None,
    customer: str | None = None,
    labels: Sequence[str] | None = None,
    project: str | None = None,
    search: str | None = None,
) -> MonitorFilter:
    """Raises InvalidError with the names of the parameters."""
    values, keys = _labels(labels or ())
    return MonitorFilter(
        kinds=None if kinds is None else [kind_name(kind, "kind") for kind in kinds],
        states=None if states is None else [one_of(DisplayState, state, "state") for state in states],
        countries=country_list(countries, field="country"),
        customer=None if customer is None else _customer(customer),
        labels=values,
        label_keys=keys,
        project=_text(project, "project"),
        search=_text(search, "q") or None,
    )


def _labels(texts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Labels with the values that they must have, and keys of those that may have any."""
    values: dict[str, str] = {}
    keys = []
    for text in texts:
        key, colon, value = text.partition(":")
        if not is_key(key) or not is_value(value):
            raise InvalidError("label", _LABEL_RULE)
        if not colon:
            keys.append(key)
        elif values.setdefault(key, value) != value:
            raise InvalidError("label", "must not name a key with two values: no monitor has both")
    if len(values) + len(keys) > MOST_LABELS:
        raise InvalidError("label", f"must not be given more than {MOST_LABELS} times: no monitor has more")
    return values, sorted(set(keys))


def _customer(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidError("customer", "must be the UUID of a customer") from None


def _text(text: str | None, field: str) -> str | None:
    if text is not None and (len(text) > LONGEST_TEXT or "\0" in text):
        raise InvalidError(field, f"must be at most {LONGEST_TEXT} characters, none of them NUL")
    return text
