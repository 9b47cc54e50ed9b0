"""What a stream tells, decided in one pure place: the scope of who asks, and the filters they gave."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import msgspec

from controller.streaming.stream_event import Told
from shared.wire import subjects
from shared.wire.messages import EventType

MOST_SUBJECTS = 50


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Public ids as text, values as events have them; None is no limit.

    `customers` are the scope and the filter in one. An event must match each; one that has no such thing, as a verdict
    has no country, does not.
    """

    organization: str
    types: frozenset[str]
    customers: frozenset[str] | None = None
    monitors: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    locations: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    statuses: frozenset[str] | None = None


def wants(wanted: Wanted, told: Told) -> bool:
    if told.event_type not in wanted.types or told.organization != wanted.organization:
        return False
    if wanted.customers is not None and told.customer not in wanted.customers:
        return False
    if wanted.monitors is not None and told.monitor not in wanted.monitors:
        return False
    if wanted.kinds is wanted.statuses is wanted.countries is wanted.locations is None:
        return True
    details = told.details
    return (
        (wanted.kinds is None or details.kind in wanted.kinds)
        and (wanted.statuses is None or details.status in wanted.statuses)
        and (wanted.countries is None or details.result.country in wanted.countries)
        and (wanted.locations is None or details.result.location in wanted.locations)
    )


def replay_subjects(wanted: Wanted) -> list[str]:
    """As narrow as some subjects can say it; they do not overlap. Empty when nothing can match."""
    types = ["*"] if wanted.types.issuperset(EventType) else sorted(wanted.types)
    for customers, monitors in ((wanted.customers, wanted.monitors), (wanted.customers, None), (None, None)):
        named = list(product(_tokens(customers), _tokens(monitors), types))
        if len(named) <= MOST_SUBJECTS:
            return [subjects.event_pattern(wanted.organization, *tokens) for tokens in named]
    raise AssertionError("three types are few")


def _tokens(public_ids: Iterable[str] | None) -> list[str]:
    return ["*"] if public_ids is None else sorted(public_ids)
