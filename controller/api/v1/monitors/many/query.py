"""The query parameters by which monitors are found and sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar.params import QueryParameter

from controller.api.v1.monitors.many.filters import monitor_filter
from controller.api.v1.results.query import several
from controller.errors import InvalidError
from controller.model.monitor_list import MonitorFilter, MonitorOrder, MonitorSort
from controller.model.overview import DisplayState
from shared.wire.targets import KINDS

SORTS = [sign + sort for sort in MonitorSort for sign in ("", "-")]

KindNames = Annotated[
    str | None,
    QueryParameter(
        name="kind", description=f"Of {', '.join(KINDS)}, separated by commas.", schema_extra={"examples": [KINDS[0]]}
    ),
]
States = Annotated[
    str | None,
    QueryParameter(
        name="state",
        description=f"Of {', '.join(DisplayState)}, separated by commas.",
        schema_extra={"examples": ["down,partial"]},
    ),
]
Countries = Annotated[
    str | None,
    QueryParameter(
        name="country",
        description="Where they are checked from: ISO 3166-1 alpha-2 codes, separated by commas.",
        schema_extra={"examples": ["DE"]},
    ),
]
CustomerOf = Annotated[
    str | None,
    QueryParameter(name="customer", description="The customer's UUID.", schema_extra={"format": "uuid"}),
]
Labels = Annotated[
    list[str] | None,
    QueryParameter(
        name="label",
        description="`key:value` for monitors that have this label with this value, `key` for those that have it with"
        " any. May be given several times: all must be there.",
        schema_extra={"examples": [["team:post", "critical"]]},
    ),
]
Project = Annotated[
    str | None, QueryParameter(name="project", description="The project of the program that manages them.")
]
SearchText = Annotated[
    str | None,
    QueryParameter(name="q", description="A part of a monitor's name or host name, or of a customer's name."),
]
Sorting = Annotated[
    str,
    QueryParameter(
        name="sort",
        description="What the list is sorted by, with `-` in front from the end: `state` begins with the worst.",
        schema_extra={"enum": SORTS},
    ),
]


def given_filter(
    kinds: str | None,
    states: str | None,
    countries: str | None,
    customer: str | None,
    labels: Sequence[str] | None,
    project: str | None,
    search: str | None,
) -> MonitorFilter:
    """Raises InvalidError."""
    return monitor_filter(
        kinds=_parts(kinds, "kind"),
        states=_parts(states, "state"),
        countries=_parts(countries, "country"),
        customer=customer,
        labels=labels,
        project=project,
        search=search,
    )


def monitor_order(sort: str) -> MonitorOrder:
    """Raises InvalidError."""
    if sort not in SORTS:
        raise InvalidError("sort", f"must be one of {', '.join(SORTS)}")
    return MonitorOrder(MonitorSort(sort.removeprefix("-")), sort.startswith("-"))


def _parts(text: str | None, field: str) -> list[str] | None:
    return several(text, field, lambda part, _: part)
