"""Runs one check from request to result, and repeats it with one command at a time if several may be to blame."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

import msgspec
import structlog

from agent.checks.dialogue import run_dialogue
from agent.checks.loop_lag import LoopLag
from agent.checks.own_faults import attributed, explains_timeout
from agent.checks.repeats import WaitToRepeat, described, not_repeated, refusal_of_repeat
from agent.checks.standing_warnings import StandingWarnings
from agent.checks.unsealed_logins import UnsealedLogins
from agent.dialogue.connection import Connect
from agent.dialogue.deadline import Deadline
from agent.dialogue.findings import Findings, Probe
from agent.dialogue.login import Tries
from agent.dialogue.milliseconds import to_ms
from agent.dialogue.phases import Phases
from agent.dialogue.pipelining import LEAST_SECONDS, is_quick_enough
from agent.dialogue.reach import Reach
from agent.dialogue.scrub import Scrubber
from agent.dialogue.transcript import Transcript
from agent.probes import PROBES
from shared.secret import Secret
from shared.wire.details import DetailJson, fault_of
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, WarningKind
from shared.wire.messages import CheckRequest, CheckResult
from shared.wire.sealing import SealError
from shared.wire.targets import BaseDetail, BaseTarget, kind_of

log = structlog.get_logger()


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


class _Run(NamedTuple):
    """One dialogue of a check: its result without transcript, and what the runner needs besides. `quit_lost`: after
    several commands at once, only the answer to QUIT or LOGOUT did not come. `stalled`: the time for it ended while the
    agent itself stood still.
    """

    result: CheckResult
    connect: Connect
    transcript: Transcript
    scrubber: Scrubber
    quit_lost: bool
    stalled: bool


async def run_check(
    request: CheckRequest,
    context: ProbeContext,
    probes: Mapping[type[Any], Probe] = PROBES,
    *,
    tries: Mapping[str, Tries] | None = None,
    wait_to_repeat: WaitToRepeat | None = None,
) -> CheckResult:
    """Run one check within its deadline, trying each login as often as `tries` says by its name. Raises only
    CancelledError, if its task is cancelled, and what `wait_to_repeat` raises; no socket stays open.

    If it does not pass after several commands at once, it is repeated with one at a time in what is left of the time,
    and the repeat counts. The result starts with the first run and lasts as long as the run that counts.
    """
    ends_at = asyncio.get_running_loop().time() + request.timeout_seconds
    run = await _run(request, context, probes, tries, ends_at)
    if run.connect.pipelined:
        run = await _confirmed(run, request, context, probes, tries, ends_at, wait_to_repeat)
    elif _passed(run.result) and is_quick_enough(run.result.duration_ms / 1000, request.timeout_seconds):
        run.connect.learn_pipelining(context.reach.pipelining.passed)
    result = run.result
    warns = context.warned.need_transcript(request.monitor_id, result.warnings)
    if warns or result.failure is not None or request.want_transcript:
        result = msgspec.structs.replace(result, transcript=run.transcript.lines(run.scrubber))
    return result


async def _confirmed(
    first: _Run,
    request: CheckRequest,
    context: ProbeContext,
    probes: Mapping[type[Any], Probe],
    tries: Mapping[str, Tries] | None,
    ends_at: float,
    wait_to_repeat: WaitToRepeat | None,
) -> _Run:
    """The run that counts after one with several commands at once: that one, or its repeat."""
    learn, failure, now = context.reach.pipelining, first.result.failure, asyncio.get_running_loop().time
    if failure is None or not (first.stalled or failure.source is FailureSource.TARGET):
        if first.quit_lost:
            first.connect.learn_pipelining(learn.failed)
        return first
    phase = str(failure.phase)
    log.info("pipelining_failed", monitor_id=str(request.monitor_id), kind=failure.kind.value, phase=phase)
    if not first.stalled:
        first.connect.learn_pipelining(learn.failed)
    seconds = ends_at - now() - LEAST_SECONDS
    if seconds < 0:
        return first
    if wait_to_repeat is not None and (why := await wait_to_repeat(seconds)) is not None:
        return first._replace(result=not_repeated(first.result, failure, why))
    left = ends_at - now()
    repeat = await _run(request, context, probes, tries, ends_at, first.result)
    if (why := refusal_of_repeat(repeat.result)) is not None:
        return repeat._replace(result=not_repeated(repeat.result, failure, why))
    if _timed_out(repeat.result.failure) and left < first.connect.pipelined_after + LEAST_SECONDS / 2:
        why = f"it had {left:.1f} s left, and needed {first.connect.pipelined_after:.1f} s to come as far before"
        return repeat._replace(result=not_repeated(repeat.result, failure, why))
    if repeat.result.failure is not None and repeat.result.failure.phase is failure.phase:
        first.connect.learn_pipelining(learn.forget)
    return repeat


async def _run(
    request: CheckRequest,
    context: ProbeContext,
    probes: Mapping[type[Any], Probe],
    tries: Mapping[str, Tries] | None,
    ends_at: float,
    failed: CheckResult | None = None,
) -> _Run:
    """Run one dialogue until `ends_at`; with one command at a time if it repeats one that `failed`."""
    phases, transcript = Phases(), Transcript()
    started_at, began = context.reach.clock.now(), monotonic()
    findings, failure = Findings(), None
    try:
        target, scrubber = _with_logins(request, context)
    except SealError as error:
        target, scrubber = request.target, Scrubber()
        failure = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail=str(error))
    deadline = Deadline(ends_at)
    connect = Connect(target, context.reach, phases, transcript, deadline, tries, one_at_a_time=failed is not None)
    if failed is not None and failed.failure is not None:
        started_at = failed.started_at
        connect.facts["pipeliningFailed"] = described(failed.failure)
        transcript.note(f"repeated with one command at a time after {described(failed.failure)}")
    if failure is None:
        found = await run_dialogue(probes[type(target)], target, connect, phases, deadline, scrubber)
        if isinstance(found, Findings):
            findings = found
        else:
            failure = found
    duration_ms, quit_lost = phases.total_ms, False
    blocked, stalled = context.lag.worst_since(began), False
    if failure is not None:
        stalled = _timed_out(failure)
        failure = await attributed(failure, blocked, request.timeout_seconds, context.reach.resolver)
        stalled = stalled and failure.source is FailureSource.AGENT
        failure = msgspec.structs.replace(failure, detail=scrubber.clean(failure.detail))
    elif _quit_unanswered(findings.warnings):
        ours = explains_timeout(blocked, request.timeout_seconds)
        quit_lost = connect.pipelined and not ours
        if ours or connect.pipelined:
            findings.warnings = [each for each in findings.warnings if each.kind is not WarningKind.QUIT_UNANSWERED]
        if quit_lost:
            duration_ms = phases.timings.pop().start_ms  # that of QUIT, of which nothing is known
    if failure is None and target.slow_after_ms is not None and duration_ms > target.slow_after_ms:
        warning = f"took {duration_ms:.0f} ms, more than {target.slow_after_ms} ms"
        findings.warnings.append(CheckWarning(kind=WarningKind.SLOW, detail=warning))
    connect.facts.update(findings.facts)
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
        warnings=[CheckWarning(kind=each.kind, detail=scrubber.clean(each.detail)) for each in findings.warnings],
        address=connect.address,
        facts=scrubber.clean_facts(connect.facts),
        loop_lag_ms=to_ms(blocked),
        kernel_rtt_ms=connect.kernel_rtt_ms,
        detail=_detail(findings.detail or connect.detail, target, scrubber),
    )
    return _Run(result, connect, transcript, scrubber, quit_lost, stalled)


def _timed_out(failure: Failure | None) -> bool:
    return failure is not None and failure.kind is FailureKind.TIMEOUT and failure.source is FailureSource.TARGET


def _quit_unanswered(warnings: Sequence[CheckWarning]) -> bool:
    return any(warning.kind is WarningKind.QUIT_UNANSWERED for warning in warnings)


def _passed(result: CheckResult) -> bool:
    """Whether a check passed with an answer to each command."""
    return result.failure is None and not _quit_unanswered(result.warnings)


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
