"""Locations as callers read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.canaries import CanaryState, kinds_lost, last_failure
from controller.decisions.evaluation.blindness import Blind
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import AgentSighting
from controller.store.evaluation.probe_problems import ProbeProblem
from shared.wire.messages import CLOCK_TOLERANCE_MS, Unfitness
from shared.wire.targets import KINDS

EXAMPLE = {
    "id": 1,
    "code": "de",
    "name": "Germany",
    "countryCode": "DE",
    "enabled": True,
    "ready": True,
    "reasons": [],
    "kinds": sorted(KINDS),
    "agents": 1,
    "lastSeenAt": "2026-01-01T12:00:00.000Z",
    "heartbeats": [
        {
            "agent": "host-1",
            "version": "0.1.0",
            "kinds": sorted(KINDS),
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
    "canary": {
        "lastBackAt": "2026-01-01T12:00:00.000Z",
        "roundTripMs": 412.5,
        "lost": [],
        "targetFailure": None,
    },
    "probeProblemCount": 1,
    "probeProblems": [
        {
            "monitorId": 17,
            "monitorPublicId": "33333333-3333-4333-8333-333333333333",
            "monitorName": "MX of example.com",
            "monitorKind": KINDS[0],
            "kind": "temporary_refusal",
            "detail": "450 4.7.1 try again later",
            "since": "2026-01-01T09:00:00.000Z",
            "lastAt": "2026-01-01T11:59:00.000Z",
            "evaluations": 180,
            "isCurrent": True,
        }
    ],
    "deadLetters": [{"reason": "not_expected", "count": 3, "lastAt": "2026-01-01T11:58:00.000Z"}],
}


class HeartbeatAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent's latest heartbeat. `running` checks are in a dialogue, `waiting` ones have not begun, and `capacity` is
    the present limit for both together. `loopLagMs` is the 95th percentile of how late the agent's own timers run.
    `unfit` lists what the agent cannot do: port25_blocked, no_ipv4, no_ipv6; checks that need it go to other agents and
    locations. With resolver_broken in it, the control name does not resolve there. `clockOffsetMs` is how far its clock
    is ahead of the broker's, or null while that is unknown. `clockOff` is true when the clock is off by more than two
    seconds; the timestamps of its results are then corrected.
    """

    agent: str
    version: str
    kinds: list[str]
    running: int
    waiting: int
    capacity: int
    loop_lag_ms: float
    unfit: list[Unfitness]
    started_at: Timestamp
    last_seen_at: Timestamp
    clock_offset_ms: float | None
    clock_off: bool


class BlindPeriodAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A period from the first to the last of `checks` checks that showed nothing. `reason` says why they are missing
    (no_agent, unfit, kind_unknown, late, broker_refused, no_result) or who is at fault (agent, resolver). `to` is
    null while the period lasts.
    """

    reason: str
    from_: Timestamp = msgspec.field(name="from")
    to: Timestamp | None
    checks: int


class ProbeProblemAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail server refuses this location while it serves others. That is a problem of our probe, and no vote for down.

    `evaluations` is how many evaluations have met the refusal since `since`; the latest, at `lastAt`, is at most six
    hours old. `isCurrent` is true when the latest check met it too. `kind` is policy_refusal or temporary_refusal.
    """

    monitor_id: int
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    kind: str
    detail: str
    since: Timestamp
    last_at: Timestamp
    evaluations: int
    is_current: bool


class DeadLettersAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`count` messages that this location sent as results were set aside for `reason`, the latest at `lastAt`.

    not_expected, another_location and wrong_check_id never come from a sound agent. unsigned, ended_key, unknown_key
    and wrong_signature concern the signature: an older agent, an old enrolment file, or a forgery. The other reasons
    are unknown_origin (the monitor was deleted long ago), wrong_moment, too_large, not_a_result and unstorable.
    """

    reason: str
    count: int
    last_at: Timestamp


class CanaryAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of the canaries of a location: requests without a monitor, one every half minute, that go the way of
    every check and its result. `lastBackAt` is when the last one came back, `roundTripMs` how long it took, and `lost`
    the kinds of check whose last three did not come back. `targetFailure` is what the last dialogue with
    MAILPROBE_CANARY_TARGET found, if the last three of them failed.
    """

    last_back_at: Timestamp | None
    round_trip_ms: float | None
    lost: list[str]
    target_failure: str | None


class LocationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A location. `reasons` say why it is not ready: disabled, no_heartbeat, or what none of its agents can do:
    port25_blocked, no_ipv4, resolver_broken; it still runs the other checks. `agents` is how many agents sent a
    heartbeat lately, and `heartbeats` holds those heartbeats. `blindPeriods` holds the latest of the last 24 hours.
    `probeProblems` holds the latest ones of the monitors that you may see, and `probeProblemCount` is how many there
    are. `deadLetters` counts the messages set aside in the last 24 hours, the latest reason first.
    `canary` is null while the location gets no canaries: it has no live agent, or one of an older version.
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
    last_seen_at: Timestamp | None
    heartbeats: list[HeartbeatAnswer]
    blind_periods: list[BlindPeriodAnswer]
    probe_problem_count: int
    probe_problems: list[ProbeProblemAnswer]
    dead_letters: list[DeadLettersAnswer]
    canary: CanaryAnswer | None


def heartbeat(agent: AgentSighting) -> HeartbeatAnswer:
    return HeartbeatAnswer(
        agent=agent.name,
        version=agent.version,
        kinds=sorted(agent.kinds),
        running=agent.running,
        waiting=agent.waiting,
        capacity=agent.capacity,
        loop_lag_ms=round(agent.loop_lag_ms, 3),
        unfit=agent.unfit,
        started_at=timestamp(agent.started_at),
        last_seen_at=timestamp(agent.last_seen_at),
        clock_offset_ms=None if agent.clock_offset_ms is None else round(agent.clock_offset_ms, 1),
        clock_off=abs(agent.clock_offset_ms or 0.0) > CLOCK_TOLERANCE_MS,
    )


def canary(states: Sequence[CanaryState]) -> CanaryAnswer | None:
    if not states:
        return None
    last = max(states, key=lambda one: one.back_at or one.since)
    return CanaryAnswer(
        last_back_at=timestamp_or_none(last.back_at),
        round_trip_ms=None if last.round_trip_ms is None else round(last.round_trip_ms, 1),
        lost=kinds_lost(states),
        target_failure=last_failure(states),
    )


def blind_period(blind: Blind, now: datetime) -> BlindPeriodAnswer:
    return BlindPeriodAnswer(
        reason=blind.reason,
        from_=timestamp(blind.from_at),
        to=timestamp(blind.to_at) if blind.to_at < now else None,
        checks=blind.checks,
    )


def probe_problem(problem: ProbeProblem) -> ProbeProblemAnswer:
    return ProbeProblemAnswer(
        monitor_id=problem.monitor_id,
        monitor_public_id=problem.monitor_public_id,
        monitor_name=problem.monitor_name,
        monitor_kind=problem.monitor_kind,
        kind=problem.kind,
        detail=problem.detail,
        since=timestamp(problem.first_at),
        last_at=timestamp(problem.last_at),
        evaluations=problem.evaluations,
        is_current=problem.lasts,
    )
