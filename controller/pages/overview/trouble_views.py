"""What is wrong with the installation, in words: locations, notices that operators got, and work that waits. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.model import GapReason
from controller.operations.overview.overview import LocationContactState, OpenNotice, Troubles
from controller.pages.shell.texts import counted, span
from shared.wire.messages import READY_SECONDS

_LATE_SECONDS = 60.0
_CANARY_SECONDS = 90.0
_GAP_REASONS = {
    "no_agent": "No agent of it was ready when checks were due.",
    "unfit": "Its agents report that they cannot do these checks.",
    "kind_unknown": "Its agents do not know the kind of some checks: update them.",
    "late": "The controllers were down or behind when its checks were due.",
    "broker_refused": "NATS was away, or stored no requests, when its checks were due.",
    "no_result": "It was given checks, but no results came back.",
    "agent": "Its agents fail by themselves, whatever the mail server does.",
    "resolver": "Its name servers do not answer.",
    "maintenance": "Maintenance windows say that nothing is checked.",
}
_NOTICES = {
    "location_silent": ("Location {} is silent", "None of its agents sends heartbeats. Start one, or look at its log."),
    "clock_off": ("The clock of agent {} is wrong", "Set it by NTP. Until then times of its results are corrected."),
    "unexpected_results": (
        "Location {} sends results that nobody requested",
        "Somebody may have a copy of its enrolment file: give it new keys.",
    ),
    "canary_lost": (
        "Canaries of location {} do not come back",
        "Its agents send heartbeats, but checks or results are lost: what is shown of it may be old.",
    ),
    "canary_target_failing": (
        "The canary target fails from location {}",
        "It is a server of your own. If it fails from here only, look at the network of this location.",
    ),
    "heartbeat_url_failing": (
        "The heartbeat URL does not answer",
        "The service behind MAILPROBE_HEARTBEAT_URL will report this installation as dead.",
    ),
    "broker_failing": (
        "NATS does not work: {}",
        "Its disk may be full: make room, then restart NATS. Controllers and agents need no restart.",
    ),
    "database_failing": (
        "{}",
        "Nothing can be stored or changed, so what this page shows may be old. Results wait in NATS.",
    ),
    "starttls_stripped": (
        "The network of location {} takes STARTTLS away",
        "Several unrelated servers offer it to other locations. Its checks are blind where STARTTLS is missing.",
    ),
    "refused_signatures": (
        "Location {} sends what is not signed with its keys",
        "An agent has an old version or an old enrolment file, or somebody forges its results.",
    ),
    "history_shortened": (
        "Less history is kept of {}",
        "What is older is removed then. The notice to operators says how much that is, and how to keep it.",
    ),
}


_NO_LOCATION = frozenset({"broker_failing", "database_failing", "heartbeat_url_failing", "history_shortened"})


class TroubleView(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with the installation: what it is, what it means and what to do, and where to read more."""

    title: str
    meaning: str
    path: str = "/locations"
    since: datetime | None = None


def trouble_views(troubles: Troubles) -> list[TroubleView]:
    """All that is wrong, the most important first."""
    return [*_locations(troubles), *_without_location(troubles), *_waiting(troubles)]


def is_ready(location: LocationContactState) -> bool:
    return location.enabled and location.silent_seconds is not None and location.silent_seconds < READY_SECONDS


def _locations(troubles: Troubles) -> list[TroubleView]:
    """Locations that cannot check or are blind, and notices about others; each location once."""
    enabled = [here for here in troubles.locations if here.enabled]
    if not enabled:
        return [
            TroubleView(
                title="No location checks anything",
                meaning="Enrol a location and start an agent there: until then all monitors stay unknown.",
            )
        ]
    found, named = [], set[str]()
    for here in enabled:
        if trouble := _location(here):
            found.append(trouble)
            named.add(here.code)
    return found + [_notice(one) for one in troubles.notices if one.subject.partition("/")[0] not in named]


def _location(here: LocationContactState) -> TroubleView | None:
    path = f"/locations#{here.code}"
    if here.silent_seconds is None:
        return TroubleView(
            title=f"Location {here.code} ({here.name}) has no agent yet",
            meaning="It checks nothing and has no vote. Start an agent with its enrolment file, or disable it.",
            path=path,
        )
    if here.silent_seconds >= READY_SECONDS:
        return TroubleView(
            title=f"Location {here.code} ({here.name}) is silent for {span(here.silent_seconds)}",
            meaning="No agent sends heartbeats, so it checks nothing and has no vote. Start one, or look at its log.",
            path=path,
        )
    if set(here.blind) == {GapReason.KIND_UNKNOWN}:
        return TroubleView(
            title=f"Location {here.code} ({here.name}) does not know every kind of check",
            meaning="Its agents are of an older version: update them. They go on with all other checks.",
            path=path,
        )
    if here.blind:
        meaning = " ".join(_GAP_REASONS.get(reason, f"The reason is {reason}.") for reason in here.blind)
        return TroubleView(
            title=f"Location {here.code} ({here.name}) is blind",
            meaning=f"{meaning} It has no vote until that ends; mail servers are not blamed for it.",
            path=path,
        )
    return None


def _without_location(troubles: Troubles) -> list[TroubleView]:
    found = troubles.without_location
    if not found:
        return []
    total = found[0].total
    names = ", ".join(one.name for one in found)
    more = f" and {total - len(found):,} more" if total > len(found) else ""
    return [
        TroubleView(
            title=f"{counted(total, 'monitor has', 'monitors have')} no location",
            meaning=f"Nothing checks {names}{more}. Add or enable a location in their countries, or change these.",
            path=f"/monitors/{found[0].id}" if total == 1 else "/locations",
            since=found[0].since,
        )
    ]


def _notice(one: OpenNotice) -> TroubleView:
    title, meaning = _NOTICES.get(one.kind, (f"{one.kind.replace('_', ' ').capitalize()}: {{}}", ""))
    path = "/locations" if one.kind in _NO_LOCATION else f"/locations#{one.subject.partition('/')[0]}"
    return TroubleView(title=title.format(one.subject), meaning=meaning, path=path, since=one.since)


def _waiting(troubles: Troubles) -> list[TroubleView]:
    found = []
    if troubles.canary_seconds is not None and troubles.canary_seconds > _CANARY_SECONDS:
        found.append(
            TroubleView(
                title=f"No canary has come back for {span(troubles.canary_seconds)}",
                meaning="Checks are not sent, not answered, not stored or not evaluated: what this page shows is old.",
            )
        )
    if troubles.schedule_late_seconds > _LATE_SECONDS:
        found.append(
            TroubleView(
                title=f"Checks are not sent for {span(troubles.schedule_late_seconds)}",
                meaning="No controller schedules, or NATS is away. What this page shows is old.",
            )
        )
    if troubles.evaluations_late_seconds > _LATE_SECONDS:
        found.append(
            TroubleView(
                title=f"Verdicts are {span(troubles.evaluations_late_seconds)} behind",
                meaning="Results arrive faster than they are evaluated: states and notifications come late.",
            )
        )
    if troubles.deliveries_late_seconds > _LATE_SECONDS:
        found.append(
            TroubleView(
                title=f"Notifications wait for {span(troubles.deliveries_late_seconds)}",
                meaning="The mail relay does not answer, or nothing is sent: people may not know of incidents.",
                path="/incidents",
            )
        )
    if troubles.dead_letters:
        found.append(
            TroubleView(
                title=f"{counted(troubles.dead_letters, 'message')} rejected today",
                meaning="They came as results, but cannot be accepted. The page of locations says whose and why.",
            )
        )
    return found
