"""Runs one check from request to result. Only here do exceptions become failures; it raises none itself."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec
import structlog

from agent.checks.loop_lag import LoopLag
from agent.checks.standing_warnings import StandingWarnings
from agent.checks.unsealed_logins import UnsealedLogins
from agent.dialogue.classify import classify
from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings, Probe
from agent.dialogue.login import Tries
from agent.dialogue.milliseconds import to_ms
from agent.dialogue.phases import Phases
from agent.dialogue.reach import Reach
from agent.dialogue.scrub import Scrubber
from agent.dialogue.transcript import Transcript
from agent.errors import CheckError
from agent.probes import PROBES
from shared.secret import Secret
from shared.wire.details import DetailJson, fault_of
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckRequest, CheckResult
from shared.wire.sealing import SealError
from shared.wire.targets import BaseDetail, BaseTarget, kind_of

log = structlog.get_logger()

BLOCKED_SECONDS = 1.0
"""A deadline is the agent's fault if its own event loop was blocked for longer than this, or for half the timeout."""


class ProbeContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where checks run, and what they share."""

    agent: str
    location: str
    country: str
    sealing_key: Secret
    reach: Reach
    lag: LoopLag
    logins: UnsealedLogins = msgspec.field(default_factory=UnsealedLogins)
    warned: StandingWarnings = msgspec.field(default_factory=StandingWarnings)


async def run_check(
    request: CheckRequest,
    context: ProbeContext,
    probes: Mapping[type[Any], Probe] = PROBES,
    *,
    tries: Mapping[str, Tries] | None = None,
) -> CheckResult:
    """Run one check within its deadline, trying each login as often as `tries` says by its name. Raises only
    CancelledError, if its task is cancelled; no socket stays open.

    If it does not pass after several commands at once, it is run again with one at a time and a new deadline.
    """
    result, connect = await _run(request, context, probes, tries)
    passed = result.failure is None and not _quit_unanswered(result.warnings)
    connect.learn_pipelining(passed=passed)
    if passed or not connect.pipelined:
        return result
    log.debug("pipelining_failed", monitor_id=str(request.monitor_id))
    result, _ = await _run(request, context, probes, tries)
    return result


async def _run(
    request: CheckRequest, context: ProbeContext, probes: Mapping[type[Any], Probe], tries: Mapping[str, Tries] | None
) -> tuple[CheckResult, Connect]:
    """Run one check, and return also what it did with its server."""
    phases, transcript = Phases(), Transcript()
    started_at, began = context.reach.clock.now(), monotonic()
    deadline = asyncio.get_running_loop().time() + request.timeout_seconds
    findings, failure = Findings(), None
    try:
        target, scrubber = _with_logins(request, context)
    except SealError as error:
        target, scrubber = request.target, Scrubber()
        failure = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail=str(error))
    connect = Connect(target, context.reach, phases, transcript, deadline, tries)
    if failure is None:
        found = await _dialogue(probes[type(target)], target, connect, phases, deadline, scrubber)
        if isinstance(found, Findings):
            findings = _without_ours(found, request, context, began)
        else:
            failure = found
    duration_ms = phases.total_ms
    if failure is not None:
        failure = await _attribute(failure, request, context, began)
        failure = msgspec.structs.replace(failure, detail=scrubber.clean(failure.detail))
    elif target.slow_after_ms is not None and duration_ms > target.slow_after_ms:
        warning = f"took {duration_ms:.0f} ms, more than {target.slow_after_ms} ms"
        findings.warnings.append(CheckWarning(kind=WarningKind.SLOW, detail=warning))
    connect.facts.update(findings.facts)
    warnings = [CheckWarning(kind=warning.kind, detail=scrubber.clean(warning.detail)) for warning in findings.warnings]
    shown = (
        context.warned.need_transcript(request.monitor_id, warnings) or failure is not None or request.want_transcript
    )
    result = CheckResult(
        check_id=request.check_id,
        monitor_id=request.monitor_id,
        location=context.location,
        country=context.country,
        agent=context.agent,
        purpose=request.purpose,
        due_at=request.due_at,
        started_at=started_at,
        duration_ms=duration_ms,
        failure=failure,
        phases=phases.timings,
        warnings=warnings,
        address=connect.address,
        facts=scrubber.clean_facts(connect.facts),
        transcript=transcript.lines(scrubber) if shown else [],
        loop_lag_ms=to_ms(context.lag.worst_since(began)),
        kernel_rtt_ms=connect.kernel_rtt_ms,
        detail=_detail(findings.detail or connect.detail, target, scrubber),
    )
    return result, connect


def _quit_unanswered(warnings: Sequence[CheckWarning]) -> bool:
    return any(warning.kind is WarningKind.QUIT_UNANSWERED for warning in warnings)


def _detail(found: BaseDetail | None, target: BaseTarget, scrubber: Scrubber) -> DetailJson | None:
    """The detail as it is sent, without the passwords; None for one that the kind does not declare or is too large."""
    if found is None:
        return None
    detail: DetailJson = scrubber.clean_values(msgspec.to_builtins(found, str_keys=True))
    fault = fault_of(detail, {} if target.DETAIL is None else {kind_of(target): target.DETAIL})
    if fault is None:
        return detail
    log.error("detail_dropped", kind=kind_of(target), reason=fault.value)
    return None


def _with_logins(request: CheckRequest, context: ProbeContext) -> tuple[BaseTarget, Scrubber]:
    """The target with its logins, and the scrubber of their passwords. Raises SealError."""
    target = request.target
    opened = context.logins.of(request, context.sealing_key, context.location)
    if not opened.logins:
        own = target.logins  # of a check from the shell
        return target, Scrubber(*own.values()) if own else opened.scrubber
    return target.with_logins(opened.logins), opened.scrubber


async def _dialogue(
    probe: Probe, target: BaseTarget, connect: Connect, phases: Phases, deadline: float, scrubber: Scrubber
) -> Findings | Failure:
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await probe(target, connect, phases)
    except Exception as error:  # noqa: BLE001 - every exception becomes a failure here
        if isinstance(error, TimeoutError) and limit.expired():
            return Failure(
                kind=FailureKind.TIMEOUT,
                source=FailureSource.TARGET,
                phase=phases.failed,
                detail=f"the check did not end within its deadline, {_where_it_hung(phases.failed)}",
            )
        failure = classify(error, phases.failed)
        if failure.kind is FailureKind.AGENT_ERROR and not isinstance(error, CheckError):
            trace = "".join(traceback.format_exception(error))
            log.error("check_crashed", error=type(error).__name__, trace=scrubber.hide(trace))
        _let_go(error)
        return failure
    finally:
        connect.close()


def _let_go(error: BaseException) -> None:
    """Drop the frames that an exception holds: they hold the whole check, and often that exception, so that only the
    garbage collector would free it all.
    """
    left: BaseException | None = error
    while left is not None:
        left.__traceback__ = None
        left = left.__cause__ or left.__context__


def _where_it_hung(phase: Phase | None) -> str:
    return f"waiting in phase {phase}" if phase else "before any phase"


def _blocked_for(request: CheckRequest, context: ProbeContext, began: float) -> float:
    """For how many seconds our own event loop was blocked during the check, if long enough to explain a timeout."""
    blocked = context.lag.worst_since(began)
    return blocked if blocked > min(BLOCKED_SECONDS, request.timeout_seconds / 2) else 0.0


def _without_ours(findings: Findings, request: CheckRequest, context: ProbeContext, began: float) -> Findings:
    """Drop the warning of a late answer that our own event loop may have caused."""
    if _quit_unanswered(findings.warnings) and _blocked_for(request, context, began):
        findings.warnings = [each for each in findings.warnings if each.kind is not WarningKind.QUIT_UNANSWERED]
    return findings


async def _attribute(failure: Failure, request: CheckRequest, context: ProbeContext, began: float) -> Failure:
    """Correct the source of a failure that our own resolver or our own event loop may have caused."""
    if failure.source is not FailureSource.TARGET:
        return failure
    blocked = _blocked_for(request, context, began)
    if failure.kind is FailureKind.TIMEOUT and blocked:
        return Failure(
            kind=FailureKind.AGENT_ERROR,
            source=FailureSource.AGENT,
            phase=failure.phase,
            detail=f"the agent itself was blocked for {blocked:.1f} s during this check",
        )
    if failure.phase is Phase.RESOLVE and not await context.reach.resolver.answers():
        return msgspec.structs.replace(failure, source=FailureSource.RESOLVER)
    return failure
