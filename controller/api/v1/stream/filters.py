"""The query of a stream: filters as comma-separated lists, and the position to resume at. Errors name the field and the
rule.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter, QueryParameter

from controller.errors import InvalidError
from controller.http.identifiers import customer_identifier, monitor_public_id
from controller.model.values.countries import country_list
from controller.model.values.json_rules import quoted
from controller.streaming.frames import AnyPosition, read_position
from controller.streaming.scope import RequestedFilter
from shared.wire.messages import EventType, ResultStatus
from shared.wire.targets import KINDS

MOST_VALUES = 50
RESULT_PARAMETERS = frozenset(
    ("customerId", "monitor", "country", "location", "kind", "status", "lastEventId", "organizationId")
)
EVENT_PARAMETERS = RESULT_PARAMETERS | {"type"}

ALIAS_TYPES = [each for each in EventType if each is not EventType.GAP]
"""What `/api/events/stream` sends when no type is given: `event: gap` means lost events to its older clients."""

_RESULTS_ONLY = "Only results have one: all other events are left out."

_Text: TypeAlias = str | None
CustomerIds = Annotated[
    _Text, QueryParameter(name="customerId", description="Numbers or public UUIDs of customers.", max_length=4000)
]
Monitors = Annotated[_Text, QueryParameter(name="monitor", description="Public UUIDs of monitors.", max_length=4000)]
Countries = Annotated[
    _Text,
    QueryParameter(name="country", description=f"Codes of ISO 3166-1 alpha-2. {_RESULTS_ONLY}", max_length=4000),
]
Locations = Annotated[
    _Text, QueryParameter(name="location", description=f"Codes of locations. {_RESULTS_ONLY}", max_length=4000)
]
Kinds = Annotated[
    _Text, QueryParameter(name="kind", description=f"Of the monitor: {', '.join(KINDS)}.", max_length=4000)
]
Statuses = Annotated[
    _Text,
    QueryParameter(name="status", description=f"{', '.join(ResultStatus)}. {_RESULTS_ONLY}", max_length=4000),
]
Types = Annotated[
    _Text,
    QueryParameter(
        name="type", description=f"{', '.join(EventType)}. When it is not given, all but gap.", max_length=4000
    ),
]
LastEventId = Annotated[
    _Text,
    HeaderParameter(
        name="Last-Event-ID", description="The id of the last event that was received; the stream continues after it."
    ),
]
LastEventIdQuery = Annotated[
    _Text,
    QueryParameter(
        name="lastEventId",
        description="The same, for a client that cannot send the header. The header wins.",
        max_length=60,
    ),
]


def requested_filter(
    *,
    types: Collection[EventType],
    customer_id: str | None,
    monitor: str | None,
    country: str | None,
    location: str | None,
    kind: str | None,
    status: str | None,
) -> RequestedFilter:
    """Raises InvalidError."""
    customers, monitors = values_in(customer_id, "customerId"), values_in(monitor, "monitor")
    countries = values_in(country, "country")
    return RequestedFilter(
        types=types,
        customers=None if customers is None else [customer_identifier(each) for each in customers],
        monitors=None
        if monitors is None
        else [monitor_public_id(each, message="monitor must hold public UUIDs of monitors") for each in monitors],
        countries=country_list(countries, field="country"),
        locations=values_in(location, "location"),
        kinds=_of(values_in(kind, "kind"), KINDS, "kind"),
        statuses=_of(values_in(status, "status"), list(ResultStatus), "status"),
    )


def event_types(text: str | None, *, default: Collection[EventType] = tuple(EventType)) -> list[EventType]:
    """The event types; `default` when none is given. Raises InvalidError."""
    given = _of(values_in(text, "type"), list(EventType), "type")
    return [*default] if given is None else [EventType(each) for each in given]


def resume_at(header: str | None, query: str | None) -> AnyPosition | None:
    """Raises InvalidError."""
    text, field = (header, "Last-Event-ID") if header else (query, "lastEventId")
    if not text:
        return None
    try:
        return read_position(text)
    except ValueError as error:
        raise InvalidError(field, str(error)) from error


def values_in(text: str | None, field: str) -> list[str] | None:
    """What stands between the commas. Raises InvalidError."""
    if text is None:
        return None
    values = list(dict.fromkeys(value.strip() for value in text.split(",")))
    if not all(values):
        raise InvalidError(field, "must hold values with commas between them, none of them empty")
    if len(values) > MOST_VALUES:
        raise InvalidError(field, f"must hold {MOST_VALUES} values at most")
    return values


def _of(values: list[str] | None, words: Collection[str], field: str) -> list[str] | None:
    for value in values or ():
        if value not in words:
            raise InvalidError(field, f"must be one of {', '.join(words)}, not {quoted(value[:40])}")
    return values
