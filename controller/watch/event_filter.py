"""Selects the events to show. Pure."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

import msgspec

from shared.wire import subjects
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.fact_events import FactEvent
from shared.wire.messages import Event, EventType
from shared.wire.side_events import ConfigurationEvent, DeliveryEvent, GapEvent, MaintenanceEvent

SideEvent: TypeAlias = GapEvent | MaintenanceEvent | DeliveryEvent | ConfigurationEvent | FactEvent
AnyEvent: TypeAlias = Event | VerdictEvent | IncidentEvent | SideEvent

_KINDS: dict[str, type[AnyEvent]] = {
    EventType.RESULT: Event,
    EventType.VERDICT: VerdictEvent,
    EventType.INCIDENT: IncidentEvent,
    EventType.GAP: GapEvent,
    EventType.MAINTENANCE: MaintenanceEvent,
    EventType.DELIVERY: DeliveryEvent,
    EventType.CONFIGURATION: ConfigurationEvent,
    EventType.FACT: FactEvent,
}
_WITHOUT_RESULTS = [each.value for each in EventType if each not in (EventType.RESULT, EventType.GAP)]
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in _KINDS.items()}
_MOST_SUBJECTS = 50


class WatchFilter(msgspec.Struct, frozen=True, kw_only=True):
    """An event must be in each set that is not empty. Other events than results have no location, country or status of
    a result, so a filter on one of these shows results only. With `results` False no results are shown, and no gaps.
    """

    organizations: frozenset[UUID] = frozenset()
    customers: frozenset[UUID] = frozenset()
    monitors: frozenset[UUID] = frozenset()
    kinds: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    results: bool = True

    @property
    def results_only(self) -> bool:
        return bool(self.countries or self.locations or self.statuses)


def read(subject: str, body: bytes) -> AnyEvent | None:
    """Decode an event of the stream; None when this version does not know its type or cannot decode it."""
    try:
        decoder = _DECODERS.get(subjects.parts_of_event(subject)[3])
        return None if decoder is None else decoder.decode(body)
    except (ValueError, RecursionError):
        return None


def matches(choice: WatchFilter, event: AnyEvent) -> bool:
    if not (
        _has(choice.organizations, event.organization_id)
        and _has(choice.customers, event.customer_id)
        and _has(choice.monitors, event.monitor_id)
        and _has(choice.kinds, event.kind)
    ):
        return False
    if not isinstance(event, Event):
        return not choice.results_only and (choice.results or not isinstance(event, GapEvent))
    return (
        choice.results
        and _has(choice.countries, event.result.country.upper())
        and _has(choice.locations, event.result.location.lower())
        and _has(choice.statuses, event.status)
    )


def _has(allowed: frozenset[UUID] | frozenset[str], value: UUID | str | None) -> bool:
    return not allowed or value in allowed


def subjects_of(choice: WatchFilter) -> list[str]:
    """Subjects that hold all chosen events and few others, without overlap."""
    types = ["*"]
    if choice.results_only:
        types = [EventType.RESULT.value]
    elif not choice.results:
        types = _WITHOUT_RESULTS
    ids = [("*", "*", "*")]
    if _few(choice.monitors, types):
        ids = [("*", "*", str(monitor)) for monitor in sorted(choice.monitors)]
    elif _few(choice.customers, types):
        ids = [("*", str(customer), "*") for customer in sorted(choice.customers)]
    elif _few(choice.organizations, types):
        ids = [(str(organization), "*", "*") for organization in sorted(choice.organizations)]
    return [subjects.event_pattern(*owner, event_type) for owner in ids for event_type in types]


def _few(ids: frozenset[UUID], types: list[str]) -> bool:
    return 0 < len(ids) * len(types) <= _MOST_SUBJECTS
