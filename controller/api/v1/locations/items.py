"""A location as our own API answers it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.v1.locations.schemas import (
    EXAMPLE,
    BlindPeriodAnswer,
    CanaryAnswer,
    DeadLettersAnswer,
    HeartbeatAnswer,
    blind_period,
    canary,
    heartbeat,
)
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.operations.locations import MOST_BLIND_PERIODS, LocationState
from controller.store.evaluation.probe_problems import ProbeProblem


class ProbeProblemItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail server refuses this location while it serves others: a problem of our probe, and no vote for down."""

    monitor_id: UUID
    monitor_name: str
    monitor_kind: str
    kind: Annotated[str, Meta(description="The kind of failure: policy_refusal or temporary_refusal.")]
    detail: Annotated[str, Meta(description="The server's words.")]
    since: Annotated[Timestamp, Meta(description="The first evaluation that met the refusal.")]
    last_at: Annotated[Timestamp, Meta(description="The latest one, at most six hours ago.")]
    evaluations: Annotated[int, Meta(description="How many evaluations have met it.")]
    is_current: Annotated[bool, Meta(description="Whether the latest check met it too.")]


class LocationItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A location that checks run from. Only `name`, `country`, `enabled` and the moments of changes are in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset(
        {
            *("ready", "reasons", "kinds", "agents", "last_seen_at", "heartbeats", "blind_periods", "canary"),
            *("probe_problem_count", "probe_problems", "dead_letters", "enrolment"),
        }
    )

    id: Annotated[str, Meta(description="The same as `code`, which never changes.", examples=["de-nbg"])]
    code: Annotated[str, Meta(description="Lower-case letters, digits and hyphens.", examples=["de-nbg"])]
    name: Annotated[str, Meta(description="The name for people.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.", examples=["DE"])]
    enabled: Annotated[bool, Meta(description="Whether checks run from it.")]
    created_at: Timestamp | None
    updated_at: Annotated[Timestamp | None, Meta(description="When it was last enabled, disabled or given new keys.")]
    ready: Annotated[bool, Meta(description="Whether it can run every check now.")]
    reasons: Annotated[
        list[str],
        Meta(
            description="Why it is not ready: disabled, no_heartbeat, or what none of its agents can do:"
            " port25_blocked, no_ipv4, resolver_broken; it still runs the other checks."
        ),
    ]
    kinds: Annotated[list[str], Meta(description="The kinds of monitor that it can check now.")]
    agents: Annotated[int, Meta(description="How many agents sent a heartbeat lately.")]
    last_seen_at: Annotated[Timestamp | None, Meta(description="The latest heartbeat; null when there was none.")]
    heartbeats: Annotated[list[HeartbeatAnswer], Meta(description="The latest heartbeat of each of these agents.")]
    blind_periods: Annotated[
        list[BlindPeriodAnswer],
        Meta(description=f"The latest {MOST_BLIND_PERIODS} periods of the last 24 hours whose checks showed nothing."),
    ]
    probe_problem_count: Annotated[
        int, Meta(description="How many monitors that you may see have a server that refuses this location.")
    ]
    probe_problems: Annotated[list[ProbeProblemItem], Meta(description="The latest 50 of them.")]
    dead_letters: Annotated[
        list[DeadLettersAnswer],
        Meta(description="Messages of the location set aside in the last 24 hours, the latest reason first."),
    ]
    canary: Annotated[
        CanaryAnswer | None,
        Meta(description="Null while the location gets no canaries: no live agent, or one of an older version."),
    ]


class LocationPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of locations."""

    items: list[LocationItem]
    next_cursor: Annotated[str | None, Meta(description="`cursor` of the next page; null at the end.")]


class EnrolledLocation(LocationItem, frozen=True, kw_only=True):
    """A location with new keys."""

    enrolment: Annotated[
        str,
        Meta(
            description="The enrolment file of the location's agents, which holds their secrets. It is shown once: save"
            " it as it is, readable for its owner only."
        ),
    ]


def location_fields(state: LocationState) -> dict[str, Any]:
    """The fields of a LocationItem."""
    here = state.location
    return {
        "id": here.code,
        "code": here.code,
        "name": here.name,
        "country": here.country_code,
        "enabled": here.enabled,
        "created_at": timestamp_or_none(here.created_at),
        "updated_at": timestamp_or_none(here.updated_at),
        "ready": not state.reasons,
        "reasons": state.reasons,
        "kinds": state.kinds,
        "agents": len(state.agents),
        "last_seen_at": timestamp_or_none(state.last_seen_at),
        "heartbeats": [heartbeat(agent) for agent in state.agents],
        "blind_periods": [blind_period(blind, state.now) for blind in state.blind[:MOST_BLIND_PERIODS]],
        "probe_problem_count": state.problems[0].total if state.problems else 0,
        "probe_problems": [_problem(problem) for problem in state.problems],
        "dead_letters": [
            DeadLettersAnswer(reason=count.why, count=count.messages, last_at=timestamp(count.last_at))
            for count in state.dead_letters
        ],
        "canary": canary(state.canaries),
    }


def location_item(state: LocationState) -> LocationItem:
    return LocationItem(**location_fields(state))


def _problem(problem: ProbeProblem) -> ProbeProblemItem:
    return ProbeProblemItem(
        monitor_id=problem.monitor_public_id,
        monitor_name=problem.monitor_name,
        monitor_kind=problem.monitor_kind,
        kind=problem.kind,
        detail=problem.detail,
        since=timestamp(problem.first_at),
        last_at=timestamp(problem.last_at),
        evaluations=problem.evaluations,
        is_current=problem.lasts,
    )


_PROBLEM = EXAMPLE["probeProblems"][0]  # type: ignore[index] # it is a list of objects
ITEM_EXAMPLE: dict[str, Any] = {
    **{name: value for name, value in EXAMPLE.items() if name != "countryCode"},
    "id": EXAMPLE["code"],
    "country": EXAMPLE["countryCode"],
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z",
    "probeProblems": [
        {name: value for name, value in _PROBLEM.items() if name != "monitorPublicId"}
        | {"monitorId": _PROBLEM["monitorPublicId"]}
    ],
}
PAGE_EXAMPLE: dict[str, Any] = {"items": [ITEM_EXAMPLE], "nextCursor": None}
ENROLLED_EXAMPLE: dict[str, Any] = ITEM_EXAMPLE | {
    "enrolment": '{\n  "location": "de",\n  "country": "DE",\n  "natsUrl": "tls://nats.example.com:4222"\n}\n'
}
