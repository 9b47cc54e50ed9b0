"""Which events a stream delivers: those in the caller's scope that match the requested filters. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import msgspec

from controller.streaming.stream_event import StreamEvent
from shared.wire import subjects
from shared.wire.messages import EventType

MOST_SUBJECTS = 50


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Public ids are text, other values are as in events; None means no limit. `customers` combines scope and filter.

    An event must match every limit. An event that lacks the field of a limit does not match: a verdict has no country.
    """

    organization: str
    types: frozenset[str]
    customers: frozenset[str] | None = None
    monitors: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    locations: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    statuses: frozenset[str] | None = None


def matches(event_filter: EventFilter, event: StreamEvent) -> bool:
    if event.event_type not in event_filter.types or event.organization != event_filter.organization:
        return False
    if event_filter.customers is not None and event.customer not in event_filter.customers:
        return False
    if event_filter.monitors is not None and event.monitor not in event_filter.monitors:
        return False
    if event_filter.kinds is event_filter.statuses is event_filter.countries is event_filter.locations is None:
        return True
    details = event.details
    return (
        (event_filter.kinds is None or details.kind in event_filter.kinds)
        and (event_filter.statuses is None or details.status in event_filter.statuses)
        and (event_filter.countries is None or details.result.country in event_filter.countries)
        and (event_filter.locations is None or details.result.location in event_filter.locations)
    )


def replay_subjects(event_filter: EventFilter) -> list[str]:
    """At most MOST_SUBJECTS subjects that hold all matching events and do not overlap. Empty if nothing can match."""
    types = ["*"] if event_filter.types.issuperset(EventType) else sorted(event_filter.types)
    for customers, monitors in (
        (event_filter.customers, event_filter.monitors),
        (event_filter.customers, None),
        (None, None),
    ):
        named = list(product(_tokens(customers), _tokens(monitors), types))
        if len(named) <= MOST_SUBJECTS:
            return [subjects.event_pattern(event_filter.organization, *tokens) for tokens in named]
    raise AssertionError("the event types alone exceed MOST_SUBJECTS")


def _tokens(public_ids: Iterable[str] | None) -> list[str]:
    return ["*"] if public_ids is None else sorted(public_ids)
