"""Runs one dialogue within its deadline. Only here do exceptions become failures."""

from __future__ import annotations

import traceback

import structlog

from agent.dialogue.classify import classify
from agent.dialogue.connection import Connect
from agent.dialogue.deadline import Deadline
from agent.dialogue.findings import Findings, Probe
from agent.dialogue.phases import Phases
from agent.dialogue.scrub import Scrubber
from agent.errors import CheckError
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.targets import BaseTarget

log = structlog.get_logger()


async def run_dialogue(
    probe: Probe, target: BaseTarget, connect: Connect, phases: Phases, deadline: Deadline, scrubber: Scrubber
) -> Findings | Failure:
    """What the probe found, or the failure that its exception stands for. Raises only CancelledError, and then, too,
    all connections are closed.
    """
    try:
        async with deadline.limit:
            return await probe(target, connect, phases)
    except Exception as error:  # noqa: BLE001 - every exception becomes a failure here
        if isinstance(error, TimeoutError) and deadline.limit.expired():
            detail = f"the check did not end within its deadline, {_where_it_hung(phases.failed)}"
            if connect.pipelined:
                detail = "no answer in time to several commands at once"
            return Failure(kind=FailureKind.TIMEOUT, source=FailureSource.TARGET, phase=phases.failed, detail=detail)
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
