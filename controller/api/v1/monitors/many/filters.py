"""Filters of monitors: as parameters of the list, and in the body of a change of many."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from controller.api.v1.results.query import kind_name, one_of
from controller.decisions.monitors.labels import labels_meant
from controller.errors import InvalidError
from controller.model.monitor_list import MonitorFilter
from controller.model.overview import DisplayState
from controller.model.values.countries import country_list

LONGEST_TEXT = 255


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
    values, keys = labels_meant(labels or ())
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


def _customer(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidError("customer", "must be the UUID of a customer") from None


def _text(text: str | None, field: str) -> str | None:
    if text is not None and (len(text) > LONGEST_TEXT or "\0" in text):
        raise InvalidError(field, f"must be at most {LONGEST_TEXT} characters, none of them NUL")
    return text
