"""`/api/locations`: where checks run from, and which locations are ready."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get

from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.openapi import answers, refusals
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.api.http.timestamps import Moment, moment, moment_or_none
from controller.decisions.access import Permission
from controller.decisions.evaluation.blindness import Blind
from controller.model import AgentSighting
from controller.operations import locations
from controller.store.evaluation.probe_problems import ProbeProblem
from shared.wire.messages import CLOCK_TOLERANCE_MS, Unfitness

_EXAMPLE = {
    "id": 1,
    "code": "de",
    "name": "Germany",
    "countryCode": "DE",
    "enabled": True,
    "ready": True,
    "reasons": [],
    "kinds": ["imap", "pop3", "smtp"],
    "agents": 1,
    "lastSeenAt": "2026-01-01T12:00:00.000Z",
    "heartbeats": [
        {
            "agent": "host-1",
            "version": "0.1.0",
            "kinds": ["imap", "pop3", "smtp"],
            "running": 12,
            "waiting": 3,
            "capacity": 1000,
            "loopLagMs": 0.4,
            "unfit": ["no_ipv6"],
            "startedAt": "2026-01-01T00:00:00.000Z",
            "lastSeenAt": "2026-01-01T12:00:00.000Z",
            "clockOffsetMs": -2150.4,
            "clockOff": True,
        }
    ],
    "blindPeriods": [
        {
            "reason": "no_agent",
            "from": "2026-01-01T03:00:00.000Z",
            "to": "2026-01-01T03:12:00.000Z",
            "checks": 240,
        }
    ],
    "probeProblemCount": 1,
    "probeProblems": [
        {
            "monitorId": 17,
            "monitorPublicId": "33333333-3333-4333-8333-333333333333",
            "monitorName": "MX of example.com",
            "monitorKind": "smtp",
            "kind": "temporary_refusal",
            "detail": "450 4.7.1 try again later",
            "since": "2026-01-01T09:00:00.000Z",
            "lastAt": "2026-01-01T11:59:00.000Z",
            "looks": 180,
            "isCurrent": True,
        }
    ],
    "parkedResults": [{"reason": "nobody_asked", "count": 3, "lastAt": "2026-01-01T11:58:00.000Z"}],
}


class HeartbeatAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an agent told last: `running` checks in a dialogue, `waiting` ones not begun, `capacity` for both at
    present, the p95 of how late its own clock runs, and what it is `unfit` by: port25_blocked, no_ipv4, no_ipv6,
    resolver_broken. Checks that this would spoil are left to other agents and locations. `clockOffsetMs` is how far
    its clock is ahead of the broker's, null while that is not known; a clock that is off by more than two seconds is
    flagged, and what it would tell wrongly is corrected.
    """

    agent: str
    version: str
    kinds: list[str]
    running: int
    waiting: int
    capacity: int
    loop_lag_ms: float
    unfit: list[Unfitness]
    started_at: Moment
    last_seen_at: Moment
    clock_offset_ms: float | None
    clock_off: bool


class BlindPeriodAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """From the first to the last of so many `checks` that showed nothing. `reason` is that of missing ones (no_agent,
    unfit, late, no_result), or whose fault it was (agent, resolver). `to` is null while it lasts.
    """

    reason: str
    from_: Moment = msgspec.field(name="from")
    to: Moment | None
    checks: int


class ProbeProblemAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A server dislikes this location while it serves others: it says something of our probe and is no vote for down.

    So many `looks` met it since then, the last one in the last six hours; `isCurrent` when the latest check did. `kind`
    is policy_refusal or temporary_refusal.
    """

    monitor_id: int
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    kind: str
    detail: str
    since: Moment
    last_at: Moment
    looks: int
    is_current: bool


class ParkedAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """So many of what this location sent as results were put aside, the last one at `lastAt`. `reason` is nobody_asked,
    another_location or wrong_check_id, which no agent of ours does; unknown_origin (its monitor is long gone),
    wrong_moment, too_large, not_a_result or unstorable.
    """

    reason: str
    count: int
    last_at: Moment


class LocationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`reasons` say why it is not ready: disabled, no_heartbeat. `agents` is how many sent a heartbeat lately, and
    `heartbeats` are theirs. `blindPeriods` are the latest of the last 24 hours. `probeProblems` are the latest of the
    monitors you may see, `probeProblemCount` is how many there are. `parkedResults` are those of the last 24 hours, the
    latest reason first.
    """

    id: int
    code: str
    name: str
    country_code: str
    enabled: bool
    ready: bool
    reasons: list[str]
    kinds: list[str]
    agents: int
    last_seen_at: Moment | None
    heartbeats: list[HeartbeatAnswer]
    blind_periods: list[BlindPeriodAnswer]
    probe_problem_count: int
    probe_problems: list[ProbeProblemAnswer]
    parked_results: list[ParkedAnswer]


@get(
    "/api/locations",
    summary="List locations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Locations"],
    responses={200: answers(list[LocationAnswer], "All locations, by code", [_EXAMPLE]), **refusals()},
)
async def list_locations(services: GivenServices, principal: GivenPrincipal) -> list[LocationAnswer]:
    return [
        LocationAnswer(
            id=state.location.id,
            code=state.location.code,
            name=state.location.name,
            country_code=state.location.country_code,
            enabled=state.location.enabled,
            ready=not state.reasons,
            reasons=state.reasons,
            kinds=state.kinds,
            agents=len(state.agents),
            last_seen_at=moment_or_none(state.last_seen_at),
            heartbeats=[_heartbeat(agent) for agent in state.agents],
            blind_periods=[_blind_period(blind, state.now) for blind in state.blind],
            probe_problem_count=state.problems[0].of if state.problems else 0,
            probe_problems=[_probe_problem(problem) for problem in state.problems],
            parked_results=[
                ParkedAnswer(reason=tally.why, count=tally.messages, last_at=moment(tally.last_at))
                for tally in state.parked
            ],
        )
        for state in await locations.list_locations(services.database, principal)
    ]


def _heartbeat(agent: AgentSighting) -> HeartbeatAnswer:
    return HeartbeatAnswer(
        agent=agent.name,
        version=agent.version,
        kinds=sorted(agent.kinds),
        running=agent.running,
        waiting=agent.waiting,
        capacity=agent.capacity,
        loop_lag_ms=round(agent.loop_lag_ms, 3),
        unfit=agent.unfit,
        started_at=moment(agent.started_at),
        last_seen_at=moment(agent.last_seen_at),
        clock_offset_ms=None if agent.clock_offset_ms is None else round(agent.clock_offset_ms, 1),
        clock_off=abs(agent.clock_offset_ms or 0.0) > CLOCK_TOLERANCE_MS,
    )


def _blind_period(blind: Blind, now: datetime) -> BlindPeriodAnswer:
    return BlindPeriodAnswer(
        reason=blind.reason,
        from_=moment(blind.from_at),
        to=moment(blind.to_at) if blind.to_at < now else None,
        checks=blind.checks,
    )


def _probe_problem(problem: ProbeProblem) -> ProbeProblemAnswer:
    return ProbeProblemAnswer(
        monitor_id=problem.monitor_id,
        monitor_public_id=problem.monitor_public_id,
        monitor_name=problem.monitor_name,
        monitor_kind=problem.monitor_kind,
        kind=problem.kind,
        detail=problem.detail,
        since=moment(problem.first_at),
        last_at=moment(problem.last_at),
        looks=problem.looks,
        is_current=problem.lasts,
    )
