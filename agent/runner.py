"""One check from request to result. The only place where exceptions become failures; it raises none itself."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from agent.classify import classify
from agent.connect import Connect, Reach
from agent.errors import CheckError
from agent.findings import Findings, Probe
from agent.lag import Lag
from agent.phases import Phases
from agent.probes import PROBES
from agent.scrub import Scrubber
from shared.clock import utc_now
from shared.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase
from shared.messages import CheckRequest, CheckResult
from shared.sealing import SealError, open_login
from shared.targets import Secret, Target

log = structlog.get_logger()

BLOCKED_SECONDS = 1.0
"""A deadline that passed while our own loop stood still for longer than this, or for half of it, is our fault."""


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """Where checks run, and what they share."""

    agent: str
    location: str
    country: str
    sealing_key: Secret
    reach: Reach
    lag: Lag


async def run_check(request: CheckRequest, station: Station, probes: Mapping[type[Any], Probe] = PROBES) -> CheckResult:
    """Run one check under its deadline. Raises only the CancelledError of its owner; no socket stays open."""
    phases = Phases()
    started_at = utc_now()
    began = asyncio.get_running_loop().time()
    deadline = began + request.timeout_seconds
    findings, failure = Findings(), None
    try:
        target = _with_login(request, station)
    except SealError as error:
        target = request.target
        failure = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail=str(error))
    scrubber = Scrubber(target.login)
    connect = Connect(target, station.reach, phases, deadline)
    if failure is None:
        found = await _dialogue(probes[type(target)], target, connect, phases, deadline, scrubber)
        if isinstance(found, Findings):
            findings = found
        else:
            failure = found
    duration_ms = phases.total_ms
    if failure is not None:
        failure = await _attribute(failure, request, station, began)
        failure = msgspec.structs.replace(failure, detail=scrubber.clean(failure.detail))
    facts = connect.facts | findings.facts
    return CheckResult(
        check_id=request.check_id,
        monitor_id=request.monitor_id,
        location=station.location,
        country=station.country,
        agent=station.agent,
        purpose=request.purpose,
        due_at=request.due_at,
        started_at=started_at,
        duration_ms=duration_ms,
        failure=failure,
        phases=phases.timings,
        warnings=[CheckWarning(kind=told.kind, detail=scrubber.clean(told.detail)) for told in findings.warnings],
        address=connect.address,
        facts={name: scrubber.clean_fact(fact) for name, fact in facts.items()},
    )


def _with_login(request: CheckRequest, station: Station) -> Target:
    """The target with its login, if it has one. Raises SealError."""
    if request.sealed_login is None:
        return request.target
    login = open_login(request.sealed_login, station.sealing_key, monitor=request.monitor_id, location=station.location)
    return msgspec.structs.replace(request.target, login=login)


async def _dialogue(
    probe: Probe, target: Target, connect: Connect, phases: Phases, deadline: float, scrubber: Scrubber
) -> Findings | Failure:
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await probe(target, connect, phases)
    except Exception as error:  # noqa: BLE001 - the border: whatever it is, it becomes a failure
        if isinstance(error, TimeoutError) and limit.expired():
            return Failure(
                kind=FailureKind.TIMEOUT,
                source=FailureSource.TARGET,
                phase=phases.failed,
                detail=f"no end within the check's deadline, {_hangs(phases.failed)}",
            )
        failure = classify(error, phases.failed)
        if failure.kind is FailureKind.AGENT_ERROR and not isinstance(error, CheckError):
            trace = "".join(traceback.format_exception(error))
            log.error("check_broke", error=type(error).__name__, trace=scrubber.hide(trace))
        return failure
    finally:
        connect.close()


def _hangs(phase: Phase | None) -> str:
    return f"waiting in phase {phase}" if phase else "before any phase"


async def _attribute(failure: Failure, request: CheckRequest, station: Station, began: float) -> Failure:
    """Take back the blame where the fault may be our own: our resolver's, or our own loop's."""
    if failure.source is not FailureSource.TARGET:
        return failure
    blocked = station.lag.worst_since(began)
    if failure.kind is FailureKind.TIMEOUT and blocked > min(BLOCKED_SECONDS, request.timeout_seconds / 2):
        return Failure(
            kind=FailureKind.AGENT_ERROR,
            source=FailureSource.AGENT,
            phase=failure.phase,
            detail=f"the agent itself stood still for {blocked:.1f} s during this check",
        )
    if failure.phase is Phase.RESOLVE and not await station.reach.resolver.answers():
        return msgspec.structs.replace(failure, source=FailureSource.RESOLVER)
    return failure
