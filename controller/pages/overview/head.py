"""What stands above the list: open incidents, what is wrong with the installation, and counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from controller.model.overview import DisplayState
from controller.operations.overview.overview import FoundMonitors, LocationContactState, Troubles
from controller.operations.overview.query import OverviewQuery
from controller.pages.overview.trouble_views import TroubleView, is_ready, trouble_views
from controller.pages.shell.texts import counted

_BAD = (DisplayState.DOWN, DisplayState.PARTIAL)


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident. `where` says in words from which countries its monitor fails now."""

    id: UUID
    severity: str
    reason: str
    since: datetime
    acknowledged: bool
    acknowledged_by: str
    acknowledged_until: datetime | None
    flapping: bool
    monitor_id: UUID
    monitor_name: str
    hostname: str
    customer: str
    where: str


class CountView(msgspec.Struct, frozen=True, kw_only=True):
    """How many monitors that match the other filters are in a state. The link takes that state into the filter, or out
    of it when it is in.
    """

    state: str
    number: int
    chosen: bool
    path: str


class HeadView(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the path to return to after a form. `calm` is one sentence when nothing is wrong, else empty."""

    now: datetime
    incidents: list[IncidentView]
    open_incidents: int
    troubles: list[TroubleView]
    counts: list[CountView]
    calm: str
    total: int
    down: int
    many_customers: bool
    narrow: bool
    next: str


def down_of(counts: Mapping[str, int]) -> int:
    return sum(counts.get(state, 0) for state in _BAD)


def title_of(counts: Mapping[str, int]) -> str:
    down = down_of(counts)
    return f"▼{down} down" if down else "Overview"


def head_view(query: OverviewQuery, found: FoundMonitors, troubles: Troubles) -> HeadView:
    wrong = trouble_views(troubles)
    return HeadView(
        now=troubles.now,
        incidents=[
            IncidentView(
                id=one.id,
                severity=one.severity,
                reason=one.reason,
                since=one.outage_started_at,
                acknowledged=one.acknowledged_at is not None,
                acknowledged_by=one.acknowledged_by or "",
                acknowledged_until=one.acknowledged_until,
                flapping=one.flapping,
                monitor_id=one.monitor_id,
                monitor_name=one.monitor_name,
                hostname=one.hostname,
                customer=one.customer_name,
                where=_where(one.failing, one.passing),
            )
            for one in troubles.incidents
        ],
        open_incidents=troubles.open_incidents,
        troubles=wrong,
        counts=_counts(query, found),
        calm="" if troubles.open_incidents or wrong else _calm(found.of_all, troubles.locations),
        total=sum(found.of_all.values()),
        down=down_of(found.of_all),
        many_customers=len(troubles.customers) > 1,
        narrow=query.filter.narrow,
        next=query.link(page=query.filter.page),
    )


def _where(failing: list[str], passing: list[str]) -> str:
    if not failing:
        return "no country fails now" if passing else "not known from where"
    if not passing:
        return f"fails from {', '.join(failing)}" + (" (everywhere)" if len(failing) > 1 else "")
    return f"fails from {', '.join(failing)}"


def _counts(query: OverviewQuery, found: FoundMonitors) -> list[CountView]:
    chosen = query.filter.states
    return [
        CountView(
            state=state.value,
            number=found.of_matching.get(state, 0),
            chosen=state in chosen,
            path=query.link(states=tuple(one for one in DisplayState if (one in chosen) != (one is state))),
        )
        for state in DisplayState
        if found.of_matching.get(state, 0) or state in chosen
    ]


def _calm(counts: Mapping[str, int], locations: list[LocationContactState]) -> str:
    """All is well, in one sentence; empty when it is not."""
    up, total = counts.get(DisplayState.UP, 0), sum(counts.values())
    resting = sum(counts.get(state, 0) for state in (DisplayState.MAINTENANCE, DisplayState.DISABLED))
    if not up or up + resting < total:
        return ""
    countries = len({here.country for here in locations if is_ready(here)})
    places = f", seen from {counted(countries, 'country', 'countries')}"
    who = "The only monitor is up" if up == 1 else f"All {up:,} monitors are up"
    rest = f" {counted(resting, 'other is', 'others are')} in maintenance or disabled." if resting else ""
    return f"{who}{places}.{rest}"
