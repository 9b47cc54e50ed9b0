"""A check with a dialogue, written as scripts of fake servers are: `"S: 220 hello"`, `"C: EHLO"`, `"N: a note"`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from controller.model import CheckRecord
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import PhaseTiming, ResultStatus, Speaker, TranscriptLine
from shared.wire.rounds import Purpose

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_SPEAKERS = {"C": Speaker.CLIENT, "S": Speaker.SERVER, "N": Speaker.NOTE}


def said(*lines: str, step_ms: float = 10.0) -> list[TranscriptLine]:
    """Lines, one each `step_ms`, from 1 ms on."""
    return [
        TranscriptLine(at_ms=1 + number * step_ms, speaker=_SPEAKERS[line[0]], text=line[3:])
        for number, line in enumerate(lines)
    ]


def a_check(
    *lines: str, phases: list[tuple[str, float, float]] | None = None, failed: str = "", detail: str = "", **fields: Any
) -> CheckRecord:
    """`failed` is a kind and a phase, `login_refused@auth`; phases are names with start and duration."""
    kind, _, phase = failed.partition("@")
    failure = (
        Failure(
            kind=FailureKind(kind), source=FailureSource.TARGET, phase=Phase(phase) if phase else None, detail=detail
        )
        if kind
        else None
    )
    values: dict[str, Any] = {
        "check_id": UUID(int=1),
        "location_id": 1,
        "location_code": "de",
        "location_name": "Berlin",
        "country_code": "DE",
        "purpose": Purpose.SCHEDULED,
        "status": ResultStatus.FAILURE if failure else ResultStatus.SUCCESS,
        "due_at": NOON,
        "started_at": NOON,
        "duration_ms": 100.0,
        "agent": "agent-1",
        "address": "192.0.2.1",
        "failure": failure,
        "phases": [
            PhaseTiming(phase=Phase(name), start_ms=start, duration_ms=length) for name, start, length in phases or []
        ],
        "warnings": [],
        "facts": {},
        "transcript": said(*lines),
        "loop_lag_ms": 0.1,
        "kernel_rtt_ms": None,
        "login_withheld": False,
        "detail": None,
    }
    return CheckRecord(**values | fields)
